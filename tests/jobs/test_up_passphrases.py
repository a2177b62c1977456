"""Passphrases of CA keys at the start of `revocast up`: typed on a terminal, or taken from a file."""

import os
import shutil
import signal
import subprocess
import termios
from pathlib import Path

import pytest

from jobs.first_start import prepare
from revocation.errors import ConfigurationError
from tests.jobs.upping import REVOCAST, URL, children, on_a_terminal, rest, up_on_a_terminal, up_once
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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
