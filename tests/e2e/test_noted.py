"""Work that nobody asks for, and work that nobody does, is seen by the notes of both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from revocation.messages import Verb
from revocation.wire.notes import Notes, of_publisher, of_signer
from tests.e2e.noted import missing

SINCE = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TARGETS = ["files", "bucket"]
TASKS = [Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN, Verb.PUBLISH]
WORK = [*map(of_signer, TASKS[:3]), *map(of_publisher, TARGETS)]


def all_done(at: datetime) -> Notes:
    """Everything was asked for and done then."""
    return Notes(asked=dict.fromkeys(TASKS, at), successes=dict.fromkeys(WORK, at))


def test_work_that_was_asked_for_and_done_after_the_moment_lacks_nothing() -> None:
    """The notes of a site in which everybody works."""
    assert list(missing(all_done(SINCE + SECOND), SINCE, TARGETS)) == []


def test_notes_of_before_count_for_nothing() -> None:
    """A whole site that hangs: its notes stay as they were."""
    assert len(list(missing(all_done(SINCE), SINCE, TARGETS))) == len(TASKS) + len(WORK)


@pytest.mark.parametrize("task", TASKS)
def test_task_that_no_scheduler_asks_for_is_named(task: Verb) -> None:
    """Although the workers do it by themselves."""
    notes = all_done(SINCE + SECOND)
    notes = replace(notes, asked={**notes.asked, task: SINCE})
    assert list(missing(notes, SINCE, TARGETS)) == [f"no scheduler asked for {task}"]


@pytest.mark.parametrize("name", WORK)
def test_work_without_success_is_named(name: str) -> None:
    """A worker that hangs is asked, and does nothing; of it there may be no note at all."""
    notes = all_done(SINCE + SECOND)
    notes = replace(notes, successes={one: at for one, at in notes.successes.items() if one != name})
    assert list(missing(notes, SINCE, TARGETS)) == [f"no success of {name}"]
