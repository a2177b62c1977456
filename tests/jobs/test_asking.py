"""Whether a scheduler is missed: told where one has asked and asks no more, and nowhere else."""

from datetime import UTC, datetime, timedelta

from jobs.asking import asking
from revocation.windows import SKEW
from revocation.wire.notes import Notes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def noted(*moments: datetime) -> Notes:
    """Of as many tasks."""
    return Notes(asked={f"task {number}": moment for number, moment in enumerate(moments)})


def test_scheduler_is_missed_after_five_minutes_of_the_newest_that_any_task_was_asked() -> None:
    """However often the most frequent task has a slot."""
    for ago, told in ((5 * MINUTE - SECOND, ""), (5 * MINUTE, "no scheduler has asked since 2026-03-01T11:55:00Z: ")):
        found = asking(noted(NOW - ago, NOW - timedelta(hours=3)), NOW, expected=False)
        assert (found.last, found.trouble.startswith(told), bool(found.trouble)) == (NOW - ago, True, bool(told))
        assert found.goes_on is not bool(told)


def test_note_of_a_time_to_come_hides_no_scheduler_that_is_dead() -> None:
    """Who may write notes could keep the alarm quiet for a year; clocks are five minutes apart at most."""
    dead = NOW - timedelta(hours=1)
    found = asking(noted(dead, NOW + SKEW + SECOND), NOW, expected=False)
    assert (found.last, bool(found.trouble)) == (dead, True)
    assert asking(noted(dead, NOW + SKEW), NOW, expected=False).trouble == ""
    assert asking(noted(NOW + timedelta(days=365)), NOW, expected=True).last is None


def test_scheduler_that_was_never_there_is_missed_only_where_there_has_to_be_one() -> None:
    """Work that `jobs.api` or cron asks for over the queue needs none; it promises nothing either."""
    for expected in (False, True):
        found = asking(Notes(), NOW, expected=expected)
        assert (found.last, bool(found.trouble), found.goes_on) == (None, expected, False)
