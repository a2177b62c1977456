"""`revoke` and `release`: the exit code 0 is for what relying parties get, whatever anybody replies."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from cryptography import x509

from revocation.messages import Outcome
from tests.jobs.present import Present, claim, forger
from tests.wire.server import Server


def crl(present: Present) -> x509.CertificateRevocationList:
    """The CRL that is published."""
    (file,) = present.estate.folder.glob("public/www/crl/*/all.crl")
    return x509.load_der_x509_crl(file.read_bytes())


def test_revocation_without_a_queue_is_published_when_the_command_ends(present: Present) -> None:
    """Exit 0, the time it took, and the serial with its reason on the published CRL."""
    result = present.run("revoke", "05", "--reason", "keyCompromise", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["published"] is True
    entry = crl(present).get_revoked_certificate_by_serial_number(5)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise


def test_hold_is_released_and_final_revocation_is_not(present: Present) -> None:
    """A hold may end; releasing what is revoked for good is refused with exit code 1, and changes nothing."""
    assert present.run("revoke", "5", "--reason", "certificateHold").exit_code == 0
    assert present.run("release", "5").exit_code == 0
    assert crl(present).get_revoked_certificate_by_serial_number(5) is None
    assert present.run("revoke", "5", "--reason", "superseded").exit_code == 0
    refused = present.run("release", "5")
    assert refused.exit_code == 1
    assert "only certificateHold ends" in str(refused.exception)
    assert crl(present).get_revoked_certificate_by_serial_number(5) is not None


def test_asking_again_with_the_same_id_is_done_once_and_waits_again(present: Present) -> None:
    """The second time is an answer, not a second revocation; without the id it is one, and refused."""
    arguments = ("revoke", "5", "--id", "ab" * 16)
    assert present.run(*arguments).exit_code == 0
    assert present.run(*arguments).exit_code == 0
    assert present.run("revoke", "5").exit_code == 1


@pytest.mark.parametrize("broken", ["public", "store"])
def test_target_that_fails_does_not_call_the_recorded_refused(present: Present, broken: str) -> None:
    """Without a queue the command publishes by itself: exit 4, and asking again once it is mended ends with 0."""
    folder, aside = present.estate.folder / broken, present.estate.folder / "aside"
    folder.rename(aside)
    folder.write_text("not a folder")
    result = present.run("revoke", "5", "--id", "ab" * 16)
    assert result.exit_code == 4
    assert "it is recorded, but publishing failed" in str(result.exception)
    assert "--id " + "ab" * 16 in str(result.exception)
    folder.unlink()
    aside.rename(folder)
    assert present.run("revoke", "5", "--id", "ab" * 16).exit_code == 0


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("key", "ca.key: cannot be read: No such file"),
        ("variable", "the passphrase variable NOT_SET is not set"),
    ],
)
def test_what_the_signer_cannot_make_is_told_at_once_without_a_queue(present: Present, trouble: str, said: str) -> None:
    """Nobody else would make it, so nobody waits for it: exit 4 with the reason, and 0 with the same id once mended."""
    folder = present.estate.folder
    before = present.config.read_text()
    if trouble == "key":
        (folder / "ca.key").rename(folder / "aside")
    else:
        present.config.write_text(before.replace('"file:ca.passphrase"', '"env:NOT_SET"'))
    began = time.monotonic()
    result = present.run("revoke", "5", "--id", "ab" * 16, "--timeout", "60")
    assert time.monotonic() - began < 30
    assert result.exit_code == 4
    assert said in str(result.exception)
    assert "--id " + "ab" * 16 in str(result.exception)
    present.config.write_text(before)
    if trouble == "key":
        (folder / "aside").rename(folder / "ca.key")
    assert present.run("revoke", "5", "--id", "ab" * 16).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("revoke", "77"), "not known to the ledger"),
        (("revoke", "5", "--revoked-at", "2100-01-01"), "in the future"),
        (("release", "5"), "not revoked"),
    ],
)
def test_what_the_signer_refuses_exits_1_with_its_words(
    present: Present, arguments: tuple[str, ...], message: str
) -> None:
    """An unknown serial, a date in the future, a release of what is not on hold."""
    result = present.run(*arguments)
    assert result.exit_code == 1
    assert message in str(result.exception)
    assert str(result.exception).count("certificate ") == 1
    assert result.exception.advice


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke",),
        ("revoke", "5", "--cert", "x.pem"),
        ("revoke", "xyz"),
        ("revoke", "5", "--issuer", "nobody"),
        ("revoke", "5", "--reason", "whatever"),
        ("revoke", "5", "--id", "short"),
        ("revoke", "5", "--invalidity-date", "yesterday"),
    ],
    ids=" ".join,
)
def test_bad_input_exits_2_before_anybody_is_asked(present: Present, arguments: tuple[str, ...]) -> None:
    """With what is wrong, and nothing done."""
    assert present.run(*arguments).exit_code == 2
    assert len(crl(present)) == 0


def test_file_that_is_not_there_is_told_as_what_it_was_to_be(present: Present) -> None:
    """A certificate to revoke, and not the issuer's."""
    result = present.run("revoke", "--cert", "/nonexistent.pem")
    assert result.exit_code == 2
    assert "--cert takes the file of the certificate" in str(result.exception)
    assert "[[public.issuers]]" not in str(result.exception)


