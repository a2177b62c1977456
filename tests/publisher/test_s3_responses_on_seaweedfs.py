"""OCSP responses as objects of a real S3 server, SeaweedFS, as relying parties get them, and when it is killed."""

import random
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.targets.s3_keys import is_odd
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.faulty import Fault, Faulty
from tests.building.ocsp import both, response
from tests.building.place import said
from tests.building.s3server import S3Place
from tests.building.seaweedfs import SeaweedFS

pytestmark = pytest.mark.judge("weed")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
_DRAW = random.Random(1)
NUMBERS = [_DRAW.getrandbits(127) for _ in range(20_000)]
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


@pytest.fixture
def faulty(seaweedfs: SeaweedFS) -> Iterator[Faulty]:
    """A server between a publisher and S3."""
    with Faulty(seaweedfs.port, trusts=seaweedfs.ca) as proxy:
        yield proxy


@pytest.fixture
def place(tmp_path: Path, seaweed: S3Place, faulty: Faulty) -> BucketPlace:
    """A publisher whose bucket takes OCSP responses too, from its top, of a CA that lets most keys be plain."""
    ca = next(ca for ca in iter(CA, None) if not any(is_odd(key(ca, 1 << 120, hash_)) for hash_ in CertIDHash))
    target = {"ocsp": True, "url": f"s3://{seaweed.name}"}
    return BucketPlace(tmp_path / "place", seaweed, ca, endpoint=faulty.endpoint, target=target)


@pytest.fixture
def responder(place: BucketPlace) -> Responder:
    """Of its CA."""
    return place.ca.responder()


def key(ca: CA, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> str:
    """Of a response in the bucket."""
    return get_path(CertID.of(ca.issuer, serials.from_int(serial), hash_))


def fetched(seaweedfs: SeaweedFS, path: str) -> str:
    """What a relying party without credentials gets: a status, or an HTTP one."""
    context = ssl.create_default_context(cafile=seaweedfs.ca)
    try:
        with urllib.request.urlopen(f"{seaweedfs.endpoint}/example-pki/{path}", context=context) as answer:
            assert answer.headers["Content-Type"] == "application/ocsp-response"
            assert answer.headers["Cache-Control"] == "max-age=3600, public, no-transform, must-revalidate"
            assert answer.headers["Expires"]
            return str(said(answer.read()))
    except urllib.error.HTTPError as error:
        error.close()
        return str(error.code)


def shown(seaweedfs: SeaweedFS, ca: CA, *numbers: int) -> set[str]:
    """The same of several certificates, by both hashes."""
    return {fetched(seaweedfs, key(ca, number, hash_)) for number in numbers for hash_ in CertIDHash}


def listed(place: BucketPlace) -> set[str]:
    """The keys of all responses there."""
    pages = place.s3.client.get_paginator("list_objects_v2").paginate(Bucket=place.s3.name, Prefix="ocsp/")
    return {one["Key"] for page in pages for one in page.get("Contents", ())}


def test_response_is_fetched_as_a_file_in_every_form_that_clients_send(
    seaweedfs: SeaweedFS, place: BucketPlace, responder: Responder
) -> None:
    """A plus as it is and escaped, a slash too; a revocation replaces what was good."""
    ca = place.ca
    number = next(n for n in NUMBERS if "+" in key(ca, n) and not is_odd(key(ca, n)))
    put_slice(place.exchange, ca, 1, both(ca, responder, number, this_update=NOW - SECOND))
    assert place.outcomes()[0].error is None
    put_slice(place.exchange, ca, 2, both(ca, responder, number, FINAL), base_revision=1, revision=2)
    path = key(ca, number)
    escaped = "ocsp/" + path.removeprefix("ocsp/").replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert {fetched(seaweedfs, one) for one in (path, path.replace("+", "%2b"), escaped)} == {"GOOD"}
    assert place.outcomes()[0].error is None
    assert {fetched(seaweedfs, one) for one in (path, path.replace("+", "%2b"), escaped)} == {"REVOKED"}


@pytest.mark.long
@pytest.mark.parametrize("odd", ["//", "/"])
def test_key_under_which_the_server_keeps_no_object_is_left_to_a_responder(
    seaweedfs: SeaweedFS, place: BucketPlace, odd: str
) -> None:
    """SeaweedFS takes `//` for `/`, so that lists never show what was put, and a slash at the end for a folder."""
    ca = place.ca
    number = next(n for n in NUMBERS if (odd in key(ca, n) if odd == "//" else key(ca, n).endswith(odd)))
    put_slice(place.exchange, ca, 1, [response(ca, ca.responder(), n) for n in (number, 5)])
    outcome, _ = place.outcomes()
    assert outcome.error is None
    assert any("of 1 certificates no static file can be named for a hash" in line for line in outcome.lines)
    assert (listed(place), fetched(seaweedfs, key(ca, number))) == ({key(ca, 5)}, "404")
    for _ in range(2):
        outcome, _ = place.outcomes()
        assert (outcome.error, outcome.lines) == (None, [])


@pytest.mark.long
def test_server_killed_in_the_middle_of_a_publication_has_whole_responses_and_the_next_look_the_rest(
    seaweedfs: SeaweedFS, place: BucketPlace, responder: Responder, faulty: Faulty
) -> None:
    """By SIGKILL, while many puts are on their way; what it had acknowledged before is there."""
    ca = place.ca
    numbers = [n for n in NUMBERS[:40] if not any(is_odd(key(ca, n, hash_)) for hash_ in CertIDHash)]
    early = [one for n in numbers for one in both(ca, responder, n, this_update=NOW - SECOND)]
    put_slice(place.exchange, ca, 1, early)
    assert place.outcomes()[0].error is None
    assert shown(seaweedfs, ca, *numbers) == {"GOOD"}
    faulty.put.clear()
    revoked = [one for n in numbers for one in both(ca, responder, n, FINAL)]
    put_slice(place.exchange, ca, 2, revoked, base_revision=1, revision=2)

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        if method == "PUT" and "/ocsp/" in path and len(faulty.put) >= 20:
            return Fault(before=seaweedfs.kill)
        return None

    faulty.plan = plan
    outcome, store = place.outcomes()
    assert outcome.error is not None
    assert store.error is None
    faulty.plan = lambda method, path, headers: None
    seaweedfs.start()
    taken = {path.partition("/example-pki/")[2] for path in faulty.put if "/ocsp/" in path}
    assert {fetched(seaweedfs, path) for path in taken} == {"REVOKED"}
    assert shown(seaweedfs, ca, *numbers) == {"GOOD", "REVOKED"}
    assert place.outcomes()[0].error is None
    assert shown(seaweedfs, ca, *numbers) == {"REVOKED"}
    assert place.outcomes()[0].lines == []


def test_look_at_which_nothing_changed_puts_nothing(place: BucketPlace, responder: Responder, faulty: Faulty) -> None:
    """Its entity tags prove what was put: no response is read either."""
    put_slice(place.exchange, place.ca, 1, [one for n in range(1, 40) for one in both(place.ca, responder, n)])
    assert place.outcomes()[0].error is None
    assert not [path for method, path in faulty.seen if method == "GET" and "/ocsp/" in path]
    faulty.put.clear()
    assert (place.outcomes()[0].lines, faulty.put) == ([], [])
