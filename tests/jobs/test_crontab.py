"""The crontab of `revocast schedule --cron`: runs come often enough, also when clocks are set, and on few machines."""

import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from jobs.crontab import CronLine, cron_lines
from revocation.errors import ConfigurationError
from tests.jobs.issuers import configured
from tests.jobs.present import Present

HERE = Path("/srv/revocast.toml")
CLOCK_CHANGES = {
    "UTC0": ("2026-03-28",),
    "CET-1CEST,M3.5.0,M10.5.0/3": ("2026-03-28", "2026-10-24"),
    "EST5EDT,M3.2.0,M11.1.0": ("2026-03-07", "2026-10-31"),
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0": ("2026-04-04", "2026-10-03"),
}
"""Time zones, and days before their clocks are set: by an hour, and on Lord Howe Island by half of one."""


def runs(line: CronLine, day: str) -> Iterator[datetime]:
    """When cron starts it in the three days from then on, in the present zone."""
    minute, hour, *rest = line.when.split()
    assert rest == ["*", "*", "*"]
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    for passed in range(3 * 1440):
        moment = begin + timedelta(minutes=passed)
        local = time.localtime(moment.timestamp())
        if _matches(minute, local.tm_min) and _matches(hour, local.tm_hour):
            yield moment


def _matches(field: str, value: int) -> bool:
    return field == "*" or (value % int(field[2:]) == 0 if field.startswith("*/") else value == int(field))


