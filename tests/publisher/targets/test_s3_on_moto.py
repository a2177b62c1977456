"""CRLs and issuer certificates in a bucket, over HTTP. moto's server stands for S3, and checks no SHA-256."""

import hashlib
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from publisher.config import PublisherConfig
from publisher.status import read_statuses
from revocation.config import PublicConfig
from revocation.paths import issuer_path, numbered_crl_path, pem_crl_path
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import S3Place

SECOND = timedelta(seconds=1)


def test_objects_lie_at_their_public_paths_with_constant_headers(place: BucketPlace, s3: S3Place, ca: CA) -> None:
    """Media types of the RFCs, a max-age that the windows leave room for, and the digest for who looks."""
    status, _ = place.publish()
    said = s3.head(place.key())
    assert (said["ContentType"], said["CacheControl"]) == ("application/pkix-crl", "max-age=300, public, no-transform")
    assert said["Metadata"]["this-update"] == "2026-03-01T12:00:00Z"
    assert said["Metadata"]["sha256"] == hashlib.sha256(place.shown()).hexdigest() == status.crls[0].sha256
    said = s3.head(f"pki/{issuer_path(ca.issuer.id)}")
    assert (said["ContentType"], said["CacheControl"]) == (
        "application/pkix-cert",
        "max-age=86400, public, no-transform",
    )
    said = s3.head(f"pki/crl/{ca.issuer.id}/crls.json")
    assert (said["ContentType"], said["CacheControl"]) == ("application/json", "max-age=300, public, no-transform")
    assert json.loads(s3.read(f"pki/crl/{ca.issuer.id}/crls.json")) == [place.spec().url]


def test_copies_and_pem_forms_lie_beside(tmp_path: Path, s3: S3Place) -> None:
    """A numbered copy may be kept for ever, its name is never used again; what is not configured any more goes."""
    more = BucketPlace(tmp_path / "more", s3, target={"numbered": True, "pem": True})
    put_crl(more.exchange, more.ca, 1, crl(more.ca, 7))
    more.publish()
    copy = s3.head(f"pki/{numbered_crl_path(more.spec().path, 7)}")
    assert copy["CacheControl"] == "max-age=31536000, public, no-transform, immutable"
    assert s3.read(f"pki/{pem_crl_path(more.spec().path)}").startswith(b"-----BEGIN X509 CRL-----")
    s3.write("pki/crl/readme.txt", b"somebody else's")
    fewer = BucketPlace(tmp_path / "more", s3, more.ca)
    fewer.publish()
    kept = {f"pki/{more.spec().path}", f"pki/crl/{more.ca.issuer.id}/crls.json", "pki/crl/readme.txt"}
    assert set(s3.listed("pki/crl/")) == kept


def test_what_has_not_changed_is_neither_put_nor_read_again(place: BucketPlace, faulty: Faulty) -> None:
    """A look at a bucket in which nothing changed is two lists and the status."""
    place.publish()
    place.publish(NOW + SECOND)
    faulty.seen.clear()
    place.publish(NOW + 2 * SECOND)
    assert faulty.count("PUT") == 0
    assert sorted("list-type=2" in path for _, path in faulty.seen) == [False, True, True]


@pytest.mark.parametrize("harm", ["lost", "damaged", "headers", "older"])
def test_object_that_somebody_harmed_is_put_again(place: BucketPlace, s3: S3Place, ca: CA, harm: str) -> None:
    """Noticed at the next look, whatever its size and its headers say."""
    place.publish()
    older = place.shown()
    put_crl(place.exchange, ca, 2, crl(ca, 2, this_update=NOW + SECOND))
    place.publish(NOW + SECOND)
    right = place.shown()
    headers = {"ContentType": "application/pkix-crl", "CacheControl": "max-age=300, public, no-transform"}
    match harm:
        case "lost":
            s3.remove(place.key())
        case "damaged":
            s3.write(place.key(), right[:-1] + bytes([right[-1] ^ 1]), **headers)
        case "headers":
            s3.write(place.key(), right, ContentType="text/html", CacheControl="max-age=31536000")
        case "older":
            s3.write(place.key(), older, **headers)
    status, _ = place.publish(NOW + 2 * SECOND)
    assert place.shown() == right
    assert s3.head(place.key())["ContentType"] == "application/pkix-crl"
    assert status.crls[0].number == 2


def test_headers_of_another_max_age_are_put_and_are_no_disturbance(place: BucketPlace, s3: S3Place) -> None:
    """Nobody wrote there but us, with the status and without it: the CRL is what it was."""
    right = place.publish()[0].crls[0]
    for max_age in ("2m", "3m"):
        place.public = PublicConfig.model_validate({**place.told, "crl": {"max_age": max_age}})
        status, _ = place.publish(NOW + SECOND)
        assert (status.disturbed, status.crls) == ([], [right])
        assert f"max-age={int(max_age[0]) * 60}," in s3.head(place.key())["CacheControl"]
        s3.remove("pki/private/bucket.json")


def test_wiped_bucket_is_filled_again(place: BucketPlace, s3: S3Place) -> None:
    """With everything, from the exchange, under the marks."""
    place.publish()
    before = s3.listed()
    for key in before:
        s3.remove(key)
    place.publish(NOW + SECOND)
    assert [key for key in s3.listed() if key != "pki/private/.probe"] == [
        key for key in before if key != "pki/private/.probe"
    ]


