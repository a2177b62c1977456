"""A publisher whose bucket takes OCSP responses as objects, and what relying parties get there."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_slice
from tests.building.ca import Responder
from tests.building.faulty import Faulty
from tests.building.ocsp import both
from tests.building.place import said
from tests.building.s3server import S3Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MEDIA, CACHED = "application/ocsp-response", "max-age=3600, public, no-transform, must-revalidate"
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


@pytest.fixture
def place(tmp_path: Path, s3: S3Place, faulty: Faulty) -> BucketPlace:
    """A publisher whose bucket takes OCSP responses too."""
    return BucketPlace(tmp_path / "place", s3, endpoint=faulty.endpoint, target={"ocsp": True})


def key(place: BucketPlace, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> str:
    """Of a response in the bucket."""
    return "pki/" + get_path(CertID.of(place.ca.issuer, serials.from_int(serial), hash_))


def objects(place: BucketPlace) -> dict[str, bytes]:
    """Every response in the bucket."""
    pages = place.s3.client.get_paginator("list_objects_v2").paginate(Bucket=place.s3.name, Prefix="pki/ocsp/")
    keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
    return {one: place.s3.read(one) for one in keys}


def shows(place: BucketPlace, serial: int) -> list[str | None]:
    """What the objects say, by SHA-1 and by SHA-256: `GOOD`, `REVOKED`, None where there is none."""
    there = objects(place)
    found = [there.get(key(place, serial, hash_)) for hash_ in CertIDHash]
    return [said(one) if one is not None else None for one in found]


def responses_put(faulty: Faulty) -> list[str]:
    """The paths of responses that S3 took, since `put` was cleared."""
    return [path for path in faulty.put if "/pki/ocsp/" in path]


def fill(place: BucketPlace, responder: Responder, *numbers: int) -> None:
    """Put good responses for these into the exchange, as of a second before now."""
    early = [one for n in numbers for one in both(place.ca, responder, n, this_update=NOW - SECOND)]
    put_slice(place.exchange, place.ca, 1, early, this_update=NOW - SECOND)
