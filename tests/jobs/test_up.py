"""`revocast up` around its start: passphrases typed on a terminal, steps that fail, and PKIs that are added later."""

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.first_start import StepFailed, prepare
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from tests.waiting import until

REVOCAST = [sys.executable, "-m", "revocation"]
URL = "http://localhost:8889"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration PKI; its CA keys are encrypted."""
    folder = tmp_path_factory.mktemp("pki") / "demo"
    subprocess.run([*REVOCAST, "demo-pki", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def up_on_a_terminal(data: Path, typed: bytes, *options: str) -> tuple[int, str]:
    """Run `up --once` on a pseudo-terminal, typing something whenever a passphrase is asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(REVOCAST[0], [*REVOCAST, "up", "--data", str(data), "--port", "0", "--once", *options])  # noqa: S606 - no shell is wanted
    shown, asked = b"", 0
    while select.select([terminal], [], [], 120)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        shown += part
        if shown.count(b"Passphrase of") > asked:
            asked += 1
            os.write(terminal, typed + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_passphrase_is_asked_for_once_and_lies_on_no_disk(demo: Path, tmp_path: Path) -> None:
    """Typed on the terminal, not echoed, and handed to the signer without a trace."""
    passphrase = (demo / "issuing/private/ca.passphrase").read_bytes().strip()
    code, shown = up_on_a_terminal(tmp_path / "data", passphrase, "--pki", str(demo / "issuing"))
    assert code == 0, shown
    assert shown.count("Passphrase of") == 1
    assert "REVOCAST OK" in shown
    assert passphrase.decode() not in shown
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not [path for path in files if passphrase in path.read_bytes()]


def test_wrong_passphrase_exits_2_and_nothing_is_started(demo: Path, tmp_path: Path) -> None:
    """It is tried at once, and said; no process is left."""
    code, shown = up_on_a_terminal(tmp_path / "data", b"wrong", "--pki", str(demo / "issuing"))
    assert code == 2
    assert "passphrase is wrong" in shown
    assert not (tmp_path / "data/logs").exists()


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


def test_output_that_nobody_reads_from_the_start_ends_nothing(tmp_path: Path) -> None:
    """`| head -1` at the very first start: the demonstration, the import and the announcement are not heard."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [*REVOCAST, "up", "--data", str(tmp_path / "data"), "--port", "0", "--once"]
    with os.fdopen(write_end, "w") as closed:
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "revocast up: stopped" in result.stderr


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


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_question_for_a_passphrase_ends_with_its_up(demo: Path, tmp_path: Path, how: str) -> None:
    """The terminal shows again what is typed, and nothing is left behind that waits for it."""
    pid, terminal = on_a_terminal(tmp_path / "data", "--pki", str(demo / "issuing"))
    shown = b""
    while b"Passphrase of" not in shown:
        shown += os.read(terminal, 4096)
    until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
    os.write(terminal, b"\x03") if how == "Ctrl-C" else os.kill(pid, signal.SIGTERM)
    said = rest(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    os.close(terminal)
    assert said.count("revocast up: stopped") == 1
    assert "Traceback" not in said
    assert not children(tmp_path / "data")


def on_a_terminal(data: Path, *options: str) -> tuple[int, int]:
    """The process id of an `up` on a pseudo-terminal of its own, and that terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(REVOCAST[0], [*REVOCAST, "up", "--data", str(data), "--port", "0", *options])  # noqa: S606 - no shell
    return pid, terminal


def rest(terminal: int) -> str:
    """What is shown until the other end is closed."""
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 4096):
            shown += part
    return shown.decode()


