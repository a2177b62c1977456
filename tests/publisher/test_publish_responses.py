"""OCSP responses through bundles, the gate and the marks into a store; slices and the line in time end to end."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import lmdb
import pytest
from cryptography.x509 import ocsp

from publisher.targets.lmdb import LMDBTarget
from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.errors import Unreadable
from revocation.part import Part
from revocation.status import Reason, Revocation
from revocation.store import ISSUERS_DATABASE, issuer_key, response_key
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put, put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both
from tests.building.place import Place, said

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


def test_slice_read_before_a_revocation_and_published_after_it_changes_nothing(
    place: Place, ca: CA, responder: Responder
) -> None:
    """The revoked certificate stays revoked, the rest of the slice is published, nothing is set aside."""
    early, late = NOW - 10 * SECOND, NOW
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL, this_update=late), base_revision=1, revision=2)
    place.publish()
    put_slice(
        place.exchange,
        ca,
        1,
        [der for serial in (1, 2) for der in both(ca, responder, serial, this_update=early)],
        this_update=early,
    )
    _, responses = place.publish()
    assert [place.says(1, hash_) for hash_ in CertIDHash] == ["REVOKED", "REVOKED"]
    assert place.says(2) == "GOOD"
    assert responses.set_aside == []
    assert responses.slices[0].revision == 2


def test_at_the_same_second_revoked_wins_in_either_order(place: Place, ca: CA, responder: Responder) -> None:
    """Whichever of the two comes first."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, HOLD), base_revision=1, revision=2)
    place.publish()
    assert place.says(1) == "REVOKED"
    put_slice(place.exchange, ca, 3, both(ca, responder, 1), revision=2)
    _, responses = place.publish()
    assert (place.says(1), responses.set_aside) == ("REVOKED", [])


def test_hold_is_released_by_a_newer_good_and_by_no_older_one(place: Place, ca: CA, responder: Responder) -> None:
    """The one way back: certificateHold, and a response of a later second."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, HOLD))
    place.publish()
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW - SECOND), base_revision=1, revision=2)
    place.publish()
    assert place.says(1) == "REVOKED"
    newer = both(ca, responder, 1, this_update=NOW + SECOND)
    put_slice(place.exchange, ca, 3, newer, base_revision=2, revision=3)
    _, responses = place.publish(NOW + SECOND)
    assert (place.says(1), place.says(1, CertIDHash.SHA1), responses.set_aside) == ("GOOD", "GOOD", [])


def test_hold_that_became_final_is_not_released(place: Place, ca: CA, responder: Responder) -> None:
    """A raised reason closes the way back, also when a later response says hold again."""
    for n, revocation in enumerate([HOLD, FINAL, HOLD]):
        when = NOW + n * SECOND
        put_slice(
            place.exchange,
            ca,
            n + 1,
            both(ca, responder, 1, revocation, this_update=when),
            base_revision=n,
            revision=n + 1,
        )
        place.publish(when)
    put_slice(place.exchange, ca, 9, both(ca, responder, 1, this_update=NOW + 9 * SECOND), base_revision=3, revision=4)
    _, responses = place.publish(NOW + 9 * SECOND)
    assert place.says(1) == "REVOKED"
    assert "revoked for good" in responses.set_aside[0].reason


def test_responses_that_expired_long_ago_leave_the_store(place: Place, ca: CA, responder: Responder) -> None:
    """A certificate that is no longer in its slice is forgotten once its response is a day past; never before."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    for n, (now, left) in enumerate([(NOW + DAY, "GOOD"), (NOW + 2 * DAY, "GOOD"), (NOW + 2 * DAY + SECOND, None)]):
        put_slice(place.exchange, ca, n + 2, both(ca, responder, 2, this_update=now), this_update=now)
        place.publish(now)
        assert place.says(1) == left
    assert place.says(2) == "GOOD"


