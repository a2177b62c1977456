"""What a CDN before a bucket is asked to forget. moto's server stands for CloudFront, and caches nothing."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from revocation.wire import cloudfront
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty
from tests.building.ocsp import both
from tests.building.s3server import S3Place

FORMS: list[dict[str, str]] = [
    {"+": "%2B", "/": "%2F", "=": "%3D"},
    {"+": "%2b", "/": "%2f", "=": "%3d"},
    {"+": "%2B", "=": "%3D"},
    {},
]
SECOND = timedelta(seconds=1)
FINAL = Revocation(NOW - timedelta(days=1), Reason.keyCompromise)
HOLD = Revocation(NOW - timedelta(days=1), Reason.certificateHold)


class CDN:
    """A distribution, as its owner sees it."""

    def __init__(self, s3: S3Place) -> None:
        self.client: Any = boto3.session.Session().client("cloudfront", endpoint_url=s3.endpoint)
        behaviour = {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all"}
        origin = {
            "Id": "bucket",
            "DomainName": f"{s3.name}.s3.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        config = {
            "CallerReference": s3.name,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
            "Comment": "",
            "Enabled": True,
        }
        self.id = self.client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]

    def asked(self) -> list[set[str]]:
        """The paths of each invalidation, the first one first."""
        listed = self.client.list_invalidations(DistributionId=self.id)["InvalidationList"].get("Items", [])
        got = [self.client.get_invalidation(DistributionId=self.id, Id=one["Id"])["Invalidation"] for one in listed]
        return [set(one["InvalidationBatch"]["Paths"]["Items"]) for one in got]


@pytest.fixture
def faulty(s3: S3Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """A server between a publisher and CloudFront."""
    with Faulty(s3.server.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", proxy.endpoint)
        cloudfront.client.cache_clear()
        yield proxy
    cloudfront.client.cache_clear()


@pytest.fixture
def cdn(s3: S3Place) -> CDN:
    """A distribution before the bucket."""
    return CDN(s3)


@pytest.fixture
def place(tmp_path: Path, s3: S3Place, cdn: CDN, faulty: Faulty) -> BucketPlace:
    """A publisher with two good responses and a CRL in its bucket."""
    place = BucketPlace(tmp_path / "place", s3, target={"ocsp": True, "distribution": cdn.id}, prefix="/pki")
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    early = [one for n in (1, 2) for one in both(place.ca, place.ca.responder(), n, this_update=NOW - SECOND)]
    put_slice(place.exchange, place.ca, 2, early, this_update=NOW - SECOND)
    place.publish()
    return place


@pytest.fixture
def ca(place: BucketPlace) -> CA:
    """Its CA."""
    return place.ca


def revoke(place: BucketPlace, responder: Responder, serial: int, why: Revocation | None = FINAL, at: int = 0) -> None:
    """Put a response that says so into the exchange."""
    ders = both(place.ca, responder, serial, why, this_update=NOW + at * SECOND)
    put_slice(
        place.exchange, place.ca, 10 + at, ders, base_revision=1 + at, revision=2 + at, this_update=NOW + at * SECOND
    )


def paths(place: BucketPlace, serial: int) -> set[str]:
    """Where the responses for a certificate lie, unescaped."""
    found = [CertID.of(place.ca.issuer, serials.from_int(serial), hash_) for hash_ in CertIDHash]
    return {f"/pki/{get_path(one)}" for one in found}


def test_first_publication_invalidates_nothing(place: BucketPlace, cdn: CDN) -> None:
    """No cache holds what was not there."""
    assert cdn.asked() == []


def test_revocation_invalidates_the_paths_of_both_hashes_as_clients_write_them(
    place: BucketPlace, cdn: CDN, responder: Responder
) -> None:
    """Escaped as RFC 9919 has it, in part, in lower case, and not at all; nothing of other certificates."""
    revoke(place, responder, 1)
    outcome, _ = place.outcomes()
    (asked,) = cdn.asked()
    assert {unquote(path) for path in asked} == paths(place, 1)
    for path in paths(place, 1):
        ending = path.removeprefix("/pki/ocsp/")
        for escapes in (
            {"+": "%2B", "/": "%2F", "=": "%3D"},
            {"+": "%2b", "/": "%2f", "=": "%3d"},
            {"=": "%3D", "+": "%2B"},
            {},
        ):
            assert "/pki/ocsp/" + ending.translate(str.maketrans(escapes)) in asked
    assert any(f"{len(asked)} paths are being invalidated" in line for line in outcome.lines)


@pytest.mark.long
def test_renewal_invalidates_nothing(place: BucketPlace, cdn: CDN, responder: Responder) -> None:
    """What says the same as before is waited for: it would cost a path for every certificate twice a day."""
    revoke(place, responder, 1, None)
    place.publish()
    assert cdn.asked() == []
    revoke(place, responder, 1, FINAL, at=1)
    place.publish(NOW + SECOND)
    revoke(place, responder, 1, FINAL, at=2)
    place.publish(NOW + 2 * SECOND)
    assert len(cdn.asked()) == 1


def test_release_of_a_hold_is_invalidated_too(place: BucketPlace, cdn: CDN, responder: Responder) -> None:
    """It says something else than before."""
    revoke(place, responder, 1, HOLD)
    place.publish()
    revoke(place, responder, 1, None, at=1)
    place.publish(NOW + SECOND)
    assert [{unquote(path) for path in asked} for asked in cdn.asked()] == [paths(place, 1)] * 2


def test_new_crl_invalidates_the_one_before(place: BucketPlace, cdn: CDN, ca: CA) -> None:
    """Its path, and its PEM form's where there is one; copies that stay are never outdated."""
    put_crl(place.exchange, ca, 3, crl(ca, 2, this_update=NOW + SECOND))
    place.publish(NOW + SECOND)
    assert cdn.asked() == [{f"/pki/{place.spec().path}"}]


