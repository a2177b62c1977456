"""CRLs and issuer certificates in a bucket of SeaweedFS, as relying parties see them and as an operator rolls back."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.paths import issuer_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import S3Place
from tests.building.seaweedfs import PUBLIC, SeaweedFS

pytestmark = pytest.mark.judge("weed")
FINAL = Revocation(NOW, Reason.keyCompromise)
SECOND = timedelta(seconds=1)


@pytest.fixture
def faulty(seaweedfs: SeaweedFS) -> Iterator[Faulty]:
    """A server between a publisher and S3, with TLS on either side."""
    with Faulty(seaweedfs.port, certificate=seaweedfs.certificate, trusts=seaweedfs.ca) as proxy:
        yield proxy


@pytest.fixture
def place(tmp_path: Path, seaweed: S3Place, faulty: Faulty) -> BucketPlace:
    """A publisher with an empty bucket and one CRL in its exchange."""
    place = BucketPlace(tmp_path / "place", seaweed, endpoint=faulty.endpoint, target={"url": f"s3://{PUBLIC}"})
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    return place


def path(place: BucketPlace) -> str:
    """Of the CRL."""
    return place.key().removeprefix("pki/")


def test_relying_party_gets_object_and_headers_and_no_status(seaweedfs: SeaweedFS, place: BucketPlace) -> None:
    """Without a key, at the public paths; what is private is refused."""
    status, _ = place.publish()
    anybody = seaweedfs.client("anonymous")
    said = anybody.get_object(Bucket=PUBLIC, Key=path(place))
    assert (said["ContentType"], said["CacheControl"]) == ("application/pkix-crl", "max-age=300, public, no-transform")
    digest = hashlib.sha256(said["Body"].read()).hexdigest()
    assert said["Metadata"] == {"sha256": digest, "this-update": "2026-03-01T12:00:00Z"}
    assert digest == status.crls[0].sha256
    said = anybody.head_object(Bucket=PUBLIC, Key=issuer_path(place.ca.issuer.id))
    assert (said["ContentType"], said["CacheControl"]) == (
        "application/pkix-cert",
        "max-age=86400, public, no-transform",
    )
    with pytest.raises(anybody.exceptions.ClientError, match="AccessDenied"):
        anybody.get_object(Bucket=PUBLIC, Key="private/bucket.json")


def test_look_at_which_nothing_changed_puts_nothing(place: BucketPlace, faulty: Faulty) -> None:
    """Its lists have the entity tags and times that were there before."""
    place.publish()
    place.publish(NOW + SECOND)
    faulty.seen.clear()
    place.publish(NOW + 2 * SECOND)
    assert {method for method, _ in faulty.seen} == {"GET"}
    assert len(faulty.seen) == 3


@pytest.mark.long
def test_of_publishers_at_once_one_puts_each_object_and_none_is_torn(
    place: BucketPlace, seaweed: S3Place, tmp_path: Path, faulty: Faulty
) -> None:
    """Four with marks of their own, whose puts meet: the server takes one, by its conditional writes."""
    target = {"url": f"s3://{PUBLIC}"}
    places = [place] + [
        BucketPlace(
            tmp_path / f"other-{number}",
            seaweed,
            place.ca,
            endpoint=faulty.endpoint,
            target={**target, "name": f"bucket-{number}"},
            exchange=place.exchange,
        )
        for number in range(3)
    ]
    for one in places:
        one.publish()
    put_crl(place.exchange, place.ca, 2, crl(place.ca, 2, {1: FINAL}, this_update=NOW + SECOND))
    all_there, first = threading.Barrier(4, timeout=60), iter(range(4))

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        is_meant = method == "PUT" and "/all.crl" in path and next(first, None) is not None
        return Fault(before=lambda: all_there.wait() and None) if is_meant else None

    faulty.put.clear()
    faulty.plan = plan
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: one.outcomes(NOW + SECOND), places))  # those that were slower say so
    assert not all_there.broken
    assert len([one for one in faulty.put if one.endswith("/all.crl")]) == 1
    statuses = [one.publish(NOW + 2 * SECOND)[0] for one in places]
    assert {status.crls[0].number for status in statuses} == {2}


def test_operator_finds_every_crl_that_was_replaced_among_the_versions(
    seaweedfs: SeaweedFS, seaweed: S3Place, place: BucketPlace
) -> None:
    """The publisher may replace and delete, and not take a version away; the next look puts the newest back."""
    place.publish()
    first = seaweed.read(path(place))
    put_crl(place.exchange, place.ca, 2, crl(place.ca, 2, this_update=NOW + SECOND))
    place.publish(NOW + SECOND)
    newest = seaweed.read(path(place))
    seaweedfs.client("publisher").delete_object(Bucket=PUBLIC, Key=path(place))
    kept = seaweed.client.list_object_versions(Bucket=PUBLIC, Prefix=path(place))["Versions"]
    contents = {
        seaweed.client.get_object(Bucket=PUBLIC, Key=path(place), VersionId=one["VersionId"])["Body"].read()
        for one in kept
    }
    assert contents == {first, newest}
    place.publish(NOW + 2 * SECOND)
    assert seaweed.read(path(place)) == newest


def test_crl_that_is_damaged_on_its_way_is_refused_by_the_server_and_the_older_one_stays(
    place: BucketPlace, seaweed: S3Place, faulty: Faulty
) -> None:
    """No relying party sees it for a moment, since the server checks the SHA-256."""
    place.publish()
    before = seaweed.read(path(place))
    put_crl(place.exchange, place.ca, 2, crl(place.ca, 2, this_update=NOW + SECOND))
    faulty.plan = times(100, Fault(damaged=True), "PUT", "/all.crl")
    outcome, _ = place.outcomes(NOW + SECOND)
    assert "it arrived damaged" in str(outcome.error)
    assert seaweed.read(path(place)) == before
    faulty.plan = lambda method, path, headers: None
    assert place.outcomes(NOW + 2 * SECOND)[0].error is None
    assert seaweed.read(path(place)) != before


@pytest.mark.long
@pytest.mark.parametrize("is_taken", [False, True], ids=["before it comes", "after it was taken"])
def test_server_killed_with_the_put_on_its_way_has_the_older_or_the_newer_crl_whole(
    seaweedfs: SeaweedFS, seaweed: S3Place, place: BucketPlace, faulty: Faulty, is_taken: bool
) -> None:
    """By SIGKILL; the answer never comes, and the next look has the newer one there, whichever it was."""
    place.publish()
    older, newer = seaweed.read(path(place)), crl(place.ca, 2, this_update=NOW + SECOND)
    put_crl(place.exchange, place.ca, 2, newer)

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        if "/all.crl" not in path or (method != "PUT" and not faulty.put):
            return None
        return Fault(lost=True) if is_taken and not faulty.put else Fault(before=seaweedfs.kill)

    faulty.put.clear()
    faulty.plan = plan
    assert place.outcomes(NOW + SECOND)[0].error is not None
    faulty.plan = lambda method, path, headers: None
    seaweedfs.start()
    assert seaweed.read(path(place)) == (newer if is_taken else older)
    assert place.outcomes(NOW + 2 * SECOND)[0].error is None
    assert seaweed.read(path(place)) == newer
