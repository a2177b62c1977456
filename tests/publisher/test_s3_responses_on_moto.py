"""OCSP responses as objects of a bucket, through bundles, the gate and the marks. moto's server stands for S3."""

import hashlib
import json
from pathlib import Path

import pytest

from revocation.artifacts import Kind
from revocation.certid import CertIDHash
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.ocsp import both, response
from tests.publisher.bucketed import CACHED, DAY, FINAL, MEDIA, SECOND, fill, key, objects, place, responses_put, shows

__all__ = ["place"]


def test_response_lies_at_the_key_that_a_get_names(place: BucketPlace, ca: CA, responder: Responder) -> None:
    """By both hashes, with constant headers, and `Expires` is its nextUpdate (RFC 9919 section 7.2)."""
    one, other = both(ca, responder, 0xAB)
    put_slice(place.exchange, ca, 1, [one, other], revision=4, slice_=3)
    bucket, responses = place.publish()
    for hash_, data in zip(CertIDHash, (one, other), strict=True):
        assert place.s3.read(key(place, 0xAB, hash_)) == data
        head = place.s3.head(key(place, 0xAB, hash_))
        assert (head["ContentType"], head["CacheControl"]) == (MEDIA, CACHED)
        assert head["ExpiresString"] == "Mon, 02 Mar 2026 12:00:00 GMT"
        assert head["Metadata"] == {"sha256": hashlib.sha256(data).hexdigest(), "this-update": "2026-03-01T12:00:00Z"}
    assert len(objects(place)) == 2
    assert (bucket.slices, bucket.kinds) == (responses.slices, (Kind.CRL, Kind.ISSUER, Kind.OCSP))


def test_every_certificate_has_a_key_whatever_its_base64(place: BucketPlace, ca: CA, responder: Responder) -> None:
    """A plus, doubled slashes, a slash at the end: no file can have these names, an object can."""
    tails = ("+", "//", "/")
    text = {n: key(place, n)[-24:] for n in range(0x51 << 120, (0x51 << 120) + 40_000_000, 9973)}
    found = [next(n for n in text if t in text[n].rstrip("=")) for t in tails[:2]]
    found.append(next(n for n in text if text[n].endswith("/")))
    put_slice(place.exchange, ca, 1, [response(ca, responder, n) for n in found])
    outcome, _ = place.outcomes()
    assert objects(place).keys() == {key(place, n) for n in found}
    assert not [line for line in outcome.lines if "no static file" in line]


def test_revocation_replaces_good_and_nothing_else_is_put(
    place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """Two objects of six, and no list of them is asked for but a page."""
    fill(place, responder, 1, 2, 3)
    place.publish()
    put_slice(place.exchange, ca, 2, both(ca, responder, 2, FINAL), base_revision=1, revision=2)
    faulty.put.clear()
    faulty.seen.clear()
    place.publish()
    assert (shows(place, 1), shows(place, 2)) == (["GOOD"] * 2, ["REVOKED"] * 2)
    assert len(responses_put(faulty)) == 2
    assert len([path for _, path in faulty.seen if "list-type" in path and "ocsp" in path]) == 1
    assert not [path for method, path in faulty.seen if method == "GET" and "/pki/ocsp/" in path]
    put_slice(place.exchange, ca, 3, both(ca, responder, 2, this_update=NOW + SECOND), base_revision=2, revision=3)
    place.publish(NOW + SECOND)
    assert shows(place, 2) == ["REVOKED"] * 2


def test_look_at_which_nothing_changed_puts_and_reads_no_response(
    place: BucketPlace, responder: Responder, faulty: Faulty
) -> None:
    """However many there are: status and seal, and a page of each list."""
    fill(place, responder, *range(1, 40))
    place.publish()
    faulty.put.clear()
    faulty.seen.clear()
    outcome, _ = place.outcomes()
    assert (outcome.error, outcome.lines, faulty.put) == (None, [], [])
    read = [path for method, path in faulty.seen if method == "GET" and "list-type" not in path]
    assert [path for path in read if "/ocsp/" in path] == []
    assert len(faulty.seen) <= 8


def test_response_of_an_expired_certificate_goes(place: BucketPlace, ca: CA, responder: Responder) -> None:
    """At the first look after its last response's nextUpdate."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    later = both(ca, responder, 2, this_update=NOW + DAY / 2)
    put_slice(place.exchange, ca, 2, later, this_update=NOW + DAY / 2, slice_=1)
    place.publish(NOW)
    place.publish(NOW + DAY - SECOND)
    assert shows(place, 1) == ["GOOD", "GOOD"]
    place.publish(NOW + DAY)
    assert (shows(place, 1), shows(place, 2)) == ([None, None], ["GOOD", "GOOD"])


def test_of_two_publishers_the_slower_goes_on_from_what_is_there(
    place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """It writes nothing over that may stay, which is no failure, and takes what the other has taken."""
    fill(place, responder, 1, 2)
    place.publish()
    put_slice(place.exchange, ca, 2, both(ca, responder, 1), base_revision=1, revision=2)
    newer = both(ca, responder, 1, FINAL, this_update=NOW + SECOND)

    def meanwhile() -> None:
        faulty.plan = lambda method, path, headers: None
        put_slice(place.exchange, ca, 3, newer, base_revision=2, revision=3, this_update=NOW + SECOND)
        for hash_, data in zip(CertIDHash, newer, strict=True):
            place.s3.write(key(place, 1, hash_), data, ContentType=MEDIA, CacheControl=CACHED)

    faulty.plan = times(1, Fault(before=meanwhile), "PUT", "/pki/ocsp/")
    outcome, _ = place.outcomes(NOW)
    assert outcome.error is None
    assert shows(place, 1) == ["REVOKED", "REVOKED"]
    assert place.outcomes(NOW + SECOND)[0].error is None
    assert shows(place, 1) == ["REVOKED", "REVOKED"]


def test_second_publisher_puts_nothing_that_the_first_has_put(
    place: BucketPlace, ca: CA, responder: Responder, tmp_path: Path
) -> None:
    """Both fill the bucket from the same exchange: what lies there already is no conflict."""
    fill(place, responder, *range(1, 30))
    place.publish()
    with Faulty(place.s3.server.port) as watched:
        other = BucketPlace(
            tmp_path / "other",
            place.s3,
            ca,
            endpoint=watched.endpoint,
            target={"name": "second", "ocsp": True},
            exchange=place.exchange,
        )
        assert other.outcomes()[0].error is None
        assert responses_put(watched) == []
    assert len(objects(place)) == 58
    assert place.outcomes()[0].error is None


def test_option_turned_off_removes_the_responses(
    place: BucketPlace, ca: CA, responder: Responder, tmp_path: Path
) -> None:
    """Nobody would renew them; CRLs stay."""
    put_crl(place.exchange, ca, 9, crl(ca, 5))
    fill(place, responder, *range(1, 30))
    on, _ = place.publish()
    seen = objects(place)
    off = BucketPlace(place.root, place.s3, ca, exchange=place.exchange)
    for _ in range(2):
        status, _ = off.publish()
    assert objects(place) == {}
    assert (status.slices, status.kinds, status.crls) == ([], (Kind.CRL, Kind.ISSUER), on.crls)
    again, _ = place.publish()
    assert (objects(place), again.slices) == (seen, on.slices)


@pytest.mark.long
def test_status_stays_small(place: BucketPlace, responder: Responder) -> None:
    """A row for each slice, and none for each certificate."""
    fill(place, responder, *range(1, 30))
    place.publish()
    status = json.loads(place.s3.read("pki/private/bucket.json"))
    assert len(status["slices"]) == 1