def test_status_lies_below_private_or_where_it_is_told(place: BucketPlace, s3: S3Place, tmp_path: Path) -> None:
    """Nothing but what relying parties may fetch lies in the folders that a policy opens."""
    place.publish()
    assert s3.listed("pki/private/") == ["pki/private/.probe", "pki/private/bucket.json"]
    assert s3.head("pki/private/bucket.json")["CacheControl"] == "no-store"
    public = [key for key in s3.listed() if key.startswith(("pki/crl/", "pki/issuer/"))]
    assert {key.rpartition(".")[2] for key in public} == {"crl", "cer", "json"}
    assert len([key for key in public if key.endswith(".json")]) == 1
    hidden = s3.server.new_bucket()
    other = BucketPlace(tmp_path / "other", s3.server.new_bucket(), target={"private": f"s3://{hidden.name}/status"})
    put_crl(other.exchange, other.ca, 1, crl(other.ca, 1))
    other.publish()
    assert hidden.listed() == ["status/.probe", "status/bucket.json"]
    assert other.s3.listed("pki/private") == []


def test_status_that_somebody_made_huge_is_not_read_and_replaced(tmp_path: Path, s3: S3Place) -> None:
    """It is a cache of less than a megabyte; whoever may write into the bucket does not take the publisher's memory."""
    place = BucketPlace(tmp_path / "place", s3)
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    place.publish()
    place.publish(NOW + SECOND)
    s3.write("pki/private/bucket.json", bytes(48 << 20))
    tracemalloc.start()
    try:
        status, _ = place.publish(NOW + 2 * SECOND)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20
    assert [row.number for row in status.crls] == [1]
    assert len(s3.read("pki/private/bucket.json")) < 1 << 20


def test_status_says_what_is_in_the_bucket_now(place: BucketPlace, s3: S3Place) -> None:
    """A CRL that is gone has no row, for who asks without publishing."""
    place.publish()
    (bucket, _) = read_statuses(place.config, place.public, NOW)
    assert [row.number for row in bucket.crls] == [1]
    s3.remove(place.key())
    (bucket, _) = read_statuses(place.config, place.public, NOW)
    assert bucket.crls == []


def test_partial_publication_is_completed_by_the_next_run(place: BucketPlace, faulty: Faulty, s3: S3Place) -> None:
    """Nothing is there that is not whole, and the other target is served."""
    faulty.plan = times(100, Fault(403, "AccessDenied"), "PUT", "/crl/")
    bucket, responses = place.outcomes()
    assert "cannot be put: these credentials may not do what is needed" in str(bucket.error)
    assert responses.error is None
    assert s3.listed("pki/issuer/")
    assert s3.listed("pki/crl/") == []
    faulty.plan = lambda method, path, headers: None
    bucket, _ = place.outcomes(NOW + SECOND)
    assert bucket.error is None
    assert place.key() in s3.listed()


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [Fault(503, "SlowDown"), Fault(500, "InternalError"), Fault(409, "ConditionalRequestConflict"), Fault(lost=True)],
    ids=["throttled", "fails", "at the same time", "answer lost"],
)
def test_faults_that_pass_are_not_seen(place: BucketPlace, faulty: Faulty, ca: CA, fault: Fault) -> None:
    """A replacement whose answer is lost is not taken for another publisher's."""
    place.publish()
    put_crl(place.exchange, ca, 2, crl(ca, 2, this_update=NOW + SECOND))
    faulty.plan = times(2, fault, "PUT", "/all.crl")
    bucket, _ = place.outcomes(NOW + SECOND)
    assert bucket.error is None
    assert bucket.status.crls[0].number == 2


@pytest.mark.long
def test_object_that_arrives_damaged_is_an_error_and_mended_where_moto_checks_no_digest(
    place: BucketPlace, faulty: Faulty, ca: CA
) -> None:
    """It is read back: no status says of it that it is there."""
    faulty.plan = times(1, Fault(damaged=True), "PUT", "/all.crl")
    bucket, _ = place.outcomes()
    assert "does not read back as it was put" in str(bucket.error)
    assert bucket.status.crls == []
    bucket, _ = place.outcomes(NOW + SECOND)
    assert bucket.error is None
    assert hashlib.sha256(place.shown()).hexdigest() == bucket.status.crls[0].sha256


@pytest.mark.parametrize("more", [{}, {"url": "s3://same/elsewhere"}])
def test_exchange_and_target_in_one_bucket_are_refused(tmp_path: Path, more: dict[str, str]) -> None:
    """One is private and the other public; a policy that mixes them up would show what is to come."""
    target = {"name": "bucket", "kind": "s3", "url": "s3://same/pki", **more}
    with pytest.raises(ValidationError, match="share a bucket"):
        PublisherConfig.model_validate(
            {"exchange": "s3://same/exchange", "state": tmp_path / "state", "targets": [target]}
        )


@pytest.mark.parametrize("is_versioned", [True, False])
def test_bucket_that_keeps_no_versions_is_told_once(
    place: BucketPlace, s3: S3Place, faulty: Faulty, caplog: pytest.LogCaptureFixture, is_versioned: bool
) -> None:
    """What a publisher replaces there is gone; where they are kept, or the endpoint does not say, nothing is told."""
    status = "Enabled" if is_versioned else "Suspended"
    s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": status})
    for sequence in (2, 3):
        put_crl(place.exchange, place.ca, sequence, crl(place.ca, sequence, this_update=NOW + sequence * SECOND))
        place.publish(NOW + sequence * SECOND)
    told = [line for line in caplog.messages if "keeps no versions" in line]
    assert len(told) == (0 if is_versioned else 1)


def test_endpoint_that_says_nothing_of_versions_is_not_asked_twice(
    place: BucketPlace, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    """Or these credentials may not ask: it is no trouble."""
    faulty.plan = lambda method, path, headers: Fault(403, "AccessDenied") if "versioning" in path else None
    place.publish()
    assert [line for line in caplog.messages if "versions" in line] == []
    assert len([path for _, path in faulty.seen if "versioning" in path]) == 1
