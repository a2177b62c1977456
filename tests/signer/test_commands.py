"""The signer's commands as an operator types them: `import`, `signer run`, `signer unlock`."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest

from revocation import clock
from revocation.messages import Look, Verb, compose
from signer.look import look
from tests.authority import Authority
from tests.estate import PASSPHRASE, Estate
from tests.signer.reading import crl_serials

REVOCAST = [sys.executable, "-P", "-m", "revocation"]
CSV = """serial,not_after,status,revoked_at,reason
0A,2040-01-01T00:00:00Z,valid,,
0B,2040-01-01T00:00:00Z,revoked,2026-01-01T00:00:00Z,superseded
"""


def revocast(estate: Estate, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command on the installation."""
    environment = {**os.environ, "REVOCAST_CONFIG": str(estate.folder / "revocast.toml")}
    command = [*REVOCAST, *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, env=environment, timeout=60
    )


def test_import_prints_what_it_did_and_again_that_all_is_known(estate: Estate) -> None:
    """One line for people, JSON for scripts; exit 0 both times."""
    (estate.folder / "list.csv").write_text(CSV)
    first = revocast(estate, "import", str(estate.folder / "list.csv"))
    assert first.returncode == 0, first.stderr
    assert "2 certificates read, 2 new, 1 newly revoked, 0 known already" in first.stdout
    assert "nothing of it is published yet: `revocast refresh` does that" in first.stdout
    assert "refresh" not in revocast(estate, "import", str(estate.folder / "list.csv")).stdout
    again = json.loads(revocast(estate, "import", str(estate.folder / "list.csv"), "--json").stdout)
    assert (again["registered"], again["unchanged"]) == (0, 2)


def test_import_of_a_faulty_file_names_the_line_and_changes_nothing(estate: Estate) -> None:
    """Exit 2, file and line, what was expected there, no traceback; the good lines before it are not recorded."""
    (estate.folder / "list.csv").write_text(CSV + "0C,tomorrow,valid,,\n")
    result = revocast(estate, "import", str(estate.folder / "list.csv"))
    assert result.returncode == 2
    assert "list.csv" in result.stderr
    assert "4" in result.stderr
    assert "Traceback" not in result.stderr
    look(signer := estate.signer(), clock.now)
    assert crl_serials(signer) == []


def test_import_without_the_operators_key_is_refused(estate: Estate) -> None:
    """Facts are changed by those who can sign for it."""
    (estate.folder / "list.csv").write_text(CSV)
    (estate.folder / "operator.key").unlink()
    result = revocast(estate, "import", str(estate.folder / "list.csv"))
    assert result.returncode == 2
    assert "--requester-key" in result.stderr


def test_run_answers_line_by_line_and_has_published_bundles_before_it_replies(estate: Estate) -> None:
    """Messages in, replies out, in order; a revocation is on a CRL in the exchange when its reply is printed."""
    signer = estate.signer()
    estate.register(signer, [1], clock.now())
    messages = [compose(Verb.GENERATE_CRLS, Look(), clock.now()), estate.revoke(1, now=clock.now())]
    result = revocast(estate, "signer", "run", stdin="\n".join(m.model_dump_json() for m in messages))
    assert result.returncode == 0, result.stderr
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert [reply["id"] for reply in replies] == [message.id for message in messages]
    assert crl_serials(signer) == [1]


def test_run_says_in_the_reply_what_could_not_be_made(estate: Estate) -> None:
    """The revocation is recorded and done; that the CA key is gone stands beside it."""
    estate.register(estate.signer(), [1], clock.now())
    (estate.folder / "ca.key").unlink()
    message = estate.revoke(1, now=clock.now())
    result = revocast(estate, "signer", "run", stdin=message.model_dump_json())
    reply = json.loads(result.stdout)
    assert (result.returncode, reply["outcome"]) == (0, "done")
    assert any("ca.key: cannot be read" in problem for problem in reply["data"]["problems"])


def test_run_replies_though_the_exchange_is_that_of_another_ledger(estate: Estate) -> None:
    """What was recorded is said to be, with the reason for which nothing is signed."""
    estate.register(estate.signer(), [1], clock.now())
    (estate.folder / "exchange").mkdir()
    (estate.folder / "exchange/000000000099-7b0d2cf6-crl-all.tar").touch()
    result = revocast(estate, "signer", "run", stdin=estate.revoke(1, now=clock.now()).model_dump_json())
    reply = json.loads(result.stdout)
    assert reply["outcome"] == "done"
    assert "this ledger has made 0 bundles" in reply["data"]["problems"][0]


