"""OCSP responses in a bucket, lost there or on their way: the next look puts them. moto's server stands for S3."""

from collections.abc import Callable

import pytest

from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.ocsp import both
from tests.publisher.bucketed import FINAL, SECOND, fill, key, objects, place, responses_put, shows

__all__ = ["place"]


@pytest.mark.long
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


@pytest.mark.long
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
