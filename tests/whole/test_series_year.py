"""A year with a series: each CRL is published when it begins, without a gap, and none after it was superseded."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.alarms import alarms
from publisher.config import PublisherConfig
from publisher.publish import Outcome
from revocation.clock import iso
from tests.authority import NOW
from tests.building.year import COUNT, DAY, EVERY, EXPIRES, Year

pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl")]

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def year(tmp_path: Path) -> Year:
    """Two machines; 1 is good and 2 is revoked, and the first ceremony was held."""
    year = Year(tmp_path)
    year.online.register(year.signer, [1, 2, 3], not_after=NOW + 3000 * DAY)
    year.revoke(2, NOW)
    year.hold(NOW, "first")
    return year


def require_nothing_wrong(outcome: Outcome) -> None:
    """Nobody has to look."""
    assert outcome.error is None
    assert (outcome.status.set_aside, outcome.status.held) == ([], [])


def test_year_has_no_gap_for_openssl(year: Year) -> None:
    """At the beginning and the end of each window, a second before and after, and in between, as the clock goes on."""
    good, revoked = year.issue(1), year.issue(2)
    first = int(NOW.timestamp())
    for number in range(COUNT):
        begin = NOW + number * EVERY
        outcome = year.publish(begin)
        require_nothing_wrong(outcome)
        assert year.number() == first + number
        assert len(outcome.status.scheduled) == COUNT - 1 - number
        for at in (begin, begin + SECOND, begin + EXPIRES - EVERY, begin + EVERY / 2, begin + EVERY - SECOND):
            require_nothing_wrong(year.publish(at))
            assert (year.verdict(good, at), year.verdict(revoked, at)) == ("good", "revoked"), at
            assert year.number() == first + number
        late = begin + EVERY + HOUR  # a look that comes an hour late finds the one before still valid
        assert (year.verdict(good, late), year.verdict(revoked, late)) == ("good", "revoked")
    assert "expired" in year.verdict(good, NOW + 11 * EVERY + EXPIRES + SECOND)


def test_future_ones_lie_in_no_target(year: Year) -> None:
    """Neither a file nor a copy of one: only what has begun is served, whatever else the target has beside it."""
    file = year.online.folder / "revocast.toml"
    file.write_text(file.read_text().replace('path = "public"', 'path = "public"\nnumbered = true\npem = true'))
    first = int(NOW.timestamp())
    for number in range(3):
        year.publish(NOW + number * EVERY)
        served = year.served.parent
        assert {one.name for one in served.iterdir()} == {
            *("all.crl", "all.pem", "crls.json"),
            *(f"all-{first + one}.crl" for one in range(number + 1)),
        }
    archive = {one.name for one in (year.online.folder / "publisher/crls").rglob("*.crl")}
    assert archive == {f"{first + number}.crl" for number in range(3)}


def superseded(year: Year) -> list[Path]:
    """A revocation in the fifth month, and what lay in the exchange before its ceremony."""
    for number in range(5):
        year.publish(NOW + number * EVERY)
    kept = year.stick / "kept"
    shutil.copytree(year.online.folder / "exchange", kept)
    year.revoke(3, NOW + 130 * DAY)
    year.hold(NOW + 131 * DAY, "second")
    return sorted(kept.glob("*-crl-*.tar"))


def test_revocation_in_the_fifth_month_is_seen_at_once_and_nothing_of_before_comes_after_it(year: Year) -> None:
    """The rest of the old series is gone, and the new one goes on for a year."""
    third = year.issue(3)
    superseded(year)
    assert year.verdict(third, NOW + 131 * DAY) == "good"
    first = int((NOW + 131 * DAY).timestamp())
    for number in range(COUNT):
        begin = NOW + 131 * DAY + number * EVERY
        for at in (begin, begin + EVERY / 2):
            require_nothing_wrong(year.publish(at))
            assert year.verdict(third, at) == "revoked"
            assert year.number() == first + number


@pytest.mark.parametrize("renamed", [False, True])
def test_old_bundles_that_somebody_puts_back_are_never_released(year: Year, renamed: bool) -> None:
    """Under their names or as the newest there are: at each of their windows the new series stays."""
    third = year.issue(3)
    old = superseded(year)
    year.publish(NOW + 131 * DAY)
    exchange = year.online.folder / "exchange"
    for number, bundle in enumerate(old):
        name = f"{90000 + number:012d}{bundle.name[12:]}" if renamed else bundle.name
        shutil.copy(bundle, exchange / name)
    for at in (NOW + 131 * DAY + HOUR, *(NOW + number * EVERY for number in range(5, COUNT))):
        outcome = year.publish(at)
        assert year.verdict(third, at) == "revoked"
        assert bool(outcome.status.set_aside) is renamed


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("lost", [(), ("public",)])
def test_old_bundles_are_not_released_by_a_clock_that_went_back_either(
    year: Year, lost: tuple[str, ...], renamed: bool
) -> None:
    """By it the CRL that lists the revocation has not begun, and one of before it is valid, and was published once."""
    third = year.issue(3)
    old = superseded(year)
    year.publish(NOW + 131 * DAY)
    first = int((NOW + 131 * DAY).timestamp())
    for folder in lost:
        shutil.rmtree(year.online.folder / folder)
    for number, bundle in enumerate(old):
        name = f"{90000 + number:012d}{bundle.name[12:]}" if renamed else bundle.name
        shutil.copy(bundle, year.online.folder / "exchange" / name)
    for at in (NOW + 121 * DAY, NOW + 122 * DAY):
        year.publish(at)
        if lost:
            assert not year.served.exists()
        else:
            assert (year.number(), year.verdict(third, NOW + 131 * DAY)) == (first, "revoked")
    year.publish(NOW + 132 * DAY)
    assert (year.number(), year.verdict(third, NOW + 132 * DAY)) == (first, "revoked")


def test_old_bundle_is_not_released_where_marks_and_target_are_lost_too(year: Year) -> None:
    """What supersedes it lies in the exchange, and comes first."""
    third = year.issue(3)
    old = superseded(year)
    shutil.copy(old[5], year.online.folder / "exchange" / old[5].name)
    for lost in ("publisher", "public"):
        shutil.rmtree(year.online.folder / lost)
    at = NOW + 151 * DAY
    outcome = year.publish(at)
    assert year.verdict(third, at) == "revoked"
    assert not [line for line in outcome.lines if f"number {int(NOW.timestamp()) + 5} published" in line]


def test_ceremony_whose_stick_was_slow_still_supersedes(year: Year) -> None:
    """One of the old series began on the way: the new one is of before it, and has the higher number."""
    third = year.issue(3)
    for number in range(5):
        year.publish(NOW + number * EVERY)
    year.revoke(3, NOW + 148 * DAY)
    year.sign(year.request(NOW + 148 * DAY), NOW + 148 * DAY, "second")
    year.publish(NOW + 150 * DAY)
    assert year.number() == int(NOW.timestamp()) + 5
    year.accept("second", NOW + 151 * DAY)
    require_nothing_wrong(year.publish(NOW + 151 * DAY))
    assert year.verdict(third, NOW + 151 * DAY) == "revoked"


@pytest.mark.parametrize("lost", [("publisher",), ("public",), ("publisher", "public")])
def test_what_is_lost_comes_back_with_the_one_that_has_begun(year: Year, lost: tuple[str, ...]) -> None:
    """The state folder, the target, or both: the current one and none of the future."""
    good = year.issue(1)
    for number in range(5):
        year.publish(NOW + number * EVERY)
    for folder in lost:
        shutil.rmtree(year.online.folder / folder)
    at = NOW + 4 * EVERY + DAY
    outcome = year.publish(at)
    require_nothing_wrong(outcome)
    assert year.number() == int(NOW.timestamp()) + 4
    assert year.verdict(good, at) == "good"
    assert len(outcome.status.scheduled) == COUNT - 5
    year.publish(NOW + 5 * EVERY)
    assert year.number() == int(NOW.timestamp()) + 5


def test_clock_that_ran_ahead_for_one_look_does_not_use_up_the_year(year: Year) -> None:
    """Once it is right again, what has begun is served, and the rest when it begins."""
    good = year.issue(1)
    year.publish(NOW)
    year.publish(NOW + DAY)
    year.publish(NOW + 340 * DAY)
    assert year.number() == int(NOW.timestamp()) + 11
    year.publish(NOW + 2 * DAY)
    assert year.number() == int(NOW.timestamp())
    assert year.verdict(good, NOW + 2 * DAY) == "good"
    year.publish(NOW + EVERY)
    assert year.number() == int(NOW.timestamp()) + 1


def test_clock_that_ran_far_ahead_for_one_look_leaves_no_gap(year: Year) -> None:
    """All of it had ended by that clock; each is released when its time comes by the right one."""
    good = year.issue(1)
    year.publish(NOW)
    year.publish(NOW + 400 * DAY)
    for number in range(COUNT):
        at = NOW + number * EVERY + 2 * DAY
        year.publish(at)
        assert (year.number(), year.verdict(good, at)) == (int(NOW.timestamp()) + number, "good")


def test_crl_that_was_released_early_is_an_alarm_until_somebody_has_seen_to_it(year: Year) -> None:
    """With number and window: whoever fetched it can hide with it what is revoked later, until its end."""
    config = PublisherConfig.read(year.online.file)
    year.publish(NOW)
    assert not any("released early" in alarm.sentence for alarm in alarms(config))
    year.publish(NOW + 340 * DAY)
    for days in (2, 3, 40):
        year.publish(NOW + days * DAY)
    (alarm,) = [alarm for alarm in alarms(config) if "released early" in alarm.sentence]
    assert f"number {int(NOW.timestamp()) + 11} was released early" in alarm.sentence
    assert f"from {iso(NOW + 11 * EVERY)} until {iso(NOW + 11 * EVERY + EXPIRES)}" in alarm.sentence
    (config.state / "released-early.txt").unlink()
    year.publish(NOW + 41 * DAY)
    assert not any("released early" in alarm.sentence for alarm in alarms(config))


def test_hold_that_ended_leaves_the_list_also_where_the_stick_was_slow(year: Year) -> None:
    """Why it left is told on the day of the ceremony, before the CRL that is published by then, and after its facts."""
    third = year.issue(3)
    year.revoke(3, NOW + HOUR, "certificateHold")
    year.hold(NOW + 2 * HOUR, "held")
    year.publish(NOW + 2 * HOUR)
    year.release(3, NOW + 10 * DAY)
    year.sign(year.request(NOW + 25 * DAY), NOW + 25 * DAY, "released")
    year.publish(NOW + 31 * DAY)
    assert year.verdict(third, NOW + 31 * DAY) == "revoked"
    year.accept("released", NOW + 31 * DAY)
    outcome = year.publish(NOW + 31 * DAY)
    require_nothing_wrong(outcome)
    assert len(outcome.status.scheduled) == COUNT - 1
    assert year.verdict(third, NOW + 31 * DAY) == "good"
