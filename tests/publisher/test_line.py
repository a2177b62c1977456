"""The line in time, by itself: what may replace what."""

from datetime import timedelta

import pytest

from publisher.line import UNKNOWN_BUNDLE, CRLMark, Known, Step, crl_step, known_from, remembered, replaces
from publisher.verify_crl import VerifiedCRL
from publisher.verify_ocsp import VerifiedResponse
from revocation.artifacts import Scope
from revocation.certid import CertIDHash
from revocation.errors import GateError
from revocation.status import Reason, Revocation
from tests.authority import NOW

T = {n: NOW + timedelta(seconds=n) for n in range(5)}
LONG_AFTER = NOW + timedelta(days=1)
BEFORE = NOW - timedelta(hours=1)
"""A clock by which all of this was published by one that ran ahead."""
MARK = CRLMark(number=7, this_update=T[2], sha256="a", bundle="000000000005-00000000-crl-all.tar")
EARLIER, LATER = "000000000004-00000000-crl-all.tar", "000000000006-00000000-crl-all.tar"


def crl(number: int, second: int, sha256: str = "b") -> VerifiedCRL:
    """A verified CRL of that number and time."""
    return VerifiedCRL(b"", number, T[second], T[second] + timedelta(days=1), sha256, {}, Scope.ALL, frozenset())


def response(second: int, reason: Reason | None) -> VerifiedResponse:
    """A verified response of that time: good without a reason."""
    revocation = Revocation(NOW, reason) if reason is not None else None
    return VerifiedResponse(b"", (CertIDHash.SHA1,), b"\x01", revocation, T[second], T[second] + timedelta(days=1))


FINAL, HOLD, GOOD = Reason.superseded, Reason.certificateHold, None


@pytest.mark.parametrize(
    ("new", "bundle", "step"),
    [
        (crl(8, 3), LATER, Step.NEWER),
        (crl(7, 2, "a"), LATER, Step.SAME),
        (crl(7, 2, "a"), EARLIER, Step.SAME),
        (crl(6, 1), EARLIER, Step.SUPERSEDED),
        (crl(6, 3), MARK.bundle, Step.SUPERSEDED),
    ],
)
def test_crl_number_and_time_only_rise(new: VerifiedCRL, bundle: str, step: Step) -> None:
    """A higher number that is not older is newer; the same CRL is the same; an older bundle's older one is past."""
    assert crl_step(new, bundle, MARK, LONG_AFTER) is step


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (crl(6, 3), "number 6 is older than 7"),
        (crl(7, 3), "another CRL with the number 7"),
        (crl(8, 1), "thisUpdate does not"),
        (crl(8, 2), "thisUpdate does not"),
    ],
)
def test_crl_of_a_later_bundle_that_falls_behind_is_refused(new: VerifiedCRL, message: str) -> None:
    """Both numbers, or both times, stand in the message."""
    with pytest.raises(GateError, match=message):
        crl_step(new, LATER, MARK, LONG_AFTER)


def test_first_crl_is_newer_than_nothing_and_any_bundle_older_than_an_unknown_one() -> None:
    """Without a mark everything passes; a mark read off a target counts as set by the latest bundle."""
    assert crl_step(crl(1, 0), EARLIER, None, LONG_AFTER) is Step.NEWER
    unknown = MARK.model_copy(update={"bundle": UNKNOWN_BUNDLE})
    assert crl_step(crl(6, 1), LATER, unknown, LONG_AFTER) is Step.SUPERSEDED


@pytest.mark.parametrize("known", [GOOD, HOLD, FINAL])
@pytest.mark.parametrize("new", [GOOD, HOLD, FINAL])
@pytest.mark.parametrize("second", [1, 2, 3])
def test_status_moves_forward_only(known: Reason | None, new: Reason | None, second: int) -> None:
    """Every pair of statuses at every order of times, against the rule as the design has it."""
    at_two = known_from(response(2, known))
    offered = response(second, new)
    if new is GOOD and known is FINAL and second > 2:
        with pytest.raises(GateError, match="revoked for good"):
            replaces(offered, at_two, LONG_AFTER)
        return
    if new is FINAL and known is GOOD:
        expected = True  # what is final stays true, whatever the clocks said
    elif new is HOLD and known is GOOD:
        expected = second >= 2  # at the same second revoked wins
    else:
        expected = second > 2
    assert replaces(offered, at_two, LONG_AFTER) is expected


def test_anything_replaces_nothing() -> None:
    """A certificate that nothing is known of takes its first response."""
    assert replaces(response(0, GOOD), None, LONG_AFTER)


def test_final_revocation_stays_final_in_the_mark() -> None:
    """A hold after a final reason does not make the certificate releasable, in whatever order they arrive."""
    final, later_hold = known_from(response(1, FINAL)), known_from(response(3, HOLD))
    expected = Known(this_update=known_from(response(3, HOLD)).this_update, revoked=True, releasable=False)
    assert remembered(later_hold, final, LONG_AFTER) == remembered(final, later_hold, LONG_AFTER) == expected
    with pytest.raises(GateError):
        replaces(response(4, GOOD), expected, LONG_AFTER)


def test_what_a_clock_that_ran_ahead_published_is_followed_by_higher_numbers_at_once() -> None:
    """Nobody can rely on a CRL before its thisUpdate; an older number, or the same one, comes back never."""
    assert crl_step(crl(8, 1), LATER, MARK, BEFORE) is Step.NEWER
    for number in (6, 7):
        with pytest.raises(GateError):
            crl_step(crl(number, 1), LATER, MARK, BEFORE)
    with pytest.raises(GateError, match="its thisUpdate does not"):
        crl_step(crl(8, 1), LATER, MARK, T[2] - timedelta(minutes=4))


@pytest.mark.parametrize("known", [GOOD, HOLD, FINAL])
@pytest.mark.parametrize("new", [GOOD, HOLD, FINAL])
def test_what_a_clock_that_ran_ahead_said_is_said_again_now(known: Reason | None, new: Reason | None) -> None:
    """But good does not replace revoked: nothing tells which of the two was said last."""
    assert replaces(response(1, new), known_from(response(2, known)), BEFORE) is (new is not GOOD or known is GOOD)


def test_mark_of_a_clock_that_ran_ahead_is_set_again_and_stays_final() -> None:
    """So a hold of now can be released tomorrow, and a final revocation never."""
    now, ahead = known_from(response(1, HOLD)), known_from(response(3, HOLD))
    assert remembered(now, ahead, BEFORE) == now
    assert not remembered(now, known_from(response(3, FINAL)), BEFORE).releasable