def test_no_answer_exits_5_and_says_with_which_id_to_ask_again(present: Present, server: Server) -> None:
    """The message was sent; who asks again with its id gets the answer to it."""
    present.use_queue(server.url)
    result = present.run("revoke", "5", "--timeout", "0.3", "--id", "cd" * 16)
    assert result.exit_code == 5
    assert "no reply within 0.3 s" in str(result.exception)
    assert "--id " + "cd" * 16 in str(result.exception)
    assert server.client().lrange("rq:queue:signer", 0, -1) == [b"cd" * 16]


@pytest.mark.parametrize("state", ["absent", "text"])
def test_operators_key_that_cannot_be_used_is_told_with_its_place_in_the_configuration(
    present: Present, state: str
) -> None:
    """These commands have no option for it."""
    key = present.estate.folder / "operator.key"
    key.unlink() if state == "absent" else key.write_text("no key")
    result = present.run("revoke", "5")
    assert result.exit_code == 2
    assert str(key) in str(result.exception)
    assert "`requester_key` of [jobs]" in str(result.exception)
    assert "--requester-key" not in str(result.exception)


def test_queue_that_is_away_exits_5(present: Present, server: Server) -> None:
    """It is waited for as long as was said, and that is told at once; --no-queue goes another way."""
    present.use_queue(server.url)
    server.kill()
    result = present.run("revoke", "5", "--timeout", "1")
    assert result.exit_code == 5
    assert "cannot be reached" in str(result.exception)
    assert "trying again for 1 s" in result.stderr
    assert "--no-queue asks" in str(result.exception)
    assert present.run("revoke", "5", "--no-queue").exit_code == 0


@pytest.fixture
def heard() -> Iterator[None]:
    """A process that a shell started in the background is born deaf to SIGINT, and so are its tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_before_the_reply_is_no_refusal(
    present: Present, server: Server, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Exit 5 with the id: the message was sent, and somebody may be working on it."""
    present.use_queue(server.url)
    monkeypatch.setattr("revocation.wire.queue.Wire._reply", lambda *_: os.kill(os.getpid(), number))
    result = present.run("revoke", "5", "--id", "ab" * 16)
    assert result.exit_code == 5
    assert "interrupted before the signer replied" in str(result.exception)
    assert "--id " + "ab" * 16 in str(result.exception)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_after_the_reply_says_that_it_is_recorded(
    present: Present, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Exit 4 with the id, by which asking again waits again; afterwards signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr("jobs.change.missing", lambda *_: os.kill(os.getpid(), number) or "waits")
        result = present.run("revoke", "5", "--id", "ab" * 16)
    assert result.exit_code == 4
    assert "it is recorded, and it was not yet seen published" in str(result.exception)
    assert signal.getsignal(signal.SIGTERM) is before
    assert present.run("revoke", "5", "--id", "ab" * 16).exit_code == 0


def test_person_at_a_terminal_sees_the_id_at_once(present: Present, server: Server) -> None:
    """Whatever becomes of the command, its window or the machine."""
    present.use_queue(server.url)
    command = [sys.executable, "-m", "revocation", "revoke", "5", "--timeout", "0.5", "--config", str(present.config)]
    reader, terminal = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, check=False, timeout=60)
    shown = os.read(reader, 4096).decode()
    os.close(terminal)
    os.close(reader)
    (sent,) = server.client().lrange("rq:queue:signer", 0, -1)
    assert done.returncode == 5
    assert shown.startswith(f"asking the signer; to ask the same again, whatever happens: --id {sent.decode()}")


def test_message_is_sent_again_to_a_queue_that_was_lost(
    present: Present, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was restarted empty: a requester keeps its message until it is replied, and tells it again."""
    monkeypatch.setattr("jobs.courier._FIRST_WAIT", 0.2)
    present.use_queue(server.url)
    with forger(server, claim(Outcome.REFUSED)) as seen:
        monkeypatch.setattr("revocation.wire.queue.Wire._reply", lambda self, id_: None)
        present.run("revoke", "5", "--timeout", "1")
    assert len(seen) > 1
    assert len(set(seen)) == 1


def test_machine_without_targets_takes_its_proof_from_the_public_urls(present: Present, server: Server) -> None:
    """The publisher is elsewhere: nobody answers at the public URL, so a forged "done" is exit 4 here too."""
    text = present.config.read_text().replace("http://crl.example", "http://127.0.0.1:9")
    head, _, rest = text.partition("[publisher]")
    present.config.write_text(head + rest[rest.index("[responder]") :])
    present.use_queue(server.url)
    with forger(server, claim(Outcome.DONE)):
        result = present.run("revoke", "5", "--timeout", "1")
    assert result.exit_code == 4
    assert "no target shows it yet" in str(result.exception)


def test_reason_is_raised_and_seen_with_its_earlier_date(present: Present) -> None:
    """The command ends with 0 when CRL and OCSP say so; revoking again only points to it."""
    assert present.run("revoke", "5", "--reason", "superseded").exit_code == 0
    again = present.run("revoke", "5", "--reason", "keyCompromise")
    assert (again.exit_code, "`revocast raise`" in str(getattr(again.exception, "advice", ""))) == (1, True)
    result = present.run("raise", "5", "--revoked-at", "2026-01-01")
    assert result.exit_code == 0, result.output
    entry = crl(present).get_revoked_certificate_by_serial_number(5)
    assert entry is not None
    assert entry.revocation_date_utc.date().isoformat() == "2026-01-01"
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