def test_at_no_moment_does_a_replay_show_a_revoked_certificate_good(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complete (good) and partial (revoked) into an empty store, with or without marks: after each transaction."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2), revision=1)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW + SECOND)
    put_slice(place.exchange, ca, 2, revoked, base_revision=1, revision=2, slice_=0)
    shown = _shown_of_1(ca, monkeypatch)
    place.publish(NOW + SECOND)
    place.wipe(place.store)
    place.publish(NOW + SECOND)
    place.wipe(place.store, place.state)
    place.publish(NOW + SECOND)
    assert shown.count("REVOKED") == len(shown) >= 6
    assert place.says(2) == "GOOD"


def _shown_of_1(ca: CA, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a store says of certificate 1, after each transaction from now on."""
    shown: list[str] = []
    put = LMDBTarget.put

    def watched(target: LMDBTarget, *arguments: object) -> int:
        count = put(target, *arguments)  # type: ignore[arg-type]
        with target._env.begin(db=target._responses) as txn:
            for hash_ in CertIDHash:
                raw = txn.get(response_key(ca.issuer.octets, hash_.octet, b"\x01"))
                shown.extend([said(bytes(raw[25:]))] if raw else [])
        return count

    monkeypatch.setattr(LMDBTarget, "put", watched)
    return shown


def test_revocation_in_a_bundle_that_could_not_be_read_for_a_moment_is_known_before_others_are_taken(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slice became two, and a new host takes both: the older bundle says good."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1), revision=1)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW + SECOND)
    name = put_slice(place.exchange, ca, 2, revoked, revision=2, slice_=1, this_update=NOW + SECOND)
    open_, opened = FolderExchange.open, list[str]()

    def fails_at_its_turn(exchange: FolderExchange, wanted: str) -> BinaryIO:
        opened.extend([wanted] if wanted == name else [])
        if wanted == name and len(opened) == 2:
            raise Unreadable("cannot be opened: Input/output error", where=name)
        return open_(exchange, wanted)

    monkeypatch.setattr(FolderExchange, "open", fails_at_its_turn)
    shown = _shown_of_1(ca, monkeypatch)
    _, outcome = place.outcomes(NOW + SECOND)
    assert outcome.error
    assert "GOOD" not in shown
    place.publish(NOW + SECOND)
    assert place.says(1) == "REVOKED"


def test_good_after_final_in_one_look_is_withheld(place: Place, ca: CA, responder: Responder) -> None:
    """Both bundles are new: the contradiction is noticed all the same."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, FINAL))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW + SECOND), revision=2)
    _, responses = place.publish(NOW + SECOND)
    assert place.says(1) == "REVOKED"
    assert [refused.bundle[:12] for refused in responses.set_aside] == ["000000000002"]
    assert "withheld" in responses.set_aside[0].reason


def test_good_that_is_withheld_keeps_none_of_its_kind_back(place: Place, ca: CA, responder: Responder) -> None:
    """A slice in which one of many responses that are alike contradicts what is known."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 5, FINAL))
    place.publish()
    data = [der for serial in range(1, 40) for der in both(ca, responder, serial, this_update=NOW + SECOND)]
    put_slice(place.exchange, ca, 2, data, revision=2)
    place.publish(NOW + SECOND)
    assert [serial for serial in range(1, 40) if place.says(serial) != "GOOD"] == [5]
    assert place.says(5) == "REVOKED"


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


def test_revocation_that_lies_in_the_future_is_not_remembered_before_its_time(
    place: Place, ca: CA, responder: Responder
) -> None:
    """A hold with a far date, held by the gate, does not keep the certificate on hold for ever."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, HOLD))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, HOLD, this_update=NOW + DAY), base_revision=1, revision=2)
    _, outcome = place.outcomes()
    assert any(line.startswith("held:") for line in outcome.lines)
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=NOW + SECOND), revision=3)
    place.publish(NOW + SECOND)
    assert place.says(1) == "GOOD"


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
