"""CRLs of a series at a publisher whose clock goes back: was it ahead, so that one came early, or is it behind now?"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.alarms import alarms
from revocation.clock import iso
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERY, EXPIRES, COUNT = 30 * DAY, 40 * DAY, 6
SERIES = {"expires": "40d", "series": {"count": COUNT, "every": "30d"}}
STEP = 10 * DAY


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher of a CA with a series, numbered from 0, that looks every ten days until the fourth has begun."""
    place = Place(tmp_path / "place", CA(Authority(not_before=NOW - DAY, days=3650)), crl=SERIES)
    for number in range(COUNT):
        begin = NOW + number * EVERY
        data = crl(place.ca, number, this_update=begin, lifetime=EXPIRES)
        put_crl(place.exchange, place.ca, number + 1, data, this_update=begin)
    for day in range(0, 100, 10):
        place.publish(NOW + day * DAY)
    return place


REAL = NOW + 91 * DAY
"""Of the look after those."""


def shown(place: Place, now: datetime) -> int:
    """The number of the CRL that is served after a look."""
    (row,) = place.publish(now)[0].crls
    return row.number


def sentences(place: Place) -> list[str]:
    """The alarms."""
    return [alarm.sentence for alarm in alarms(place.config)]


@pytest.mark.parametrize("days", [5, 15, 45, 85, 150, 3650])
def test_clock_that_is_behind_takes_nothing_down(place: Place, days: int) -> None:
    """What is served was released in time, and an older one may have ended; it says so until it is right."""
    served = place.crl_file().read_bytes()
    for after in (timedelta(0), HOUR):
        at = REAL - days * DAY + after
        (files, _) = place.publish(at)
        assert (files.set_aside, place.crl_file().read_bytes()) == ([], served)
        (alarm,) = sentences(place)
        assert f"clock is behind: it shows {iso(at)}, and looks had come to {iso(NOW + 90 * DAY)}" in alarm
    assert shown(place, REAL) == 3
    assert sentences(place) == []
    assert shown(place, NOW + 4 * EVERY) == 4


def test_clock_that_is_behind_puts_nothing_older_where_the_target_was_emptied(place: Place) -> None:
    """None is served until the clock is right, rather than one that has ended."""
    place.wipe(place.directory)
    place.publish(REAL - 45 * DAY)
    assert not place.crl_file().exists()
    assert shown(place, REAL) == 3


def test_crl_that_came_early_by_a_leap_is_taken_back(place: Place) -> None:
    """And noted with the time of the clock that is right; the others come when they begin."""
    assert shown(place, NOW + 155 * DAY) == 5
    assert shown(place, REAL) == 3
    (alarm,) = sentences(place)
    assert alarm.startswith(f"{iso(REAL)}: ")
    assert "number 5 was released early, by a clock that ran ahead: whoever fetched it can hide with it" in alarm
    assert shown(place, NOW + 4 * EVERY) == 4


def test_first_look_of_a_new_publisher_may_come_early_too(place: Place) -> None:
    """State and target are lost, and the new machine has not asked NTP yet."""
    place.wipe(place.directory, place.state)
    assert shown(place, NOW + 155 * DAY) == 5
    assert shown(place, REAL) == 3
    assert "number 5 was released early" in sentences(place)[0]


def test_publisher_that_was_off_for_months_is_believed(place: Place) -> None:
    """Its first look releases what has begun; after a week of looks it is another clock that is wrong."""
    for day in range(151, 160):
        assert shown(place, NOW + day * DAY) == 5
    assert shown(place, NOW + 125 * DAY) == 5
    assert "clock is behind" in sentences(place)[0]


def test_who_says_that_a_clock_is_right_after_all_is_believed(place: Place) -> None:
    """It was ahead for weeks, look by look: the file is taken away, as the alarm says."""
    for day in range(100, 160, 10):
        place.publish(NOW + day * DAY)
    assert shown(place, REAL) == 5
    (alarm,) = sentences(place)
    file = Path(alarm.rpartition("rm ")[2])
    assert file == place.state / "clock.json"
    file.unlink()
    assert shown(place, REAL + HOUR) == 3
    assert "number 5 was released early" in sentences(place)[0]
