"""What is noted of looks: success of what was asked over the queue alone, and what is in the way of each kind."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.errors import RevocastError
from revocation.messages import Verb
from revocation.wire.journal import Journal
from revocation.wire.notes import Notes, all_names, of_signer
from revocation.wire.queue import Wire
from signer.noting import Noting
from signer.report import Report
from tests.authority import NOW
from tests.wire.server import Server

PRESIGN, CRLS = of_signer(Verb.PRESIGN), of_signer(Verb.GENERATE_CRLS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """On a server of its own."""
    with Server(tmp_path) as server:
        yield Wire(server.url).journal


def found(journal: Journal) -> Notes:
    return journal.read(all_names([]))


def test_look_that_nobody_asked_for_is_no_success(journal: Journal) -> None:
    """A worker whose looker lives, and that takes nothing from the queue, would seem well for ever."""
    noting = Noting(journal)
    noting.looked(Report(), [], NOW)
    assert found(journal).successes == {}
    noting.looked(Report(), [Verb.PRESIGN], NOW)
    assert found(journal).successes == {PRESIGN: NOW}


def test_problem_is_noted_of_its_kind_of_work_and_is_no_success(journal: Journal) -> None:
    """Whoever asked; the other kinds succeed."""
    report = Report()
    report.tell(Verb.GENERATE_CRLS, [RevocastError("the key is away")])
    Noting(journal).looked(report, [Verb.PRESIGN, Verb.GENERATE_CRLS], NOW)
    notes = found(journal)
    assert notes.successes == {PRESIGN: NOW}
    assert {name: failure.error for name, failure in notes.failures.items()} == {CRLS: "the key is away"}


def test_problem_that_is_gone_is_forgotten_by_the_next_look(journal: Journal) -> None:
    """Also by one that nobody asked for, and by the first one of a worker that was started anew."""
    for again in (True, False):
        noting, report = Noting(journal), Report()
        report.tell(Verb.GENERATE_CRLS, [RevocastError("the key is away")])
        noting.looked(report, [], NOW)
        assert set(found(journal).failures) == {CRLS}
        (noting if again else Noting(journal)).looked(Report(), [], NOW + timedelta(minutes=1))
        assert found(journal).failures == {}


def test_look_that_ends_with_an_error_failed_for_all_kinds(journal: Journal) -> None:
    """A ledger that is away keeps everything from being made."""
    Noting(journal).failed(RuntimeError("the database is away"), NOW)
    notes = found(journal)
    assert set(notes.failures) == {CRLS, PRESIGN, of_signer(Verb.GENERATE_OCSP_KEYS)}
    assert notes.failures[CRLS].error == "RuntimeError: the database is away"
