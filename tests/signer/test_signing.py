"""Responses that are made in processes of their own: the same ones, also when these are killed."""

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from revocation import der
from revocation.bundle.reader import split_responses
from revocation.certid import CertIDHash
from revocation.clock import epoch, fixed
from revocation.keykind import KeyKind
from revocation.messages import Verb
from revocation.status import Reason
from signer import signing
from signer.batch import Batch, Recipe
from signer.encoding.ocsp import ResponseTemplate
from signer.keys import SigningKey
from signer.keys.responder_keys import ResponderKeys
from signer.ledger.facts import Status
from signer.look import look
from signer.signing import Signing
from tests.authority import NOW, Authority
from tests.building.passed import passed
from tests.estate import Estate
from tests.signer.reading import bundles

ISSUER = Authority().issuer()
DAY = timedelta(days=1)
STATUSES: list[Status] = [
    (
        bytes((1 + n % 100,)) * (1 + n % 20),
        (None, epoch(NOW))[n % 2],
        (0, Reason.keyCompromise, Reason.superseded)[n % 3],
    )
    for n in range(300)
]


def recipe(key: SigningKey) -> Recipe:
    """Responses for SHA-256 and for both, with an archive cutoff."""
    template = ResponseTemplate(
        *(ISSUER, (), der.public_key_octets(key.public_key_info), b"\x30\x00", key.algorithm_identifier),
        *(NOW, NOW + DAY, NOW - DAY),
    )
    return Recipe(((CertIDHash.SHA256,), (CertIDHash.SHA1, CertIDHash.SHA256)), template)


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    """A look in which processes are started at once."""
    monkeypatch.setattr(signing, "WORTH", 0)
    processes = Signing()
    with processes.of_a_look():
        yield processes


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.RSA2048])
def test_process_makes_the_same_responses(kind: KeyKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Octet for octet, by keys whose signatures do not depend on chance; none is made here."""
    keys = ResponderKeys(tmp_path)
    key = keys.create("one.pem", kind)
    here = recipe(key).make(key, STATUSES)
    with running(monkeypatch) as processes:
        monkeypatch.setattr(Recipe, "make", None)
        there = processes.batch(recipe(key), key, keys.file("one.pem"), STATUSES)
    assert (there.tbs, there.responses, there.number) == (here.tbs, here.responses, 600)
    assert there.sample in list(split_responses(here.responses))


def test_killed_processes_hold_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What they were to make is made without them, and the log says that it takes longer."""
    keys = ResponderKeys(tmp_path)
    key = keys.create("one.pem", KeyKind.ED25519)
    here = recipe(key).make(key, STATUSES).responses

    def batch(processes: Signing) -> Batch:
        return processes.batch(recipe(key), key, keys.file("one.pem"), STATUSES)

    with running(monkeypatch) as processes:
        batch(processes)
        for pid in processes.pids:
            os.kill(pid, signal.SIGKILL)
        for _ in range(2 * len(processes.pids)):
            assert batch(processes).responses == here
    assert "a process ended: signing takes longer without it" in caplog.text


def test_process_that_finds_no_key_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was destroyed meanwhile: the key that is in memory makes them, and other files are found again."""
    keys = ResponderKeys(tmp_path)
    gone, other = keys.create("one.pem", KeyKind.ED25519), keys.create("two.pem", KeyKind.ED25519)
    keys.destroy("one.pem")
    with running(monkeypatch) as processes:
        made = processes.batch(recipe(gone), gone, keys.file("one.pem"), STATUSES)
        assert made.responses == recipe(gone).make(gone, STATUSES).responses
        expected = recipe(other).make(other, STATUSES).responses
        monkeypatch.setattr(Recipe, "make", None)
        assert processes.batch(recipe(other), other, keys.file("two.pem"), STATUSES).responses == expected


def test_process_signs_with_no_other_key_than_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was replaced by one of the same kind: the key in memory signs, and no false response is put."""
    keys = ResponderKeys(tmp_path)
    meant = keys.create("one.pem", KeyKind.ED25519)
    keys.create("two.pem", KeyKind.ED25519)
    keys.file("two.pem").replace(keys.file("one.pem"))
    with running(monkeypatch) as processes:
        made = processes.batch(recipe(meant), meant, keys.file("one.pem"), STATUSES)
    assert made.responses == recipe(meant).make(meant, STATUSES).responses


def test_where_no_process_can_be_started_it_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many batches a slice has: each is made here."""
    keys = ResponderKeys(tmp_path)
    key = keys.create("one.pem", KeyKind.ED25519)

    def refuse(*_arguments: object, **_more: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("revocation.processes.subprocess.Popen", refuse)
    with running(monkeypatch) as processes:
        made = [processes.batch(recipe(key), key, keys.file("one.pem"), STATUSES).responses for _ in range(5)]
    assert made == [recipe(key).make(key, STATUSES).responses] * 5
    assert caplog.text.count("no process can be started: Resource temporarily unavailable") == 1


def test_processes_are_for_many_and_end_with_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few responses start none; thousands do, all of which pass the gate, and no process with a key is left."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, range(1, 300))
    started: list[int] = []
    ask = signing.Processes.ask

    def noted(self: signing.Processes, question: bytes) -> bytes | None:
        answer = ask(self, question)
        started.extend(self.pids)
        return answer

    monkeypatch.setattr(signing.Processes, "ask", noted)
    assert look(signer, fixed(NOW), [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN]).problems == []
    assert started == []
    monkeypatch.setattr(signing, "WORTH", 20)
    later = NOW + timedelta(hours=13)
    report = look(signer, fixed(later), [Verb.PRESIGN])
    assert (len(report.made), report.problems) == (16, [])
    assert started
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    (profile,) = signer.public.profiles.values()
    found = [one for _, responses in bundles(signer, "ocsp") for one in responses]
    assert len(passed(profile, later, found)) == 2 * 299
    assert {ocsp.load_der_ocsp_response(one).this_update_utc for one in found} == {later}
