"""A ledger that is lost within the year of a series, on either machine: what was published is learned, and goes on."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from revocation.clock import fixed, iso
from revocation.errors import Refused
from signer.ceremony import collecting
from signer.ceremony.request import Request, decode
from signer.ceremony.sign import prepare
from tests.authority import NOW
from tests.building.recovery import back_up, lose_ledger, reconcile_with, restore
from tests.building.year import COUNT, DAY, Year

pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl")]

SECOND_CEREMONY, LOST, AGAIN = NOW + 131 * DAY, NOW + 140 * DAY, NOW + 141 * DAY


@pytest.fixture
def year(tmp_path: Path) -> Year:
    """The first ceremony was held."""
    year = Year(tmp_path)
    year.online.register(year.signer, [1, 2, 3], not_after=NOW + 3000 * DAY)
    year.revoke(2, NOW)
    year.hold(NOW, "first")
    year.publish(NOW)
    return year


def hold_second(year: Year, reason: str = "keyCompromise") -> None:
    """A revocation in the fifth month, and its ceremony."""
    year.revoke(3, SECOND_CEREMONY - DAY, reason)
    year.hold(SECOND_CEREMONY, "second")
    year.publish(SECOND_CEREMONY)


def require_goes_on(year: Year, request: Request) -> None:
    """A ceremony is held, accepted and published, whose series has all that was revoked."""
    before = year.number()
    year.sign(request, AGAIN, "again")
    assert len(year.accept("again", AGAIN).crls) == COUNT
    outcome = year.publish(AGAIN)
    assert (outcome.status.set_aside, outcome.status.held) == ([], [])
    assert len(outcome.status.scheduled) == COUNT - 1
    assert year.number() > before + COUNT - 1
    verdicts = [year.verdict(year.issue(serial), AGAIN) for serial in (1, 2, 3)]
    assert verdicts == ["good", "revoked", "revoked"]


def everything(year: Year) -> Request:
    """A request with all messages there ever were, without those of which the new ledger cannot know if it did them."""
    request = decode(collecting.collect(year.signer, fixed(AGAIN), everything=True, copied=False)[1])
    since = {asked.message.id for asked in request.messages if asked.recorded_at > NOW + DAY}
    return replace(request, left_out=frozenset(since))


def test_offline_ledger_that_is_lost_goes_on_above_the_series(year: Year) -> None:
    """Its backup knows nothing of the last ceremony; its exchange has what that signed."""
    backup = back_up(year.offline, NOW + DAY)
    hold_second(year)
    lose_ledger(year.offline)
    reconcile_with(year.online, restore(year.offline, backup, LOST), LOST)
    request = everything(year)
    shown = "\n".join(prepare(year.there(), request, fixed(AGAIN)).lines())
    assert f"compared with number {year.number()} of {iso(SECOND_CEREMONY)}:\n      no entry is added" in shown
    require_goes_on(year, request)


def test_online_ledger_that_is_lost_goes_on_with_the_next_ceremony(year: Year) -> None:
    """Its backup lacks the revocation that the last ceremony signed."""
    backup = back_up(year.online, NOW + DAY)
    hold_second(year)
    lose_ledger(year.online)
    year.signer = restore(year.online, backup, LOST)
    reconcile_with(year.online, year.signer, LOST)
    require_goes_on(year, year.request(AGAIN))


def test_hold_since_a_series_was_filed_is_not_taken_for_released_by_its_later_crls(year: Year) -> None:
    """They begin later than the published one, which lists it, and were signed before it."""
    backup = back_up(year.offline, NOW + DAY)
    hold_second(year, "certificateHold")
    lose_ledger(year.offline)
    shutil.rmtree(year.offline.folder / "exchange")
    restored = restore(year.offline, backup, LOST)
    summary = reconcile_with(year.online, restored, LOST, year.served, year.stick / "first")
    assert summary.released == 0
    with pytest.raises(Refused, match="is known online, and this ledger made none above") as refused:
        year.sign(everything(year), AGAIN, "behind")
    assert "the folder of the last ceremony" in refused.value.advice
    reconcile_with(year.online, restored, LOST, year.stick / "second")
    require_goes_on(year, everything(year))


def test_series_of_before_the_last_is_not_enough_to_learn_from(year: Year) -> None:
    """Its last CRL begins after the one that this ledger knows it signed, and was signed before it."""
    hold_second(year)
    backup = back_up(year.offline, LOST - DAY)
    lose_ledger(year.offline)
    shutil.rmtree(year.offline.folder / "exchange")
    restored = restore(year.offline, backup, LOST)
    with pytest.raises(Refused, match="the newest that was found is number"):
        reconcile_with(year.online, restored, LOST, year.stick / "first")
