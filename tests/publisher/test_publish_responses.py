"""OCSP responses through bundles, the gate and the marks into a store; slices and the line in time end to end."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lmdb
import pytest
from cryptography.x509 import ocsp

from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.part import Part
from revocation.status import Reason, Revocation
from revocation.store import ISSUERS_DATABASE, issuer_key
from tests.authority import NOW
from tests.building.bundles import put, put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both
from tests.building.place import Place

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)


def test_slice_is_stored_under_both_hashes_with_its_times(place: Place, ca: CA, responder: Responder) -> None:
    """What the responder reads: the bytes, thisUpdate, nextUpdate, and until when they count as fresh."""
    data = both(ca, responder, 0xAB) + both(ca, responder, 0xCD, FINAL)
    put_slice(place.exchange, ca, 1, data, revision=4, slice_=3)
    _, responses = place.publish()
    for hash_ in CertIDHash:
        stored = place.stored(0xAB, hash_)
        assert stored
        assert ocsp.load_der_ocsp_response(stored.der).hash_algorithm.name == hash_.value
        assert (stored.this_update, stored.next_update) == (epoch(NOW), epoch(NOW + DAY))
        assert stored.fresh_until == epoch(NOW + DAY / 2)
        assert place.says(0xCD, hash_) == "REVOKED"
    (row,) = responses.slices
    assert (row.slice, row.revision, row.count) == (3, 4, 4)
    assert (row.this_update, row.next_update, row.renew_at) == (NOW, NOW + DAY, NOW + DAY / 2)


def test_issuers_are_known_by_the_hashes_of_a_certid(place: Place, ca: CA) -> None:
    """A responder finds the issuer of a request in the store's table, before any response is there."""
    place.publish()
    with lmdb.open(str(place.store), readonly=True, max_dbs=4) as env:
        database = env.open_db(ISSUERS_DATABASE, create=False)
        with env.begin(db=database) as txn:
            for hash_ in CertIDHash:
                known_as = CertID.of(ca.issuer, b"\x01", hash_)
                key = issuer_key(hash_, known_as.issuer_name_hash, known_as.issuer_key_hash)
                assert txn.get(key) == ca.issuer.octets


def test_slice_of_many_files_is_one_slice(place: Place, ca: CA, responder: Responder) -> None:
    """Chunks are a matter of transport."""
    data = [der for serial in range(1, 8) for der in both(ca, responder, serial)]
    put_slice(place.exchange, ca, 1, data, chunk=3)
    _, responses = place.publish()
    assert responses.slices[0].count == 14
    assert [place.says(serial) for serial in range(1, 9)] == ["GOOD"] * 7 + [None]


@pytest.mark.parametrize(
    ("begins", "lasts", "words"),
    [(-2 * DAY, DAY, "expired"), (DAY, DAY, "its thisUpdate"), (timedelta(0), 30 * DAY, "its window of 30d is longer")],
)
def test_empty_slice_is_published_in_its_window_alone(
    place: Place, ca: CA, begins: timedelta, lasts: timedelta, words: str
) -> None:
    """Nothing but the manifest says when: one that has expired, has not begun or lasts too long makes no row."""
    part = Part(issuer=ca.issuer.id, kind=Kind.OCSP, label="3")
    put(place.exchange, part, 1, {}, this_update=NOW + begins, next_update=NOW + begins + lasts)
    _, outcome = place.outcomes()
    assert outcome.status.slices == []
    assert re.search(words, "".join(outcome.lines))


def test_empty_slice_has_a_row(place: Place, ca: CA) -> None:
    """A slice without live certificates is covered, or it would be due for ever."""
    put_slice(place.exchange, ca, 1, [], revision=9)
    _, responses = place.publish()
    assert (responses.slices[0].count, responses.slices[0].revision) == (0, 9)
    assert responses.slices[0].next_update == NOW + DAY


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]])
def test_revision_follows_the_chain_of_partial_bundles_in_any_order(
    place: Place, ca: CA, responder: Responder, order: list[int]
) -> None:
    """A complete bundle and two partial ones cover the last revision once all are there, and not before."""
    bundles = [
        {"sequence": 1, "responses": both(ca, responder, 1), "revision": 5},
        {"sequence": 2, "responses": both(ca, responder, 2), "base_revision": 5, "revision": 7},
        {"sequence": 3, "responses": both(ca, responder, 3), "base_revision": 7, "revision": 8},
    ]
    covered = {0: 5, 1: 7, 2: 8}
    seen: set[int] = set()
    for which in order:
        put_slice(place.exchange, ca, **bundles[which])  # type: ignore[arg-type]
        seen.add(which)
        _, responses = place.publish()
        reached = [covered[n] for n in range(3) if set(range(n + 1)) <= seen]
        assert [row.revision for row in responses.slices] == reached[-1:]


def test_partial_bundle_that_lacks_its_base_is_published_but_not_counted(
    place: Place, ca: CA, responder: Responder
) -> None:
    """What is signed is served; what the row says is only what is certain."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1), revision=5)
    put_slice(place.exchange, ca, 2, both(ca, responder, 2), base_revision=6, revision=7)
    _, responses = place.publish()
    assert place.says(2) == "GOOD"
    assert responses.slices[0].revision == 5


def test_partial_bundle_that_ends_early_brings_the_slice_forward(place: Place, ca: CA, responder: Responder) -> None:
    """The row's nextUpdate is that of the response which expires first."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1), revision=5)
    short = both(ca, responder, 2, lifetime=HOUR)
    put_slice(place.exchange, ca, 2, short, base_revision=5, revision=6)
    _, responses = place.publish()
    assert (responses.slices[0].next_update, responses.slices[0].revision) == (NOW + HOUR, 6)


