"""`check` and `status` of an issuer whose CA key signs responses itself, at ceremonies that are months apart."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.check import run
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Level, worst
from jobs.overview import State, lines
from jobs.wanted import Wanted
from publisher.config import PublisherConfig
from publisher.status import read_statuses
from tests.jobs.checking import end_entity
from tests.jobs.site import Site

OFFLINE = 'signed_by = "issuer"\nexpires = "200d"\nrenewal = "1d"\nlook = "95d"'


@pytest.mark.parametrize(
    ("days", "level", "state"),
    [
        (0, Level.OK, State.FRESH),
        (95, Level.OK, State.DUE),
        (97, Level.WARNING, State.OVERDUE),
        (201, Level.CRITICAL, State.EXPIRED),
    ],
)
def test_check_and_status_of_direct_responses_follow_their_ceremonies(
    tmp_path: Path, days: int, level: Level, state: State
) -> None:
    """Fine until a look has passed without a new one, then late, and critical when they have expired."""
    site = Site(tmp_path / "site", OFFLINE)
    try:
        site.bring_up(good=[6])
        site.now += timedelta(days=days)
        site.close_store()
        statuses = read_statuses(PublisherConfig.read(site.estate.file), site.public, site.now)
        site.reopen_store()
        found = run(Plan(site.public, site.base, [end_entity(site, 6)], 5, 5), MarksFile(tmp_path / "marks"), site.now)
    finally:
        site.close()
    states = {line.state for line in lines(statuses, site.public, Wanted(), site.now) if "slice" in line.what}
    of_ocsp = [finding for finding in found if finding.what.startswith("ocsp")]
    assert (worst(of_ocsp), states) == (level, {state}), of_ocsp
