"""The signer's worker as a process: answers over a real queue, looks by itself, listens on nothing, stops cleanly."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from revocation.clock import fixed
from revocation.messages import Look, Outcome, Verb, compose
from revocation.wire.queue import LOOKS_QUEUE, PUBLISHER_QUEUE, SIGNER_QUEUE, Wire
from signer.handle import handle
from signer.look import look
from signer.slice_sizes import large_slices
from tests.authority import Authority
from tests.estate import PASSPHRASE, Estate, certificate
from tests.signer.reading import bundles, crl_serials, statuses
from tests.waiting import until
from tests.wire.server import Server

REVOCAST = [sys.executable, "-P", "-m", "revocation"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def start(estate: Estate) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts the worker and waits until it listens; what is left of it is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> "subprocess.Popen[str]":
        command = [*REVOCAST, "worker", "signer", "--config", str(estate.folder / "revocast.toml")]
        with (estate.folder / "worker.log").open("a") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def estate(tmp_path: Path, server: Server) -> Estate:
    """An installation with a queue."""
    return Estate.build(tmp_path / "estate", signer=f'queue = "{server.url}"')


def test_worker_records_publishes_and_replies_to_a_revocation(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """Reply, CRL, response and a hint to the publisher follow on one message, and no second one on its repetition."""
    signer, wire = estate.signer(), Wire(server.url)
    estate.register(signer, [1, 2], clock.now())
    start()
    until(lambda: len(statuses(signer)) == 4)
    message = estate.revoke(2, now=clock.now())
    for _ in range(2):
        wire.send(SIGNER_QUEUE, message)
        assert wire.await_reply(message.id, 20).outcome is Outcome.DONE
    until(lambda: crl_serials(signer) == [2] and statuses(signer)[2, "sha256"] == "REVOKED")
    assert server.client().llen(f"rq:queue:{PUBLISHER_QUEUE}") >= 1


def test_worker_records_what_is_revoked_while_somebody_signs_and_others_ask_for_looks(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """A schedule asks while slices are signed; it is answered when that is over, and a revocation at once."""
    signer, wire = estate.signer(), Wire(server.url)
    estate.register(signer, [1, 2], clock.now())
    start()
    until(lambda: len(statuses(signer)) == 4)
    with signer.ledger.signing():
        asked = compose(Verb.PRESIGN, Look(), clock.now())
        wire.send(LOOKS_QUEUE, asked)
        until(lambda: server.client().llen(f"rq:queue:{LOOKS_QUEUE}") == 0)
        message = estate.revoke(2, now=clock.now())
        wire.send(SIGNER_QUEUE, message)
        reply = wire.await_reply(message.id, 20)
        assert (reply and reply.outcome) is Outcome.DONE
        assert wire.await_reply(asked.id, 0) is None
    until(lambda: crl_serials(signer) == [2] and statuses(signer)[2, "sha256"] == "REVOKED")
    reply = wire.await_reply(asked.id, 20)
    assert (reply and reply.outcome) is Outcome.DONE


def test_worker_acknowledges_in_the_next_second_what_was_revoked_in_that_of_a_crl_while_somebody_signs(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """The reply that waits for the second of the next CRL waits for no slice."""
    signer, wire = estate.signer(), Wire(server.url)
    estate.register(signer, [1, 2], clock.now())
    start()
    until(lambda: len(statuses(signer)) == 4)
    handle(signer, estate.revoke(1, now=clock.now()), clock.now)
    moment = clock.now() + timedelta(seconds=2)
    assert look(signer, fixed(moment), (Verb.GENERATE_CRLS,)).problems == []
    assert crl_serials(signer) == [1]
    with signer.ledger.signing():
        until(lambda: clock.now() == moment)
        message = estate.revoke(2, now=moment)
        wire.send(SIGNER_QUEUE, message)
        reply = wire.await_reply(message.id, 20)
        assert (reply and reply.outcome) is Outcome.DONE


def test_worker_makes_what_is_due_while_the_queue_is_away(estate: Estate, server: Server) -> None:
    """What nobody asks for is signed though the queue server was dead before the worker began."""
    server.kill()
    signer = estate.signer()
    estate.register(signer, [1], clock.now())
    worker = start_without_queue(estate)
    try:
        until(lambda: len(statuses(signer)) == 2)
    finally:
        worker.kill()
        worker.communicate()


def start_without_queue(estate: Estate) -> "subprocess.Popen[bytes]":
    """A worker that cannot be waited for, since it says `ready` only when it hears the queue."""
    command = [*REVOCAST, "worker", "signer", "--config", str(estate.folder / "revocast.toml")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_worker_opens_no_listening_socket_and_stops_on_sigterm(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """Of the sockets that the process holds none is listening; told to stop, it exits with 0."""
    process = start()
    inodes = {
        link.readlink().name.removeprefix("socket:[").removesuffix("]")
        for link in Path(f"/proc/{process.pid}/fd").iterdir()
        if link.readlink().name.startswith("socket:")
    }
    listening = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A":
                listening.add(fields[9])
    unix = Path(f"/proc/{process.pid}/net/unix").read_text().splitlines()[1:]
    listening |= {fields[6] for fields in map(str.split, unix) if int(fields[3], 16) & 0x10000}
    assert inodes
    assert not inodes & listening
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.mark.long
def test_worker_stops_on_sigterm_while_a_process_that_signs_hangs(tmp_path: Path, server: Server) -> None:
    """It is not waited for any longer than a look that goes on."""
    queue = f'queue = "{server.url}"'
    estate = Estate.build(tmp_path / "large", signer=queue, public="[public.ocsp]\nslices = 1\n")
    for first in range(1, 20_000, 2000):
        estate.register(estate.signer(), range(first, first + 2000), clock.now())
    with start_without_queue(estate) as process:
        until(lambda: children(process), seconds=60)
        os.kill(children(process)[0], signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    """The processes that it started to sign; before they run that, they are copies that their parent waits for."""
    started_by_thread = Path(f"/proc/{process.pid}/task").glob("*/children")
    started = [int(pid) for found in started_by_thread for pid in found.read_text().split()]
    return [pid for pid in started if b"signer.signing" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_worker_without_a_key_says_so_and_does_what_needs_none(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """The delegate goes on signing responses, other issuers are served, and the key is used once it is back."""
    signer, wire = estate.signer(), Wire(server.url)
    estate.register(signer, [1, 2], clock.now())
    assert not look(signer, clock.now).problems
    (estate.folder / "ca.key").rename(estate.folder / "aside")
    start()
    assert (
        f"ERROR revocast.signer: issuer test, key {estate.folder / 'ca.key'}: cannot be read"
        in (estate.folder / "worker.log").read_text()
    )
    wire.send(SIGNER_QUEUE, message := estate.revoke(2, now=clock.now()))
    assert wire.await_reply(message.id, 20).outcome is Outcome.DONE
    until(lambda: statuses(signer)[2, "sha256"] == "REVOKED")
    assert crl_serials(signer) == []
    (estate.folder / "aside").rename(estate.folder / "ca.key")
    wire.send(LOOKS_QUEUE, compose(Verb.GENERATE_CRLS, Look(), clock.now()))
    until(lambda: crl_serials(signer) == [2])


def test_worker_says_at_the_start_that_slices_are_too_large(
    estate: Estate, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """Once, with what to set; expired certificates do not count."""
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace("[public]\n", "[public]\nocsp = { slices = 1 }\n", 1))
    signer, moment = estate.signer(), clock.now()
    estate.register(signer, range(1, 10_001), moment)
    estate.register(signer, range(20_000, 20_010), moment, not_after=moment - timedelta(days=1))
    assert list(large_slices(signer, moment)) == []
    estate.register(signer, [10_001], moment)
    start()
    said = [line for line in (estate.folder / "worker.log").read_text().splitlines() if "slice" in line]
    assert "test: 10001 certificates in an OCSP slice" in said[0]
    assert "set `slices` of [public.ocsp], now 1, to 3, also where publishers run" in said[0]


def test_wrong_passphrase_is_the_problem_of_its_issuer_alone(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """Told at the start, and where its key is needed; what another issuer revokes is signed, its own is recorded."""
    estate.add_issuer("other", Authority("Other CA", not_before=clock.now() - timedelta(days=1)))
    signer, wire = estate.signer(), Wire(server.url)
    for issuer in ("test", "other"):
        estate.import_(signer, [certificate(1)], clock.now(), issuer=issuer)
    (estate.folder / "ca.passphrase").write_text("wrong")
    start()
    told = f"issuer test, key {estate.folder}/ca.key: the passphrase is wrong (read from {estate.folder}/ca.passphrase)"
    assert told in (estate.folder / "worker.log").read_text()
    for issuer in ("test", "other"):
        wire.send(SIGNER_QUEUE, message := estate.revoke(1, now=clock.now(), issuer=issuer))
        assert wire.await_reply(message.id, 20).outcome is Outcome.DONE
    until(lambda: list(bundles(signer, "crl")) and crl_serials(signer) == [1])
    issuers = {reader.manifest.part.issuer for reader, _ in bundles(signer, "crl")}
    assert issuers == {signer.public.profile("other").issuer.id}
    wire.send(LOOKS_QUEUE, asked := compose(Verb.GENERATE_CRLS, Look(), clock.now()))
    reply = wire.await_reply(asked.id, 20)
    assert reply
    assert told in reply.detail
    (estate.folder / "ca.passphrase").write_bytes(PASSPHRASE)
    wire.send(LOOKS_QUEUE, compose(Verb.GENERATE_CRLS, Look(), clock.now()))
    until(lambda: {reader.manifest.part.issuer for reader, _ in bundles(signer, "crl")} == set(signer.public.profiles))


def test_repeated_message_is_answered_within_seconds_whenever_it_comes(
    estate: Estate, server: Server, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    """Also in the second of the CRL that shows it: its reply waits for the next second, and not for a later look."""
    signer, wire = estate.signer(), Wire(server.url)
    estate.register(signer, [1], clock.now())
    start()
    message = estate.revoke(1, now=clock.now())
    wire.send(SIGNER_QUEUE, message)
    assert wire.await_reply(message.id, 20)
    for _ in range(4):
        wire.forget_reply(message.id)
        wire.send(SIGNER_QUEUE, message)
        assert wire.await_reply(message.id, 20)
