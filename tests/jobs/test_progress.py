"""How periodic work stands: what counts as success, how long it may be away, and what is said of it then."""

from datetime import datetime, timedelta

import pytest

from jobs.progress import Known, Progress, Standing, other_failures, progress
from jobs.schedule import Task
from revocation.messages import Verb
from revocation.wire.notes import Failure, Notes, of_publisher, of_registrar, of_signer
from tests.authority import NOW
from tests.jobs.issuers import crl_row, slice_row, status

HOURLY = Task(Verb.GENERATE_CRLS, timedelta(hours=1))
PRESIGN = Task(Verb.PRESIGN, timedelta(hours=1))
KEYS = Task(Verb.GENERATE_OCSP_KEYS, timedelta(hours=1))
MINUTELY = Task(Verb.PUBLISH, timedelta(minutes=1))
CRLS = of_signer(Verb.GENERATE_CRLS)


def one(task: Task, known: Known, now: datetime, *targets: str) -> Progress:
    """Of one task alone."""
    (found,) = progress([task], targets, known, now)
    return found


@pytest.mark.parametrize(
    ("minutes", "standing"), [(0, Standing.DONE), (125, Standing.DONE), (126, Standing.LATE), (9999, Standing.LATE)]
)
def test_hourly_task_is_late_after_two_hours_and_a_publication(minutes: int, standing: Standing) -> None:
    """Two looks in a row may fail, by the same rule by which intervals are chosen; a third may not."""
    notes = Notes(successes={CRLS: NOW})
    assert one(HOURLY, Known(notes), NOW + timedelta(minutes=minutes)).standing is standing


def test_publishing_is_late_after_seven_minutes_and_by_target() -> None:
    """A publisher that works says nothing of one that hangs."""
    notes = Notes(successes={of_publisher("files"): NOW, of_publisher("store"): NOW - timedelta(minutes=8)})
    files, store, lost = progress([MINUTELY], ["files", "store", "lost"], Known(notes), NOW)
    assert [found.standing for found in (files, store, lost)] == [Standing.DONE, Standing.LATE, Standing.LATE]
    assert "publish lost: no success that is known" in lost.trouble


@pytest.mark.parametrize("task", [HOURLY, PRESIGN, KEYS, MINUTELY])
def test_what_is_published_counts_as_success(task: Task) -> None:
    """Right after the queue server lost all notes, a CRL and a response of this hour prove what their makers did."""
    published = status("files", crl_row(), slice_row(1))
    found = one(task, Known(Notes(), [published]), NOW + timedelta(minutes=6), "files")
    assert (found.standing, found.success) == (Standing.DONE, NOW)
    assert one(task, Known(Notes(), [published]), NOW + timedelta(minutes=126), "files").standing is Standing.LATE


def test_crl_proves_no_response_and_another_target_no_publication() -> None:
    """Each task is shown by what it makes."""
    assert one(PRESIGN, Known(Notes(), [status("files", crl_row())]), NOW).standing is Standing.LATE
    assert one(HOURLY, Known(Notes(), [status("files", slice_row(1))]), NOW).standing is Standing.LATE
    assert one(MINUTELY, Known(Notes(), [status("files", crl_row())]), NOW, "other").standing is Standing.LATE


def test_cleaning_up_is_shown_by_its_own_note_alone() -> None:
    """Nothing that is published proves it; who hangs is the registrar's worker."""
    cleanup, late = Task(Verb.ACME_CLEANUP, timedelta(minutes=5)), NOW + timedelta(minutes=16)
    published = status("files", crl_row(), slice_row(1))
    found = one(cleanup, Known(Notes(asked={Verb.ACME_CLEANUP: late}), [published]), late)
    assert found.standing is Standing.LATE
    assert "see whether `worker registrar` hangs" in found.trouble
    done = Notes(successes={of_registrar(Verb.ACME_CLEANUP): late})
    assert one(cleanup, Known(done, [published]), late).standing is Standing.DONE


def test_success_that_is_yet_to_come_is_none() -> None:
    """Whoever forges one for the year 2099 reassures for as long as a forged note of now: not at all, then."""
    notes = Notes(successes={CRLS: NOW + timedelta(days=365)})
    assert one(HOURLY, Known(notes), NOW).standing is Standing.LATE
    ahead = Notes(successes={CRLS: NOW + timedelta(minutes=4)})
    assert one(HOURLY, Known(ahead), NOW).standing is Standing.DONE


def test_notes_that_cannot_be_read_leave_it_unknown() -> None:
    """That is neither well nor late."""
    assert one(HOURLY, Known(None), NOW).standing is Standing.UNKNOWN


def test_trouble_names_the_part_that_does_not_do_its_work() -> None:
    """Asked and not done is the worker; not asked is the scheduler; and why it failed stands with it."""
    late = NOW + timedelta(hours=3, minutes=10)
    failed = {CRLS: Failure(at=NOW + timedelta(hours=3), error="the key is away")}
    asked = Notes({"generate_crls": NOW + timedelta(hours=3)}, {CRLS: NOW}, failed)
    assert one(HOURLY, Known(asked), late).trouble == (
        "generate_crls: no success since 2026-03-01T12:00:00Z; asked for at 2026-03-01T15:00:00Z: see whether "
        "`worker signer` hangs, and its log; it failed at 2026-03-01T15:00:00Z: the key is away"
    )
    not_asked = Notes({"generate_crls": NOW}, {CRLS: NOW})
    assert "no scheduler has asked for it since 2026-03-01T12:00:00Z" in one(HOURLY, Known(not_asked), late).trouble
    assert (
        "`revocast refresh`"
        in one(HOURLY, Known(Notes(), unasked="see whether cron runs `revocast refresh`"), late).trouble
    )


def test_failure_before_the_last_success_is_over() -> None:
    """And one since is shown, though the task is not late yet."""
    for minutes, is_shown in ((-1, False), (1, True)):
        failure = Failure(at=NOW + timedelta(minutes=minutes), error="x")
        found = one(HOURLY, Known(Notes(successes={CRLS: NOW}, failures={CRLS: failure})), NOW + timedelta(minutes=2))
        assert (found.failure is not None, found.standing) == (is_shown, Standing.DONE)


def test_failed_revocation_is_told_beside_the_tasks() -> None:
    """It has no slot, and somebody waits for it."""
    again = Failure(at=NOW, error="the disk is full", again_at=NOW + timedelta(seconds=8))
    notes = Notes(failures={"signer:revoke": again, CRLS: again})
    assert other_failures(notes, [one(HOURLY, Known(notes), NOW)]) == [
        "signer:revoke: failed at 2026-03-01T12:00:00Z: the disk is full; it is tried again at 2026-03-01T12:00:08Z"
    ]