@pytest.fixture(params=CLOCK_CHANGES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process is in that zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


WINDOWS = (
    ("1d", "12h", "1h", "300s"),
    ("1d", "12h", "6h", "300s"),
    ("2h", "30m", "45m", "60s"),
    ("4h", "2h", "1h", "600s"),
    ("5h", "1h", "1h", "2h"),
    ("7d", "3d", "1d", "300s"),
    ("30d", "10d", "9d", "300s"),
    ("1h", "30m", "8m", "300s"),
    ("20m", "2m", "1m", "0s"),
)
"""expires, renewal, look and max_age of CRLs."""


@pytest.mark.parametrize("window", WINDOWS, ids="-".join)
def test_lines_suffice_for_every_window_in_every_zone(tmp_path: Path, window: tuple[str, ...], zone: str) -> None:
    """Between any two runs no more than (expires - renewal) / 2, and caches hold nothing past its end: two may fail."""
    names = ("expires", "renewal", "look", "max_age")
    crl = ", ".join(f'{name} = "{value}"' for name, value in zip(names, window, strict=True))
    public = configured(tmp_path, f"crl = {{ {crl} }}", f'crl = {{ {crl} }}\nocsp = {{ look = "6h" }}')
    refresh, _ = cron_lines(public, HERE, has_signer=True, has_publisher=True, has_jobs=True)
    (settings,) = {spec.settings for profile in public.profiles.values() for spec in profile.crls.values()}
    longest = max(after - before for day in CLOCK_CHANGES[zone] for before, after in pairwise(runs(refresh, day)))
    assert longest <= (settings.expires - settings.renewal) / 2
    skew_and_publishing = timedelta(minutes=10)
    assert settings.renewal + longest + settings.max_age + skew_and_publishing <= settings.expires
    assert refresh.every <= settings.look


def test_most_demanding_window_of_any_issuer_counts_deltas_and_responses_too(tmp_path: Path) -> None:
    """One line serves them all."""
    for lines in ('ocsp = { look = "20m" }', 'crl = { look = "20m" }', 'crl = { look = "20m", delta = "4h" }'):
        public = configured(tmp_path, "", lines)
        refresh, _ = cron_lines(public, HERE, has_signer=True, has_publisher=True, has_jobs=True)
        assert refresh.when == "*/15 * * * *"
    public = configured(tmp_path, 'crl = { look = "1h", delta = "5h" }')
    refresh, _ = cron_lines(public, HERE, has_signer=True, has_publisher=True, has_jobs=True)
    assert refresh.when == "*/30 * * * *"  # an hour with a clock that is set would be longer than 5h / 4


@pytest.mark.parametrize(
    ("has_signer", "has_publisher", "commands"),
    [
        (True, True, ["refresh", "check"]),
        (True, False, ["refresh", "check"]),
        (False, True, ["publish", "check"]),
        (False, False, ["check"]),
    ],
)
def test_each_machine_runs_what_it_has_the_tables_for(
    tmp_path: Path, has_signer: bool, has_publisher: bool, commands: list[str]
) -> None:
    """The machine with the keys publishes nothing where it has no targets, and the others need no key."""
    found = cron_lines(configured(tmp_path), HERE, has_signer=has_signer, has_publisher=has_publisher, has_jobs=True)
    assert [
        next(word for word in line.command if word in ("refresh", "publish", "check")) for line in found
    ] == commands
    assert all(line.every == timedelta(minutes=1) for line in found if "publish" in line.command)


def test_machine_with_a_registrar_cleans_up_every_five_minutes(tmp_path: Path) -> None:
    """And does nothing else, where it is by itself."""
    (line,) = cron_lines(
        configured(tmp_path), HERE, has_signer=False, has_publisher=False, has_jobs=False, has_registrar=True
    )
    assert (line.when, list(line.command[-3:])) == ("*/5 * * * *", ["acme-cleanup", "--config", str(HERE)])


def test_check_is_no_line_of_a_file_in_which_it_cannot_run(present: Present) -> None:
    """Without [jobs] it would exit with 3 each time: a comment says where it belongs, and what is printed runs."""
    text = present.config.read_text()
    present.config.write_text(text[: text.index("[signer]")] + text[text.index("[publisher]") : text.index("[jobs]")])
    printed = present.run("schedule", "--cron").stdout.splitlines()
    (line,) = [line for line in printed if not line.startswith("#")]
    assert " publish --quiet " in line
    assert "`revocast check`" in printed[-1]
    assert "[jobs]" in printed[-1]
    (told,) = json.loads(present.run("schedule", "--cron", "--json").stdout)
    assert "publish" in told["command"]


def test_what_cron_cannot_do_is_refused(tmp_path: Path) -> None:
    """Rather than looking too seldom."""
    with pytest.raises(ConfigurationError, match="more often than every minute, and `look` is 30s"):
        cron_lines(
            configured(tmp_path, 'crl = { look = "30s" }'), HERE, has_signer=True, has_publisher=True, has_jobs=True
        )


def test_line_survives_the_shell_and_the_per_cent_of_cron(tmp_path: Path) -> None:
    """A bare % ends a command in a crontab, and the rest becomes its standard input."""
    path = Path("/srv/my pki/100%/revocast.toml")
    line = str(cron_lines(configured(tmp_path), path, has_signer=True, has_publisher=True, has_jobs=True)[0])
    assert r"\%" in line
    assert "%" not in line.replace(r"\%", "")
    assert shlex.split(line.replace(r"\%", "%"))[-1] == str(path)


def test_printed_commands_run_as_cron_runs_them(present: Present) -> None:
    """With a shell, next to no PATH and the root folder: refresh does what is due."""
    result = present.run("schedule", "--cron")
    assert result.exit_code == 0, result.output
    comment, line, *_ = result.stdout.splitlines()
    assert comment == "# the machine with the keys and the targets"
    (present.estate.folder / "public/www/crl").rename(present.estate.folder / "gone")
    command = line.split(maxsplit=5)[5]
    environment = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", command], cwd="/", env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert list(present.estate.folder.glob("public/www/crl/*/all.crl"))
    (first, _) = json.loads(present.run("schedule", "--cron", "--json").stdout)
    assert (first["every"], first["when"], first["command"][-3]) == (3600, "7 * * * *", "--quiet")
