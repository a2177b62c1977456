"""OCSP responses as objects of a bucket, through bundles, the gate and the marks. moto's server stands for S3."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import serials
from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.ocsp import both, response
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


def test_publication_that_broke_off_is_completed_by_the_next(
    place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """What S3 took is not put again, and the bundle may be gone by then."""
    put_slice(place.exchange, ca, 1, [one for n in range(1, 101) for one in both(ca, responder, n)])
    refuse = {"left": 60}

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        if method != "PUT" or "/pki/ocsp/" not in path:
            return None
        refuse["left"] -= 1
        return Fault(403, "AccessDenied") if refuse["left"] < 0 else None

    faulty.plan = plan
    outcome, store = place.outcomes()
    assert "these credentials may not do what is needed" in str(outcome.error)
    assert (store.error, outcome.status.slices) == (None, [])
    taken = responses_put(faulty)
    assert 60 <= len(taken) < 150
    faulty.plan = lambda method, path, headers: None
    outcome, _ = place.outcomes()
    assert outcome.error is None
    assert len(objects(place)) == 200
    again = responses_put(faulty)[len(taken) :]
    assert (len(again), set(again) & set(taken)) == (200 - len(taken), set())
    assert place.outcomes()[0].lines == []


def test_answer_that_was_lost_is_no_conflict(place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty) -> None:
    """S3 has the object, and says of the second try that something lies there: it is ours."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    faulty.plan = times(1, Fault(lost=True), "PUT", "/pki/ocsp/")
    outcome, _ = place.outcomes()
    assert outcome.error is None
    assert shows(place, 1) == ["GOOD", "GOOD"]


def test_response_that_arrived_damaged_is_put_again(
    place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """An endpoint that checks no SHA-256 takes anything; its entity tag tells."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    faulty.plan = times(1, Fault(damaged=True), "PUT", "/pki/ocsp/")
    outcome, _ = place.outcomes()
    assert "does not read back as it was put" in str(outcome.error)
    outcome, _ = place.outcomes()
    assert outcome.error is None
    assert shows(place, 1) == ["GOOD", "GOOD"]


def test_endpoint_whose_entity_tags_prove_nothing_is_read_back(
    place: BucketPlace, ca: CA, responder: Responder, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with S3 that encrypts by KMS: a damaged object is noticed there too."""
    monkeypatch.setattr("revocation.wire.s3.md5_tag", lambda data: '"another"')
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    faulty.plan = times(1, Fault(damaged=True), "PUT", "/pki/ocsp/")
    assert "does not read back as it was put" in str(place.outcomes()[0].error)
    assert place.outcomes()[0].error is None
    assert shows(place, 1) == ["GOOD", "GOOD"]


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


LOSSES: dict[str, Callable[[BucketPlace], object]] = {
    "all of the bucket": lambda place: [place.s3.remove(one) for one in place.s3.listed()],
    "all responses": lambda place: [place.s3.remove(one) for one in objects(place)],
    "one response": lambda place: place.s3.remove(key(place, 1)),
    "response replaced": lambda place: place.s3.write(key(place, 2), b"something else"),
    "older response put back": lambda place: place.s3.write(key(place, 1), (place.root / "older").read_bytes()),
    "object that nobody put": lambda place: place.s3.write("pki/ocsp/strange", b"something else"),
    "response that nobody put": lambda place: place.s3.write(key(place, 77), (place.root / "older").read_bytes()),
    "seal": lambda place: place.s3.remove("pki/private/bucket.seal"),
    "index": lambda place: place.wipe(place.state / "ocsp-index"),
    "notes": lambda place: place.wipe(place.state / "ocsp-index/bucket/objects"),
    "notes damaged": lambda place: (place.state / "ocsp-index/bucket/objects/data.mdb").write_bytes(b"\0" * 65536),
    "state": lambda place: place.wipe(place.state),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_heals_at_the_next_look(place: BucketPlace, ca: CA, responder: Responder, loss: str) -> None:
    """The objects and the rows are as before, nothing is set aside, and the look after that finds nothing to do."""
    put_crl(place.exchange, ca, 9, crl(ca, 5, this_update=NOW - SECOND))
    fill(place, responder, 1, 2, 3)
    place.publish()
    (place.root / "older").write_bytes(place.s3.read(key(place, 1)))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    before, _ = place.publish()
    seen = objects(place)
    assert len(seen) == 6
    LOSSES[loss](place)
    outcome, _ = place.outcomes()
    assert (outcome.error, outcome.set_aside) == (None, [])
    assert objects(place) == seen
    assert shows(place, 1) == ["REVOKED", "REVOKED"]
    assert outcome.status.slices == before.slices
    assert place.outcomes()[0].lines == []


def test_list_is_gone_through_a_page_a_look(place: BucketPlace, ca: CA, responder: Responder) -> None:
    """What was lost behind the first page is found by a later look."""
    put_slice(place.exchange, ca, 1, [one for n in range(1, 21) for one in both(ca, responder, n)])
    place.publish()
    seen = objects(place)
    place.s3.remove(sorted(seen)[-1])
    for _ in range(3):
        assert place.outcomes()[0].error is None
    assert objects(place) == seen


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


def test_status_stays_small(place: BucketPlace, responder: Responder) -> None:
    """A row for each slice, and none for each certificate."""
    fill(place, responder, *range(1, 30))
    place.publish()
    status = json.loads(place.s3.read("pki/private/bucket.json"))
    assert len(status["slices"]) == 1
