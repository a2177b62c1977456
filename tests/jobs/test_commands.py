"""The commands as processes: what `up` prints can be pasted, the scheduler comes and goes cleanly, queues are used."""

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.jobs.present import Present
from tests.waiting import until
from tests.wire.server import Server

REVOCAST = [sys.executable, "-m", "revocation"]


@contextmanager
def process(*arguments: str, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs on; killed in the end if it still does."""
    with log.open("a") as error:
        started = subprocess.Popen([*REVOCAST, *arguments], stdout=subprocess.PIPE, stderr=error, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def stop(running: "subprocess.Popen[str]") -> int:
    """SIGTERM; the exit code."""
    running.send_signal(signal.SIGTERM)
    return running.wait(30)


@pytest.mark.long
@pytest.mark.judge("openssl")
@pytest.mark.timeout(240)
def test_commands_that_up_prints_can_be_pasted(tmp_path: Path) -> None:
    """Each OpenSSL command verifies what is served, and each of ours does what it says."""
    data, log = tmp_path / "data", tmp_path / "log"
    with process("up", "--data", str(data), "--port", "0", log=log) as running:
        assert running.stdout
        printed = []
        while "Ctrl-C stops everything" not in (line := running.stdout.readline()):
            assert line or running.poll() is None, log.read_text()
            printed.append(line.rstrip())
        commands = [line.strip() for line in printed if re.match(r"  \S+ .*--config|  openssl", line)]
        results = {command: paste(command) for command in commands}
        assert len(commands) == 7
        assert {command: result.returncode for command, result in results.items() if result.returncode} == {}
        said = (result.stdout + result.stderr for result in results.values())
        ocsp, crl, verify, status, check, revoke, release = said
        assert "Response verify OK" in ocsp
        assert ": good" in ocsp
        assert "verify OK" in crl
        assert ": OK" in verify
        assert "fresh" in status
        assert "REVOCAST OK" in check
        assert "published everywhere after" in revoke
        assert "is released from hold" in release
        assert stop(running) == 0


def paste(command: str) -> "subprocess.CompletedProcess[str]":
    """Run a line as somebody who copied it into a shell."""
    return subprocess.run(shlex.split(command), capture_output=True, text=True, check=False, timeout=60)


def test_scheduler_waits_for_its_queue_and_stops_on_sigterm(present: Present, tmp_path: Path) -> None:
    """Started before the server, it says ready once it has reached it, and has asked for every task."""
    server = Server(tmp_path)
    present.use_queue(server.url)
    log = tmp_path / "log"
    with process("scheduler", "--config", str(present.config), log=log) as running:
        until(lambda: "cannot be reached" in log.read_text())
        server.start()
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        assert server.client().llen("rq:queue:signer.looks") == 3
        assert server.client().llen("rq:queue:publisher") == 1
        assert stop(running) == 0
    server.stop()


def test_scheduler_stops_on_sigterm_while_its_queue_is_away(present: Present, tmp_path: Path) -> None:
    """It does not sleep through it."""
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    log = tmp_path / "log"
    with process("scheduler", "--config", str(present.config), log=log) as running:
        until(lambda: "cannot be reached" in log.read_text())
        assert stop(running) == 0


def test_scheduler_without_a_queue_says_what_to_do(present: Present) -> None:
    """Exit 2: there is another command for that mode."""
    result = present.run("scheduler")
    assert result.exit_code == 2
    assert "revocast refresh" in str(result.exception)


def test_part_of_the_work_without_an_answer_advises_nothing_that_it_has_no_option_for(
    present: Present, tmp_path: Path
) -> None:
    """Nobody works the queue off: exit 5, the seconds that were asked for, and no `--id`."""
    server = Server(tmp_path)
    server.start()
    present.use_queue(server.url)
    result = present.run("generate-crls", "--timeout", "1", "--json")
    server.stop()
    assert result.exit_code == 5
    assert "no reply within 1 s" in result.stderr
    assert "see whether the signer's worker runs" in result.stderr
    assert "--id" not in result.output


def test_part_of_the_work_is_asked_for_over_the_queue(present: Present, tmp_path: Path) -> None:
    """With a signer's worker there, `generate-crls` and `status` get its answers."""
    server = Server(tmp_path)
    server.start()
    text = present.config.read_text().replace("[signer]\n", f'[signer]\nqueue = "{server.url}"\n')
    present.config.write_text(text)
    present.use_queue(server.url)
    with process("worker", "signer", "--config", str(present.config), log=tmp_path / "log") as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        result = present.run("generate-crls", "--timeout", "30")
        assert result.exit_code == 0, result.output
        assert result.stdout == "generate_crls: done (nothing was due)\n"
        assert present.run("status", "--timeout", "30").exit_code == 0
    server.stop()
