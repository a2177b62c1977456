"""The course of a publisher's clock: who goes back was ahead before, or is behind now, by what led there."""

from datetime import timedelta
from itertools import pairwise

import pytest

from publisher.course import Course
from revocation.clock import from_epoch
from tests.authority import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG = 40 * DAY
"""So long looks came in steps."""


def after(*since: timedelta) -> Course:
    """The course of a clock with looks at these times since NOW."""
    course = Course.begun(NOW + since[0])
    for one in since[1:]:
        course = course.at(NOW + one)
    return course


def steps(step: timedelta, until: timedelta = LONG) -> list[timedelta]:
    """Looks as often as that."""
    return [step * n for n in range(until // step + 1)]


@pytest.mark.parametrize("step", [HOUR, DAY, 7 * DAY, 10 * DAY])
def test_clock_that_goes_back_from_where_steps_led_is_behind(step: timedelta) -> None:
    """With a worker, and with cron once a day or a week: until it is where it was, then it is right."""
    course = after(*steps(step))
    back = course.at(NOW + 3 * DAY)
    assert (back.is_behind, back.at(NOW + 4 * DAY).is_behind) == (True, True)
    assert not back.at(course.latest - MINUTE).is_behind


@pytest.mark.parametrize("step", [HOUR, DAY, 7 * DAY])
@pytest.mark.parametrize("ahead", [timedelta(0), 3 * HOUR, 6 * DAY], ids=["one look", "looks for hours", "for days"])
def test_clock_that_comes_back_to_before_a_leap_was_ahead(step: timedelta, ahead: timedelta) -> None:
    """It is right, and goes on from where the leap began."""
    right = steps(step)
    wrong = [right[-1] + 300 * DAY + one for one in steps(HOUR, ahead)]
    course = after(*right, *wrong)
    assert not course.is_behind
    back = course.at(NOW + right[-1] + step)
    assert (back.is_behind, back.latest) == (False, NOW + right[-1] + step)


def test_first_look_of_all_may_have_been_ahead() -> None:
    """Nothing is known of before it, as where the state is lost."""
    back = after(400 * DAY, 400 * DAY + HOUR).at(NOW)
    assert (back.is_behind, back.latest) == (False, NOW)


def test_leap_is_believed_once_looks_went_on_from_it_for_a_week() -> None:
    """The machine was off for months: a clock that goes back after that is behind."""
    off = 200 * DAY
    week = [off + one for one in steps(HOUR, 7 * DAY)]
    course = after(*steps(DAY), *week)
    assert course.at(NOW + 100 * DAY).is_behind
    assert course.sure == course.latest


def test_nothing_is_sure_by_a_leap_until_then() -> None:
    """What is let go of by time is let go of by the time before it."""
    right = steps(HOUR)
    course = after(*right, right[-1] + 300 * DAY, right[-1] + 300 * DAY + HOUR)
    assert course.sure == NOW + right[-1]
    assert after(timedelta(0)).sure == from_epoch(0)
    back = after(*steps(HOUR)).at(NOW + DAY)
    assert back.sure == NOW + DAY


def test_clocks_that_differ_by_minutes_are_one_clock() -> None:
    """NTP sets them back by so much."""
    course = after(*steps(HOUR))
    assert not course.at(course.latest - 5 * MINUTE).is_behind
    assert not course.went_back(course.latest - 5 * MINUTE)
    assert course.went_back(course.latest - 6 * MINUTE)


def test_leaps_of_a_machine_that_is_on_now_and_then_are_not_kept_for_ever() -> None:
    """Two looks, and none for three days, for a year."""
    moments = [n * 3 * DAY + minute * MINUTE for n in range(120) for minute in (0, 1)]
    assert all(one < other for one, other in pairwise(moments))
    assert len(after(*moments).leaps) <= 3


@pytest.mark.parametrize("step", [MINUTE, DAY, 7 * DAY, 30 * DAY], ids=["worker", "daily", "weekly", "monthly"])
@pytest.mark.parametrize("leaps", [(40, 60), (365, 395), (365, 396, 430), (3650, 4015), (3650, 300), (90, 85)])
def test_clock_that_leaps_more_than_once_is_believed_no_sooner(step: timedelta, leaps: tuple[int, ...]) -> None:
    """The first leap is no measure for the next: it comes back to before all of them, and was ahead."""
    right = steps(step, 20 * step if step > HOUR else 2 * DAY) + ([8 * DAY] if step == MINUTE else [])
    unit = max(step / DAY, 1)
    wrong = [right[-1] + unit * days * DAY + n * MINUTE for n, days in enumerate(leaps)]
    course = after(*right, *wrong)
    assert course.sure <= NOW + right[-1]
    back = course.at(NOW + right[-1] + 4 * MINUTE)
    assert (back.is_behind, back.latest) == (False, NOW + right[-1] + 4 * MINUTE)


@pytest.mark.parametrize("every", [DAY, 7 * DAY, 30 * DAY], ids=["daily", "weekly", "monthly"])
@pytest.mark.parametrize("looks", [2, 3, 4])
def test_looks_that_come_in_groups_are_steps(every: timedelta, looks: int) -> None:
    """Some of them five minutes apart, and none until the next day, week or month: a clock that goes back is behind."""
    course = after(*[n * every + one * 5 * MINUTE for n in range(30) for one in range(looks)])
    assert course.leaps == ()
    assert course.at(course.latest - every / 2).is_behind
    assert course.at(course.latest - 5 * every).is_behind


def test_week_of_a_leap_is_one_of_steps() -> None:
    """A second leap ends it no sooner, however long it was."""
    right = steps(HOUR)
    leapt = [right[-1] + 300 * DAY, right[-1] + 310 * DAY, right[-1] + 310 * DAY + HOUR]
    course = after(*right, *leapt)
    assert len(course.leaps) == 2
    assert course.sure == NOW + right[-1]


def test_leap_that_was_wrong_is_no_measure_afterwards() -> None:
    """However often the clock ran ahead, and came back."""
    course = after(*steps(7 * DAY))
    for week in range(1, 9):
        course = course.at(NOW + LONG + week * 7 * DAY + 300 * DAY).at(NOW + LONG + week * 7 * DAY)
    assert max(course.gaps) < 13 * DAY


def test_leaps_of_a_machine_that_is_on_for_minutes_a_day_are_not_kept_for_ever() -> None:
    """It would take years until looks went on for a week."""
    course = after(*[day * DAY + minute * MINUTE for day in range(60) for minute in range(20)])
    assert len(course.leaps) == 16