def test_responses_that_expired_long_ago_leave_the_store(place: Place, ca: CA, responder: Responder) -> None:
    """A certificate that is no longer in its slice is forgotten once its response is a day past; never before."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    for n, (now, left) in enumerate([(NOW + DAY, "GOOD"), (NOW + 2 * DAY, "GOOD"), (NOW + 2 * DAY + SECOND, None)]):
        put_slice(place.exchange, ca, n + 2, both(ca, responder, 2, this_update=now), this_update=now)
        place.publish(now)
        assert place.says(1) == left
    assert place.says(2) == "GOOD"


def test_expired_slice_that_was_superseded_is_passed_over(place: Place, ca: CA, responder: Responder) -> None:
    """An old bundle that turns up a day later, under a newer one: no error, and no row moves."""
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW + DAY), revision=5, this_update=NOW + DAY)
    _, before = place.publish(NOW + DAY)
    put_slice(place.exchange, ca, 1, both(ca, responder, 1), revision=3)
    _, after = place.publish(NOW + DAY)
    assert (after.slices, after.set_aside) == (before.slices, [])


def test_older_complete_slice_that_comes_late_moves_no_row(place: Place, ca: CA, responder: Responder) -> None:
    """The row speaks of the newest complete bundle."""
    put_slice(place.exchange, ca, 2, both(ca, responder, 1), revision=5)
    _, before = place.publish()
    early = NOW - HOUR
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=early), revision=3, this_update=early)
    _, after = place.publish()
    assert after.slices == before.slices
    stored = place.stored(1)
    assert stored
    assert stored.this_update == epoch(NOW)


def test_partial_bundle_is_remembered_until_its_base_comes(place: Place, ca: CA, responder: Responder) -> None:
    """Its file may be gone from the exchange by then."""
    late = put_slice(place.exchange, ca, 2, both(ca, responder, 2), base_revision=5, revision=6)
    place.publish()
    (place.exchange / late).unlink()
    place.publish()
    put_slice(place.exchange, ca, 1, both(ca, responder, 1), revision=5)
    _, responses = place.publish()
    assert responses.slices[0].revision == 6
    _, responses = place.publish()
    assert [applied.revision for applied in responses.applied] == [5]


def test_response_under_the_brs_counts_both_ends_of_its_window(tmp_path: Path) -> None:
    """To the second, whatever the skew of clocks forgives others: seven days at most."""
    settings = {"expires": "7d", "renewal": "84h", "responder_certificate_expires": "14d"}
    place = Place(tmp_path / "br", ocsp=settings, compliance="br")
    responder = place.ca.responder(not_after=NOW + 14 * DAY)
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 1, lifetime=7 * DAY - SECOND))
    bundle = put_slice(place.exchange, place.ca, 2, both(place.ca, responder, 2, lifetime=7 * DAY), slice_=1)
    place.publish()
    assert [place.says(serial) for serial in (1, 2)] == ["GOOD", None]
    place.assert_kept(
        bundle, r"serial 02: its nextUpdate .* is more than 7d after its thisUpdate .*, both ends counted"
    )


def test_reason_that_the_brs_forbid_is_withheld_by_itself(tmp_path: Path) -> None:
    """The rest of the bundle is put; what was said is remembered: nothing older shows the certificate good."""
    place = Place(tmp_path / "br", compliance="br")
    responder = place.ca.responder()
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 1))
    place.publish()
    reasons = [HOLD, replace(FINAL, reason=Reason.cACompromise), FINAL, replace(FINAL, reason=Reason.unspecified), None]
    data = [
        der
        for serial, revocation in enumerate(reasons, 1)
        for der in both(place.ca, responder, serial, revocation, this_update=NOW + SECOND)
    ]
    put_slice(place.exchange, place.ca, 2, data, this_update=NOW + SECOND)
    _, responses = place.publish(NOW + SECOND)
    assert [place.says(serial) for serial in range(1, 6)] == [None, None, "REVOKED", "REVOKED", "GOOD"]
    (aside,) = responses.set_aside
    assert "it says certificateHold of serial 01: the BRs, section 7.2.2, do not allow the reason" in aside.reason
    assert aside.reason.startswith("2 withheld: ")
    older = [der for serial in (1, 2) for der in both(place.ca, responder, serial)]
    put_slice(place.exchange, place.ca, 3, older, slice_=1)
    place.publish(NOW + SECOND)
    assert [place.says(serial) for serial in (1, 2)] == [None, None]


def test_response_about_a_ca_needs_a_reason_where_all_are_about_cas(tmp_path: Path) -> None:
    """Windows for CA certificates alone say what they are about; elsewhere nobody sees it."""
    lines = {"expires": "9d", "renewal": "4d", "responder_certificate_expires": "14d"}
    place = Place(tmp_path / "br", crl={"scopes": ["ca"]}, ocsp=lines, compliance="br")
    responder = place.ca.responder(not_after=NOW + 14 * DAY)
    silent = replace(FINAL, reason=Reason.unspecified)
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 1, silent) + both(place.ca, responder, 2, FINAL))
    _, responses = place.publish()
    assert [place.says(serial) for serial in (1, 2)] == [None, "REVOKED"]
    assert "it says unspecified of serial 01: the BRs, section 7.2.2, want a reason" in responses.set_aside[0].reason
