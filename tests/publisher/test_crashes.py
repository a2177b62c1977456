"""A publisher that dies at any step, also in a replay, leaves what the next look completes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from publisher.marks import Marks, RevokedMarks
from publisher.status import read_statuses
from publisher.targets.directory import DirectoryTarget
from publisher.targets.lmdb import LMDBTarget
from revocation.certid import CertIDHash
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

SECOND = timedelta(seconds=1)
FINAL = Revocation(NOW - timedelta(days=1), Reason.keyCompromise)


class Death(BaseException):
    """As if the process was killed here."""


STEPS = [
    (Marks, "set_crl"),
    (Marks, "expect_status"),
    (RevokedMarks, "__exit__"),
    (DirectoryTarget, "put"),
    (DirectoryTarget, "save_status"),
    (LMDBTarget, "put"),
    (LMDBTarget, "save_status"),
]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "method"), STEPS)
def test_death_at_any_step_is_made_good_at_the_next_look(
    place: Place,
    ca: CA,
    responder: Responder,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
    when: str,
    nth: int,
) -> None:
    """Every n-th call of every step: afterwards all is published, nothing set aside, and nothing was wrong between."""
    put_crl(place.exchange, ca, 1, crl(ca, 5, this_update=NOW - SECOND))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    newest = crl(ca, 6, {1: FINAL})
    put_crl(place.exchange, ca, 3, newest)
    put_slice(place.exchange, ca, 4, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    old = place.crl_file().read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, _dying(getattr(owner, method), when, nth))
        with pytest.raises(Death):
            place.publish()
    assert place.crl_file().read_bytes() in (old, newest)
    assert place.says(1) in ("GOOD", "REVOKED")
    outcomes = place.outcomes()
    assert [(outcome.error, outcome.set_aside) for outcome in outcomes] == [(None, []), (None, [])]
    files, responses = read_statuses(place.config, place.public, NOW)
    assert place.crl_file().read_bytes() == newest
    assert [place.says(1, hash_) for hash_ in CertIDHash] == ["REVOKED", "REVOKED"]
    assert (files.crls[0].number, responses.slices[0].revision) == (6, 2)
    assert [outcome.lines for outcome in place.outcomes()] == [[], []]


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["put", "save_status", "withdraw"])
def test_death_during_the_replay_of_a_restored_store_is_made_good(
    place: Place,
    ca: CA,
    responder: Responder,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    when: str,
    nth: int,
) -> None:
    """A half replayed store does not pass for a whole one."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    put_slice(place.exchange, ca, 2, both(ca, responder, 3), slice_=1)
    place.publish()
    place.wipe(place.store)
    with monkeypatch.context() as patch:
        patch.setattr(LMDBTarget, method, _dying(getattr(LMDBTarget, method), when, nth))
        with pytest.raises(Death):
            place.publish()
    _, responses = place.publish()
    assert [place.says(serial) for serial in (1, 2, 3)] == ["GOOD"] * 3
    assert [row.count for row in responses.slices] == [4, 2]


def _dying(method: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls = 0

    def patched(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            raise Death
        result = method(*arguments, **named)
        if calls == nth:
            raise Death
        return result

    return patched
