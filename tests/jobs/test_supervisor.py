"""The supervisor with real processes: started in order, restarted when they die, stopped in reverse, none left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import jobs.supervisor
from jobs.child import Service
from jobs.services import services
from jobs.stop import Stop
from jobs.supervisor import DidNotStart, Stopped, Supervisor
from revocation.errors import ConfigurationError
from tests.waiting import until

SCRIPT = str(Path(__file__).with_name("service_process.py"))


def service(what: str, *more: str, name: str = "part", secret: bytes | None = None) -> Service:
    """A service that does `what`."""
    return Service(name, (sys.executable, SCRIPT, what, *more), secret=secret, secret_option="--fd")


@pytest.fixture
def said() -> list[str]:
    """What the supervisor reported."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    """A supervisor whose processes are stopped in the end."""
    started = Supervisor(tmp_path, Stop(), said.append)
    yield started
    started.stop()


def test_service_is_waited_for_and_its_words_are_in_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    """Started means that it said ready; every line stands in the log with its time and its name."""
    supervisor.start(service("serve"))
    until(lambda: "part | ready" in (tmp_path / "part.log").read_text())
    assert (tmp_path / "part.log").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("inherits", [False, True])
def test_environment_with_its_passphrases_is_for_the_signer_alone(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inherits: bool
) -> None:
    """`env:NAME` may name any variable, so the others get what is known to be harmless, and enough to run."""
    for name in ("CA_PASS", "REVOCAST_PASS", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "correct horse")
    supervisor.start(replace(service("environment"), inherits=inherits))
    names = set((tmp_path / "part.log").read_text().split())
    assert "PATH" in names
    secrets = {"CA_PASS", "REVOCAST_PASS", "AWS_SECRET_ACCESS_KEY"}
    assert names & secrets == (secrets if inherits else set())


def test_only_the_signer_inherits_the_environment() -> None:
    """Above all the HTTP server does not."""
    started = services(Path("revocast.toml"), "127.0.0.1", 8889, b"{}")
    assert [one.name for one in started if one.inherits] == ["worker signer"]


def test_service_that_dies_is_restarted_and_reported(supervisor: Supervisor, said: list[str]) -> None:
    """Again and again, with a pause that grows; the others are left alone."""
    supervisor.start(service("serve", name="steady"))
    supervisor.start(service("serve", name="shaky"))
    steady = supervisor.processes()["steady"]
    for _ in range(2):
        before = supervisor.processes()["shaky"]
        os.kill(before, signal.SIGKILL)
        until(lambda before=before: supervisor.tend() or supervisor.processes()["shaky"] != before)
    assert supervisor.processes()["steady"] == steady
    assert [line.partition(":")[0] for line in said] == ["shaky"] * 4
    assert "was killed by signal 9; starting it again in 0.5 s" in said[0]
    assert "starting it again in 1 s" in said[2]


def test_service_is_restarted_though_its_log_cannot_be_written(tmp_path: Path, said: list[str]) -> None:
    """Somebody tidied up: the folder of the logs is gone, which is told and ends nothing."""
    (tmp_path / "logs").mkdir()
    supervisor = Supervisor(tmp_path / "logs", Stop(), said.append)
    try:
        supervisor.start(service("serve"))
        shutil.rmtree(tmp_path / "logs")
        before = supervisor.processes()["part"]
        os.kill(before, signal.SIGKILL)
        until(lambda: supervisor.tend() or supervisor.processes()["part"] != before)
        until(lambda: any("part.log cannot be written" in line for line in said))
        after = supervisor.processes()["part"]
        time.sleep(1)  # it wrote `ready` into a pipe that somebody must have emptied
        supervisor.tend()
        assert supervisor.processes()["part"] == after
        assert len(said) == 3
    finally:
        supervisor.stop()


def test_service_that_refuses_its_configuration_ends_the_start_with_its_words(supervisor: Supervisor) -> None:
    """Exit code 2 becomes ours, and its message is shown without what would move the cursor."""
    with pytest.raises(ConfigurationError) as caught:
        supervisor.start(service("refuse", "2"))
    assert "error: the passphrase is wrong \\u001b[2J" in str(caught.value)


def test_service_that_fails_at_the_start_ends_it(supervisor: Supervisor) -> None:
    """Another code is another error, and is not tried again for ever."""
    with pytest.raises(DidNotStart, match="ended with 7"):
        supervisor.start(service("refuse", "7"))


def test_service_that_fails_without_a_word_is_sent_to_no_log(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    """Its log was never made, or is one of before; at the start and later."""
    with pytest.raises(DidNotStart, match="ended with 1") as caught:
        supervisor.start(Service("mute", (shutil.which("false") or "",)))
    assert (caught.value.advice, list(tmp_path.iterdir())) == ("it said nothing", [])
    (tmp_path / "mute.log").write_text("of before\n")
    supervisor.tend()
    assert said == ["mute: ended with 1; starting it again in 0.5 s, it said nothing"]


@pytest.mark.parametrize("left", [True, False])
def test_service_that_died_is_told_by_its_log_or_where_that_is_gone_by_its_last_words(
    supervisor: Supervisor, said: list[str], tmp_path: Path, left: bool
) -> None:
    """A file that is not there is not named."""
    log = tmp_path / "part.log"
    supervisor.start(service("serve"))
    until(log.exists)
    if not left:
        log.unlink()
    os.kill(supervisor.processes()["part"], signal.SIGKILL)
    until(lambda: supervisor.tend() or bool(said))
    assert said[0].endswith(f"see {log}" if left else "it said last: ready")


def test_secret_is_handed_over_by_a_pipe_at_each_start(supervisor: Supervisor, tmp_path: Path) -> None:
    """It is on no command line, in no environment and on no disk, and a restarted service has it again."""
    supervisor.start(service("secret", secret=b"correct horse"))
    pid = supervisor.processes()["part"]
    shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    assert b"correct horse" not in shown
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor.tend() or (tmp_path / "part.log").read_text().count("got 13") == 2)
    assert "correct horse" not in (tmp_path / "part.log").read_text()


def test_stop_while_starting_ends_the_start(tmp_path: Path) -> None:
    """Ctrl-C works before everything is up."""
    stop = Stop()
    supervisor = Supervisor(tmp_path, stop, lambda line: None)
    stop.set()
    with pytest.raises(Stopped):
        supervisor.start(Service("slow", (sys.executable, "-c", "import time; time.sleep(60)")))
    supervisor.stop()


def test_processes_are_stopped_in_reverse_order(tmp_path: Path) -> None:
    """Who was started first is needed by the others, and goes last; each may finish what it does."""
    supervisor = Supervisor(tmp_path, Stop(), lambda line: None)
    for name in ("first", "second"):
        supervisor.start(service("serve", name=name))
    supervisor.stop()
    for name in ("first", "second"):
        assert "finishing" in (tmp_path / f"{name}.log").read_text()


def test_processes_that_do_not_stop_are_waited_for_together(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may take the whole time, all of them no more; what they need is asked after them."""
    monkeypatch.setattr(jobs.supervisor, "_STOP_SECONDS", 2)
    monkeypatch.setattr(jobs.supervisor, "_LEAST_STOP_SECONDS", 0.1)
    supervisor = Supervisor(tmp_path, Stop(), said.append)
    supervisor.start(service("serve", name="queue"))
    supervisor.start(*(service("stubborn", name=name) for name in ("one", "two", "three")))
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 4
    assert [line.partition(":")[0] for line in said] == ["three", "two", "one"]
    assert "finishing" in (tmp_path / "queue.log").read_text()


