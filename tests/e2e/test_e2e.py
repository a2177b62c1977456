"""`make e2e` with a small PKI: the same site, the same clients, fewer certificates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MEASURED
from tests.e2e import run
from tests.e2e.programs import PROGRAMS
from tests.e2e.report import Report


@pytest.mark.judge(*PROGRAMS)
@pytest.mark.timeout(600)
def test_real_clients_agree_with_the_ledger_on_every_certificate_of_a_split_site(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every service twice, each with its own user of each server; revocations in the middle of everything."""
    report = Report()
    run.run(tmp_path, run.SHORT, report, seed=1)
    record_property(MEASURED, f"e2e: {report.as_json()}")
    assert report.problems == []
