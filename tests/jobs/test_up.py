"""`revocast up` and its processes: signals, terminals and readers that go away, services that fail."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.first_start import prepare
from tests.jobs.upping import REVOCAST, URL, children, on_a_terminal, rest, up
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


@pytest.mark.long
def test_service_that_refuses_its_configuration_stops_everything(demo: Path, tmp_path: Path) -> None:
    """Exit 2 with the service's own words, and nothing left running."""
    data = tmp_path / "data"
    secret = demo / "issuing/private/ca.passphrase"
    prepared = prepare(data, (demo / "issuing",), URL, secret)
    prepared.config.write_text(prepared.config.read_text().replace("[responder]\n", "[responder]\nnonsense = 1\n"))
    command = [*REVOCAST, "up", "--data", str(data), "--port", "0"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert "respond | " in result.stderr
    assert "nonsense" in result.stderr
    assert "revocast up: stopped" in result.stderr
    assert not (data / "run/valkey.sock").exists()


@pytest.mark.long
def test_sigterm_while_starting_stops_cleanly(demo: Path, tmp_path: Path) -> None:
    """A machine that shuts down does not wait until everything was brought up."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    command = [*REVOCAST, "up", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: (data / "logs/valkey.log").exists())
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        said = process.stderr.read()
        assert process.wait(60) == 0, said
    assert said.endswith("revocast up: stopped\n")


@pytest.mark.long
def test_once_that_is_told_to_stop_before_its_check_fails(demo: Path, tmp_path: Path) -> None:
    """0 would say that it was checked and fine."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    command = [*REVOCAST, "up", "--data", str(data), "--port", "0", "--once"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: (data / "logs/valkey.log").exists())
        process.send_signal(signal.SIGTERM)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "told to stop before anything was checked" in said


@pytest.mark.long
def test_nohup_outlives_the_end_of_the_terminal(demo: Path, tmp_path: Path) -> None:
    """A SIGHUP that is ignored stays ignored; SIGTERM stops it as ever."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    shell = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *REVOCAST]
    with subprocess.Popen([*shell, "up", "--data", str(data), "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        while b"Ctrl-C stops" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        assert children(data)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.long
def test_output_that_nobody_reads_from_the_start_ends_nothing(tmp_path: Path) -> None:
    """`| head -1` at the very first start: the demonstration, the import and the announcement are not heard."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [*REVOCAST, "up", "--data", str(tmp_path / "data"), "--port", "0", "--once"]
    with os.fdopen(write_end, "w") as closed:
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "revocast up: stopped" in result.stderr


@pytest.fixture
def hangup_ends() -> Iterator[None]:
    """Also where the tests run under `nohup`, which what they start would take over."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.long
@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_import_ends_with_its_up(demo: Path, tmp_path: Path, how: signal.Signals) -> None:
    """Nobody works on the folder without its lock; who is told to stop says so, and nothing else."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    with contextlib.closing(sqlite3.connect(data / "signer/ledger.sqlite", isolation_level=None)) as ledger:
        ledger.execute("BEGIN IMMEDIATE")  # the import waits for it
        with up(data, "--pki", str(demo / "issuing"), stderr=subprocess.PIPE) as process:
            until(lambda: "import" in children(data))
            process.send_signal(how)
            assert process.wait(30) == (-how if how is signal.SIGKILL else 0)
            until(lambda: not children(data), seconds=3)
            assert process.stderr
            said = process.stderr.read()
    told = "revocast up: told to stop before anything was started\nrevocast up: stopped\n"
    assert said.endswith("" if how is signal.SIGKILL else told)
    assert not any(word in said for word in ("Aborted", "Traceback"))


@pytest.mark.parametrize("pause", [0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_on_the_terminal_is_heard_by_up_alone(tmp_path: Path, pause: float) -> None:
    """While the demonstration is made, at several moments: one word that it stopped, no traceback of a child."""
    pid, terminal = on_a_terminal(tmp_path / "data")
    until(lambda: (tmp_path / "data/up.lock").exists())
    time.sleep(pause)
    os.write(terminal, b"\x03")
    shown = rest(terminal)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert shown.count("revocast up: stopped") == 1
    assert not any(word in shown for word in ("Aborted", "Traceback"))


@pytest.mark.long
def test_reader_of_its_output_that_goes_away_ends_nothing(demo: Path, tmp_path: Path) -> None:
    """A `| tee` or a terminal that is closed: what dies afterwards is started again, and SIGTERM stops everything."""
    data, log = tmp_path / "data", tmp_path / "data/logs/scheduler.log"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    with up(data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        while "Ctrl-C stops" not in process.stdout.readline():
            assert process.poll() is None
        process.stdout.close()
        before = log.read_text().count("| ready")
        os.kill(children(data)["scheduler"], signal.SIGKILL)
        until(lambda: log.read_text().count("| ready") > before)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not children(data)


@pytest.mark.long
def test_server_that_hangs_while_it_is_looked_at_neither_blocks_the_stop_nor_the_restarts(
    demo: Path, tmp_path: Path
) -> None:
    """The first look from outside waits for it; what dies meanwhile is started again, and SIGTERM is heeded."""
    data, log = tmp_path / "data", tmp_path / "data/logs/respond.log"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    with up(data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        until(lambda: log.exists() and "| ready" in log.read_text())
        other = data / "logs/scheduler.log"
        hanging = children(data)["respond"]
        os.kill(hanging, signal.SIGSTOP)
        scheduler = children(data)["scheduler"]
        until(lambda: other.exists() and "| ready" in other.read_text())
        os.kill(scheduler, signal.SIGKILL)
        until(lambda: children(data).get("scheduler", scheduler) != scheduler, seconds=8)
        process.send_signal(signal.SIGTERM)
        until(lambda: set(children(data)) <= {"respond"}, seconds=8)
        os.kill(hanging, signal.SIGCONT)
        assert process.wait(30) == 0
        assert process.stderr
        assert "told to stop" in process.stderr.read()