def test_service_that_does_not_stop_is_killed_and_reported(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping ends, whatever a service does."""
    monkeypatch.setattr(jobs.supervisor, "_STOP_SECONDS", 0.3)
    monkeypatch.setattr(jobs.supervisor, "_LEAST_STOP_SECONDS", 0.1)
    supervisor = Supervisor(tmp_path, Stop(), said.append)
    supervisor.start(service("stubborn"))
    supervisor.stop()
    assert said == ["part: did not end in time and was killed"]


def test_service_that_writes_without_end_neither_blocks_nor_fills_the_disk(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pipe is emptied all the time, and its log never takes more than twice its bound."""
    monkeypatch.setattr("jobs.log._LARGEST", 100_000)
    supervisor.start(service("flood"))
    until(lambda: (tmp_path / "part.log.1").exists())
    inode = (tmp_path / "part.log.1").stat().st_ino
    until(lambda: (tmp_path / "part.log.1").stat().st_ino != inode)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2 * 105_000


def test_processes_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """kill -9 leaves no orphans, by the kernel's own hand."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from jobs.child import Service; from jobs.stop import Stop; from jobs.supervisor import Supervisor\n"
        "s = Supervisor(Path(sys.argv[1]), Stop(), print)\n"
        "s.start(Service('part', (sys.executable, sys.argv[2], 'serve')))\n"
        "print(s.processes()['part'], flush=True); time.sleep(60)\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path), SCRIPT]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    until(lambda: not Path(f"/proc/{pid}").exists())