@contextmanager
def up(data: Path, *options: str, **streams: int) -> Iterator["subprocess.Popen[str]"]:
    """`up` on a folder; whatever happens, it and its processes are gone afterwards."""
    command = [*REVOCAST, "up", "--data", str(data), "--port", "0", *options]
    with subprocess.Popen(command, text=True, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def children(data: Path) -> dict[str, int]:
    """The processes of `up`, by the name of their log."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(data / "revocast.toml") in words and "-m" in words:
            after = words[words.index("-m") + 2 :]
            found["-".join(after[: 2 if after[0] == "worker" else 1])] = int(folder.name)
    return found


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


def test_server_that_hangs_while_it_is_looked_at_neither_blocks_the_stop_nor_the_restarts(
    demo: Path, tmp_path: Path
) -> None:
    """The first look from outside waits for it; what dies meanwhile is started again, and SIGTERM is heeded."""
    data, log = tmp_path / "data", tmp_path / "data/logs/respond.log"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    with up(data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        until(lambda: log.exists() and "| ready" in log.read_text())
        hanging = children(data)["respond"]
        os.kill(hanging, signal.SIGSTOP)
        scheduler = children(data)["scheduler"]
        started = data / "logs/scheduler.log"
        until(lambda: started.exists() and "| ready" in started.read_text())
        os.kill(scheduler, signal.SIGKILL)
        until(lambda: children(data).get("scheduler", scheduler) != scheduler, seconds=8)
        process.send_signal(signal.SIGTERM)
        until(lambda: set(children(data)) <= {"respond"}, seconds=8)
        os.kill(hanging, signal.SIGCONT)
        assert process.wait(30) == 0
        assert process.stderr
        assert "told to stop" in process.stderr.read()


def test_pki_that_is_added_later_becomes_another_issuer(demo: Path, tmp_path: Path) -> None:
    """And the one that was there keeps its name; each import is done once."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    prepared = prepare(data, (demo / "root",), URL, demo / "root/private/ca.passphrase")
    public = PublicConfig.read(ConfigFile.read(prepared.config))
    assert [profile.issuer.name for profile in public.profiles.values()] == [
        "revocast-demo-issuing-ca",
        "revocast-demo-root-ca",
    ]
    assert prepared.pkis == (demo / "issuing", demo / "root")
    assert set(json.loads((data / "pkis.json").read_text()).values()) == {""}


def test_import_that_failed_is_done_at_the_next_start(demo: Path, tmp_path: Path) -> None:
    """The first start was interrupted half-way: the second one makes up for it, without being told the PKI again."""
    data, pki = tmp_path / "data", tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    index = (pki / "index.txt").read_text()
    (pki / "index.txt").write_text("garbage\n")
    with pytest.raises(StepFailed, match="import"):
        prepare(data, (pki,), URL, pki / "private/ca.passphrase")
    (pki / "index.txt").write_text(index)
    prepare(data, (), URL, None)
    assert json.loads((data / "pkis.json").read_text()) == {str(pki): ""}


def test_start_without_a_pki_makes_a_demonstration(tmp_path: Path) -> None:
    """Again, it is used as it is."""
    prepared = prepare(tmp_path / "data", (), URL, None)
    first = (tmp_path / "data/demo/issuing/ca.crt").read_bytes()
    assert [pki.name for pki in prepared.pkis] == ["issuing", "root"]
    assert prepare(tmp_path / "data", (), URL, None) == prepared
    assert (tmp_path / "data/demo/issuing/ca.crt").read_bytes() == first


@pytest.mark.parametrize("what", ["missing", "empty", "no ca"])
def test_folder_that_is_no_pki_is_refused_before_anything_is_made(tmp_path: Path, what: str) -> None:
    """With the folder in the message."""
    pki = tmp_path / "pki"
    if what != "missing":
        pki.mkdir()
    if what == "no ca":
        (pki / "index.txt").touch()
    with pytest.raises((InputError, ConfigurationError), match=str(pki)):
        prepare(tmp_path / "data", (pki,), URL, None)
    assert not (tmp_path / "data/revocast.toml").exists()


def up_once(data: Path, *options: str | Path) -> "subprocess.CompletedProcess[str]":
    """`up --once` without a terminal."""
    command = [*REVOCAST, "up", "--data", data, "--port", "0", "--once", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_wrong_passphrase_file_spoils_nothing(demo: Path, tmp_path: Path) -> None:
    """Neither one that is not there nor one that does not open the key is written down: the right one is taken then."""
    data, wrong, absent = tmp_path / "data", tmp_path / "wrong", tmp_path / "absent"
    wrong.write_text("mistyped\n")
    results = [up_once(data, "--pki", demo / "issuing", "--passphrase-file", file) for file in (absent, wrong)]
    assert [result.returncode for result in results] == [2, 2]
    assert f"'{absent}' does not exist" in results[0].stderr
    assert f"the passphrase is wrong (read from {wrong})" in results[1].stderr
    assert "nothing was written" in results[1].stderr
    assert not (data / "revocast.toml").exists()
    right = up_once(data, "--pki", demo / "issuing", "--passphrase-file", demo / "issuing/private/ca.passphrase")
    assert right.returncode == 0, right.stderr


def test_wrong_passphrase_file_of_a_pki_that_is_added_spoils_nothing(demo: Path, tmp_path: Path) -> None:
    """The configuration stays as it was."""
    data, wrong = tmp_path / "data", tmp_path / "wrong"
    wrong.write_text("mistyped\n")
    config = prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase").config
    before = config.read_text()
    with pytest.raises(ConfigurationError, match="does not open the CA keys"):
        prepare(data, (demo / "root",), URL, wrong)
    assert config.read_text() == before


def test_pki_without_its_key_is_told_at_the_start_and_while_waiting(demo: Path, tmp_path: Path) -> None:
    """Nobody looks for the reason of a 404 for long; the key that is put back is used at the next start."""
    pki = tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    shutil.rmtree(pki / "private")
    result = up_once(tmp_path / "data", "--pki", pki)
    assert result.returncode == 1
    place = f"issuer revocast-demo-issuing-ca, key {pki}/private/ca.key"
    reason = f"a CA key cannot be used: {place}: cannot be read: No such file or directory (put its key there"
    told = [line for line in result.stderr.splitlines() if reason in line]
    assert told[0].startswith("revocast up: a CA key")
    assert told[1].startswith("revocast up: not everything answers yet: ")
    shutil.copytree(demo / "issuing/private", pki / "private")
    again = up_once(tmp_path / "data", "--pki", pki, "--passphrase-file", pki / "private/ca.passphrase")
    assert again.returncode == 0, again.stderr


def test_key_that_is_gone_at_a_later_start_does_not_end_the_others(demo: Path, tmp_path: Path) -> None:
    """It is told, and the other issuer is served as before."""
    data, pki = tmp_path / "data", tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    prepare(data, (pki,), URL, pki / "private/ca.passphrase")
    prepare(data, (demo / "root",), URL, demo / "root/private/ca.passphrase")
    (pki / "private/ca.key").unlink()
    result = up_once(data)
    assert result.returncode == 1
    assert f"a CA key cannot be used: issuer revocast-demo-issuing-ca, key {pki}/private/ca.key" in result.stderr
    assert "ok       crl revocast-demo-root-ca all" in result.stdout


def test_import_that_fails_keeps_nothing_that_was_known_from_being_served(demo: Path, tmp_path: Path) -> None:
    """One bad line in an index is told at the end too; in a PKI that was never imported it ends the start."""
    pki, data = tmp_path / "pki", tmp_path / "data"
    shutil.copytree(demo / "issuing", pki)
    index, secret = pki / "index.txt", pki / "private/ca.passphrase"
    good = index.read_text()
    index.write_text(good + "V\tnonsense\n")
    with pytest.raises(StepFailed):
        prepare(data, (pki,), URL, secret)
    with pytest.raises(StepFailed):
        prepare(data, (), URL, None)
    index.write_text(good)
    prepare(data, (), URL, None)
    index.write_text(good + "V\tnonsense\n")
    result = up_once(data, "--pki", pki)
    assert (result.returncode, "REVOCAST OK" in result.stdout) == (1, True), result.stderr
    assert f"{index} line" in result.stderr
    assert f"revocast up: {pki} could not be imported" in result.stderr
    assert prepare(data, (), URL, None).not_imported == ()


def test_passphrase_is_not_asked_for_while_the_key_is_not_there(demo: Path, tmp_path: Path) -> None:
    """What is missing is the key, not its passphrase; once it is there, it is asked for."""
    pki = tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    (pki / "private/ca.key").rename(tmp_path / "ca.key")
    code, shown = up_on_a_terminal(tmp_path / "data", b"unasked", "--pki", str(pki))
    assert (code, "Passphrase of" in shown) == (1, False)
    assert f"key {pki}/private/ca.key: cannot be read: No such file or directory" in shown
    (tmp_path / "ca.key").rename(pki / "private/ca.key")
    secret = (pki / "private/ca.passphrase").read_bytes().strip()
    code, shown = up_on_a_terminal(tmp_path / "data", secret)
    assert (code, shown.count("Passphrase of")) == (0, 1), shown


def test_passphrase_file_is_taken_where_the_passphrase_was_typed_before(demo: Path, tmp_path: Path) -> None:
    """A later start that names the file needs no terminal any more; one that opens nothing changes nothing."""
    data, wrong, secret = tmp_path / "data", tmp_path / "wrong", demo / "issuing/private/ca.passphrase"
    wrong.write_text("mistyped\n")
    config = prepare(data, (demo / "issuing",), URL, None).config
    before = config.read_text()
    with pytest.raises(ConfigurationError, match="does not open the CA keys"):
        prepare(data, (demo / "issuing",), URL, wrong)
    with pytest.raises(ConfigurationError, match="is for the keys of --pki") as caught:
        prepare(data, (), URL, secret)
    assert "name the PKI with --pki too" in str(caught.value)
    assert config.read_text() == before
    prepare(data, (demo / "issuing",), URL, secret)
    assert config.read_text() == before.replace('passphrase = "prompt"', f'passphrase = "file:{secret}"')


def test_passphrase_file_that_comes_too_late_is_not_passed_over(demo: Path, tmp_path: Path) -> None:
    """Configured with another: exit 2, and where to change it; the file of the first start is fine again."""
    secret, data = demo / "issuing/private/ca.passphrase", tmp_path / "data"
    command = [*REVOCAST, "up", "--data", data, "--port", "0", "--once"]
    chosen = ["--pki", demo / "issuing", "--passphrase-file"]
    codes = []
    for given in (secret, tmp_path / "other", secret):
        shutil.copy(secret, tmp_path / "other")
        result = subprocess.run([*command, *chosen, given], capture_output=True, text=True, check=False, timeout=120)
        codes.append(result.returncode)
        if given != secret:
            assert "is not used" in result.stderr
    assert codes == [0, 2, 0]
