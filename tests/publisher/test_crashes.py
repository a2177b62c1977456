"""A publisher that dies at any step, also in a replay, leaves what the next look completes."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from publisher.archive import Archive
from publisher.marks import Marks, RevokedMarks
from publisher.status import read_statuses
from publisher.targets.directory import DirectoryTarget
from publisher.targets.lmdb import LMDBTarget
from responder.lmdbsource import LMDBSource
from revocation.certid import CertID, CertIDHash
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


STEPS: list[tuple[type, str, int]] = [
    (Marks, "set_crl", 1),
    (Marks, "expect_status", 4),
    (RevokedMarks, "__exit__", 1),
    (Archive, "keep", 1),
    (DirectoryTarget, "put", 1),
    (DirectoryTarget, "save_status", 1),
    (LMDBTarget, "put", 1),
    (LMDBTarget, "save_status", 1),
]
"""Whose method, and how often a publication of one CRL and one slice calls it."""

REPLAY: list[tuple[type, str, int]] = [
    (Marks, "expect_status", 4),
    (LMDBTarget, "put", 2),
    (LMDBTarget, "withdraw", 1),
    (LMDBTarget, "save_status", 2),
    (LMDBTarget, "set_filled", 2),
]
"""The same, of the replay of two slices into an empty store."""


def deaths(steps: list[tuple[type, str, int]]) -> pytest.MarkDecorator:
    """Before and after every call of every step."""
    cases = [
        pytest.param(owner, method, nth, when, id=f"{when} {owner.__name__}.{method} {nth}")
        for owner, method, calls in steps
        for nth in range(1, calls + 1)
        for when in ("before", "after")
    ]
    return pytest.mark.parametrize(("owner", "method", "nth", "when"), cases)


@deaths(STEPS)
def test_death_at_any_step_is_made_good_at_the_next_look(
    place: Place,
    ca: CA,
    responder: Responder,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
    nth: int,
    when: str,
) -> None:
    """Every n-th call of every step: afterwards all is published, nothing set aside, and nothing was wrong between."""
    old, newest = publish_old_and_put_new(place, ca, responder)
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


@deaths(REPLAY)
def test_death_during_the_replay_of_a_restored_store_is_made_good(
    place: Place,
    ca: CA,
    responder: Responder,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
    nth: int,
    when: str,
) -> None:
    """A half replayed store does not pass for a whole one, and a whole one does in the end."""
    publish_two_slices_and_lose_the_store(place, ca, responder)
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, _dying(getattr(owner, method), when, nth))
        with pytest.raises(Death):
            place.publish()
    _, responses = place.publish()
    assert [place.says(serial) for serial in (1, 2, 3)] == ["GOOD"] * 3
    assert [row.count for row in responses.slices] == [4, 2]
    source = LMDBSource(place.store)
    assert source.find(CertID.of(ca.issuer, b"\x77", CertIDHash.SHA256), NOW) is None
    source.close()


@pytest.mark.parametrize(
    ("prepare", "steps"), [("publication", STEPS), ("replay", REPLAY)], ids=["publication", "replay"]
)
def test_no_call_of_a_step_is_left_out(
    place: Place,
    ca: CA,
    responder: Responder,
    monkeypatch: pytest.MonkeyPatch,
    prepare: str,
    steps: list[tuple[type, str, int]],
) -> None:
    """The numbers of calls above are those of an undisturbed run."""
    if prepare == "publication":
        publish_old_and_put_new(place, ca, responder)
    else:
        publish_two_slices_and_lose_the_store(place, ca, responder)
    calls: Counter[tuple[type, str]] = Counter()
    for owner, method, _ in steps:
        monkeypatch.setattr(owner, method, _counting(getattr(owner, method), calls, (owner, method)))
    place.publish()
    assert calls == {(owner, method): count for owner, method, count in steps}


def publish_old_and_put_new(place: Place, ca: CA, responder: Responder) -> tuple[bytes, bytes]:
    """A certificate is published as good, and its revocation waits in the exchange; the old and the new CRL."""
    put_crl(place.exchange, ca, 1, crl(ca, 5, this_update=NOW - SECOND))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    newest = crl(ca, 6, {1: FINAL})
    put_crl(place.exchange, ca, 3, newest)
    put_slice(place.exchange, ca, 4, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    return place.crl_file().read_bytes(), newest


def publish_two_slices_and_lose_the_store(place: Place, ca: CA, responder: Responder) -> None:
    """Three certificates in two slices were published, and the store is gone."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    put_slice(place.exchange, ca, 2, both(ca, responder, 3), slice_=1)
    place.publish()
    place.wipe(place.store)


def _counting(method: Callable[..., Any], calls: "Counter[tuple[type, str]]", step: tuple[type, str]) -> Any:
    def patched(*arguments: Any, **named: Any) -> Any:
        calls[step] += 1
        return method(*arguments, **named)

    return patched


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