def test_cdn_that_fails_blocks_no_publication_and_is_asked_again(
    place: BucketPlace, cdn: CDN, responder: Responder, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning, once a look; what was not asked for is not forgotten."""
    faulty.plan = lambda method, path, headers: Fault(400, "TooManyInvalidationsInProgress")
    revoke(place, responder, 1)
    outcome, _ = place.outcomes()
    assert (outcome.error, cdn.asked()) == (None, [])
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([line for line in told if "too many invalidations are in progress" in line]) == 1
    faulty.plan = lambda method, path, headers: None
    outcome, _ = place.outcomes()
    assert [{unquote(path) for path in asked} for asked in cdn.asked()] == [paths(place, 1)]
    assert place.outcomes()[0].lines == []


def test_invalidation_is_not_lost_when_the_publisher_dies(
    place: BucketPlace, cdn: CDN, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was noted before anything was put."""
    revoke(place, responder, 1)
    with monkeypatch.context() as patch:
        patch.setattr("publisher.outdated.Outdated.invalidate", lambda outdated: [])
        place.publish()
    assert cdn.asked() == []
    place.publish()
    assert [{unquote(path) for path in asked} for asked in cdn.asked()] == [paths(place, 1)]


def test_more_paths_than_cloudfront_takes_are_one_for_everything(
    place: BucketPlace, cdn: CDN, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFront has 3,000 paths in progress at most; one that ends in `*` counts once."""
    monkeypatch.setattr("publisher.outdated.MOST_PATHS", 3)
    revoke(place, responder, 1)
    place.publish()
    assert cdn.asked() == [{"/pki/*"}]


@pytest.mark.long
def test_distribution_that_does_not_exist_is_told(place: BucketPlace, s3: S3Place, responder: Responder) -> None:
    """With what to look at; the revocation is published."""
    other = BucketPlace(
        place.root, s3, place.ca, target={"ocsp": True, "distribution": "EDFDVBD6EXAMPLE"}, prefix="/pki"
    )
    revoke(other, responder, 1)
    outcome, _ = other.outcomes()
    assert outcome.error is None
    assert any("there is no such distribution" in line for line in outcome.lines)
