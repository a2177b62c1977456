"""`revocast metrics`: one command for all that a machine knows, and a file that is whole or of before."""

import stat
from pathlib import Path

import pytest

from revocation.errors import RevocastError
from tests.jobs.present import Present
from tests.responder.scraping import read


def names(text: str) -> set[str]:
    """Of all samples, with their labels."""
    return set(read(text))


def refuses(*_: object) -> None:
    """An exchange that cannot be listed."""
    raise RevocastError("cannot be listed: Input/output error", where="exchange")


def test_all_that_two_commands_show_is_printed_by_one(present: Present) -> None:
    """A machine with everything, by cron."""
    assert present.run("refresh").exit_code == 0
    one = present.run("metrics")
    assert one.exit_code == 0, one.output
    two = [present.run("status", "--prometheus", "--timeout", "60"), present.run("schedule", "--prometheus")]
    assert all(names(result.stdout) for result in two)
    assert names(one.stdout) == names(two[0].stdout) | names(two[1].stdout)
    assert read(one.stdout)["revocast_signer_answered"] == read(one.stdout)["revocast_tasks_known"] == 1
    assert "revocast_signer_answered" not in read(present.run("metrics", "--no-signer").stdout)


def test_what_is_wrong_stands_in_the_metrics_and_keeps_no_file_from_being_written(
    present: Present, tmp_path: Path
) -> None:
    """The queue is away: what lies on the targets is known all the same, and that the rest is not."""
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    file = tmp_path / "revocast.prom"
    assert present.run("metrics", "--output", str(file)).exit_code == 0
    found = read(file.read_text())
    assert found["revocast_tasks_known"] == 0
    assert found['revocast_published_known{target="files"}'] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_publisher_on_a_queue_tells_of_its_targets_and_of_its_own_work_alone(present: Present) -> None:
    """Its user may read nothing there; what the worker succeeded in stands in its own file."""
    text = present.config.read_text()
    text = text[: text.index("[signer]")] + text[text.index("[publisher]") : text.index("[jobs]")]
    present.config.write_text(text.replace("[publisher]", '[publisher]\nqueue = "unix:///nowhere.sock"', 1))
    result = present.run("metrics")
    assert result.exit_code == 0, result.output
    found = read(result.stdout)
    assert found['revocast_published_known{target="files"}'] == 1
    assert {name.partition("{")[2] for name in found if "_task_" in name} == {
        'task="publish",target="files"}',
        'task="publish",target="responses"}',
    }
    assert not [name for name in found if "signer" in name]


@pytest.mark.parametrize(("broken", "code"), [("configuration", 2), ("exchange", 3), ("folder", 1)])
def test_file_of_before_stays_where_nothing_can_be_said(
    present: Present, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, code: int
) -> None:
    """Times stand in it and no ages, so it goes on to tell the truth."""
    file = tmp_path / "collected" / "revocast.prom"
    assert present.run("metrics", "--no-signer", "--output", str(file)).exit_code == 0
    before = file.read_text()
    if broken == "configuration":
        present.config.write_text("nonsense")
    elif broken == "exchange":
        monkeypatch.setattr("jobs.metrics.look_at_exchange", refuses)
    else:
        file.parent.rename(tmp_path / "elsewhere")
        file.parent.write_text("no folder")
        file = tmp_path / "elsewhere" / "revocast.prom"
    result = present.run("metrics", "--no-signer", "--output", str(tmp_path / "collected" / "revocast.prom"))
    assert (result.exit_code, file.read_text()) == (code, before)
