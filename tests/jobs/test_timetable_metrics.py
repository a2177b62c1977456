"""`revocast schedule --prometheus`, and the file of metrics that cron writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from revocation.clock import epoch, now
from tests.jobs.present import Present
from tests.responder.scraping import read


def test_metrics_say_when_work_succeeded_and_whether_that_is_too_long_ago(present: Present, tmp_path: Path) -> None:
    """As Prometheus reads them; a time and not an age, since a file of metrics may be old itself."""
    assert present.run("refresh").exit_code == 0
    result = present.run("schedule", "--prometheus")
    assert result.exit_code == 0
    found = read(result.output)
    assert abs(found['revocast_task_last_success_timestamp_seconds{task="presign"}'] - epoch(now())) < 60
    assert found['revocast_task_patience_seconds{task="publish",target="files"}'] == 7500
    assert found['revocast_task_trouble{task="generate_crls"}'] == 0
    assert found["revocast_tasks_known"] == 1
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    away = present.run("schedule", "--prometheus")
    assert (away.exit_code, "revocast_tasks_known 0\n" in away.output) == (3, True)


@pytest.mark.parametrize("known", ["revocast_tasks_known", "revocast_signer_answered"])
def test_file_of_metrics_stays_where_nothing_could_be_printed(present: Present, tmp_path: Path, known: str) -> None:
    """By the crontab line of docs/monitoring.md: an empty file would take the metrics away, and no rule would fire."""
    text = (Path(__file__).parents[2] / "docs/monitoring.md").read_text()
    (line,) = re.findall(r"^\* \* \* \* \*  (.*revocast metrics .*)$", text, re.MULTILINE)
    folder = tmp_path / "collected"
    folder.mkdir()
    for place, here in {
        "/var/lib/prometheus/node-exporter": str(folder),
        "/srv/venv/bin/revocast": f"{sys.executable} -P -m revocation",
        "/srv/revocast/revocast.toml": str(present.config),
    }.items():
        assert line.count(place) == 1
        line = line.replace(place, here)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def collected() -> str:
        subprocess.run(["sh", "-c", line], env=environment, capture_output=True, check=False, timeout=120)
        (file,) = folder.glob("*.prom")
        return file.read_text()

    assert f"{known} 1\n" in (first := collected())
    present.config.write_text(present.config.read_text().replace("[[signer.requesters]]", "[[signer.nonsense]]", 1))
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    assert f"{known} 0\n" in (unknown := collected())
    assert first != unknown
    present.config.write_text("nonsense")
    assert collected() == unknown