def test_run_exits_1_when_something_was_refused_and_goes_on(estate: Estate) -> None:
    """A bad line does not stop the next one."""
    good = compose(Verb.GENERATE_CRLS, Look(), clock.now()).model_dump_json()
    result = revocast(estate, "signer", "run", stdin=f"garbage\n{good}\n")
    assert result.returncode == 1
    assert [json.loads(line)["outcome"] for line in result.stdout.splitlines()] == ["refused", "done"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [((PASSPHRASE,), 0), ((b"mistyped", PASSPHRASE), 0), ((b"wrong", b"wrong", b"wrong"), 1)],
    ids=["right", "mistyped once", "never right"],
)
def test_unlock_asks_on_the_terminal_tries_and_hands_over(estate: Estate, typed: tuple[bytes, ...], code: int) -> None:
    """A right passphrase goes to the pipe and nowhere else; a mistyped one is asked for again, three times in all."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"file:ca.passphrase"', '"prompt"'))
    reading, writing = os.pipe()
    controller, terminal = pty.openpty()
    command = [*REVOCAST, "signer", "unlock", "--fd", str(writing), "--config", str(config)]
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, pass_fds=[writing], start_new_session=True
    )
    for descriptor in (writing, terminal):
        os.close(descriptor)
    shown = b""
    for passphrase in typed:
        asked = b""
        while b"Passphrase of the CA key of test" not in asked:
            asked += os.read(controller, 1000)
        shown += asked
        os.write(controller, passphrase + b"\n")
    assert process.wait(30) == code
    with os.fdopen(reading) as pipe:
        handed = pipe.read()
    shown += _rest(controller)
    assert not any(passphrase in shown.replace(b"passphrase is wrong", b"") for passphrase in typed)
    assert handed == (json.dumps({"test": PASSPHRASE.decode()}) if code == 0 else "")


@pytest.mark.parametrize(
    ("file", "content", "code", "told"),
    [
        ("ca.key", None, 0, "issuer test, key {folder}/ca.key: cannot be read: No such file or directory (put its key"),
        ("ca.passphrase", None, 0, "issuer test: the passphrase file {folder}/ca.passphrase cannot be read"),
        ("ca.passphrase", "wrong", 1, ""),
        ("ca.passphrase", PASSPHRASE.decode(), 0, ""),
    ],
)
def test_unlock_tells_a_key_that_is_not_there_and_fails_for_a_wrong_passphrase(
    estate: Estate, file: str, content: str | None, code: int, told: str
) -> None:
    """What cannot be used is a line each; a ledger is neither needed nor made."""
    shutil.rmtree(estate.folder / "signer")
    (estate.folder / file).unlink()
    if content is not None:
        (estate.folder / file).write_text(content)
    command = [*REVOCAST, "signer", "unlock", "--fd", "2", "--config", str(estate.folder / "revocast.toml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code
    assert result.stdout.startswith(told.format(folder=estate.folder))
    assert bool(told) == bool(result.stdout)
    assert ("wrong (read from" in result.stderr) == bool(code)
    assert not (estate.folder / "signer").exists()


def test_unlock_tries_the_other_keys_too_where_a_passphrase_is_wrong(estate: Estate) -> None:
    """Every wrong one is told, and each key that can be used: an operator mends them in one go."""
    for name in ("second", "third"):
        estate.add_issuer(name, Authority(f"{name} CA", days=7300))
    (estate.folder / "ca.passphrase").write_text("wrong")
    (estate.folder / "third.passphrase").write_text("wrong")
    command = [*REVOCAST, "signer", "unlock", "--config", str(estate.folder / "revocast.toml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == "issuer second: its key can be used\n"
    for name, file in (("test", "ca"), ("third", "third")):
        wrong = f"error: issuer {name}, key {estate.folder}/{file}.key: the passphrase is wrong (read from "
        assert wrong in result.stderr


def test_unlock_fails_for_a_key_that_is_missing_or_another_issuers_and_not_for_one_that_is_elsewhere(
    estate: Estate,
) -> None:
    """A script asks by the exit code whether all that is configured here can be signed with."""
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    missing = revocast(estate, "signer", "unlock")
    assert (missing.returncode, "ca.key: cannot be read" in missing.stdout) == (1, True)
    estate.add_issuer("second", Authority("second CA", days=7300))
    (estate.folder / "second.key").rename(estate.folder / "ca.key")
    (estate.folder / "away.key").rename(estate.folder / "second.key")
    swapped = revocast(estate, "signer", "unlock")
    assert (swapped.returncode, swapped.stdout.count("is not the key of its CA certificate")) == (1, 2)
    config = estate.folder / "revocast.toml"
    config.write_text(re.sub(r'key = "file:.*"\npassphrase = "file:.*"', "offline = true", config.read_text()))
    elsewhere = revocast(estate, "signer", "unlock")
    assert (elsewhere.returncode, elsewhere.stdout.count("its key is elsewhere, and signs at ceremonies")) == (0, 2)
    assert "[[signer.issuers]]" not in elsewhere.stdout


def test_key_that_others_can_read_is_told(estate: Estate) -> None:
    """A CA key with mode 0644 works, and the operator is told to close it."""
    (estate.folder / "ca.key").chmod(0o644)
    message = compose(Verb.GENERATE_CRLS, Look(), clock.now()).model_dump_json()
    result = revocast(estate, "signer", "run", stdin=message + "\n")
    assert result.returncode == 0
    assert "can be used by other users too (mode 0644): chmod 600" in result.stderr


def test_prompt_without_a_terminal_is_a_clear_error(estate: Estate) -> None:
    """Under cron nobody can be asked: the message says what to configure instead."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"file:ca.passphrase"', '"prompt"'))
    message = compose(Verb.GENERATE_CRLS, Look(), clock.now()).model_dump_json()
    command = [*REVOCAST, "signer", "run", "--config", str(config)]
    result = subprocess.run(
        command, input=message, capture_output=True, text=True, check=False, start_new_session=True, timeout=60
    )
    assert result.returncode == 1
    assert "no terminal" in json.loads(result.stdout)["detail"]


def _rest(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4000)
    except OSError:  # the other side is closed and all is read
        return b""
    finally:
        os.close(descriptor)
