"""`make chaos` for half a minute."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MEASURED
from tests.e2e.chaos import chaos
from tests.e2e.programs import PROGRAMS
from tests.e2e.report import Report

CERTIFICATES, SECONDS, SEED = 80, 30, 2784


@pytest.mark.judge(*PROGRAMS, "libfaketime")
@pytest.mark.timeout(900)
@pytest.mark.long
def test_site_in_which_all_kinds_of_things_go_wrong_says_nothing_false_and_loses_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The same each time, each server killed once and a clock set back: a commit is judged by what it changed."""
    report = Report()
    chaos(tmp_path, CERTIFICATES, SECONDS, report, SEED)
    record_property(MEASURED, f"chaos: {report.as_json()}")
    assert report.problems == [], report.as_json()
