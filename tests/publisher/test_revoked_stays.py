"""Responses that say good where revoked is known, or comes in the same look: what is revoked stays so."""

from datetime import timedelta
from typing import BinaryIO

import pytest

from publisher.targets.lmdb import LMDBTarget
from revocation.certid import CertIDHash
from revocation.errors import Unreadable
from revocation.status import Reason, Revocation
from revocation.store import response_key
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both
from tests.building.place import Place, said

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)


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
