"""`worker signer` issues what is asked for over a real queue, and the response is signed with it."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from revocation.messages import Outcome, Reply
from revocation.wire.queue import ISSUES_QUEUE, SIGNER_QUEUE, Wire
from tests.authority import Authority
from tests.signer.issuing.office import Office, certificate_in
from tests.signer.reading import statuses
from tests.waiting import until
from tests.wire.server import Server

REVOCAST = [sys.executable, "-P", "-m", "revocation"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Office]:
    """An office whose worker runs."""
    now, folder = clock.now(), tmp_path_factory.mktemp("office")
    authority = Authority(days=30, not_before=now - timedelta(days=1))
    office = Office.build(folder, authority=authority, signer=f'queue = "{server.url}"', now=now)
    command = [*REVOCAST, "worker", "signer", "--config", str(folder / "revocast.toml")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield office
    process.kill()
    process.communicate()


def replied(wire: Wire, id_: str) -> Reply:
    reply = wire.await_reply(id_, 20)
    assert reply
    return reply


def test_worker_issues_and_signs_the_response_at_once(office: Office, server: Server) -> None:
    """Asked again it gives the same; revoked, it is on the CRL."""
    wire = Wire(server.url)
    message = office.ask(now=clock.now())
    wire.send(ISSUES_QUEUE, message)
    issued = certificate_in(replied(wire, message.id))
    until(lambda: statuses(office.signer).get((issued.serial_number, "sha256")) == "GOOD", seconds=5)
    wire.forget_reply(message.id)
    wire.send(ISSUES_QUEUE, message)
    assert certificate_in(replied(wire, message.id)) == issued
    revoked = office.estate.revoke(issued.serial_number, now=clock.now())
    wire.send(SIGNER_QUEUE, revoked)
    assert replied(wire, revoked.id).outcome is Outcome.DONE


def test_worker_says_what_it_refuses(office: Office, server: Server, tmp_path: Path) -> None:
    """The reply and the log have the words."""
    wire = Wire(server.url)
    message = office.ask("server", ("dns:example.org",), now=clock.now())
    wire.send(ISSUES_QUEUE, message)
    reply = replied(wire, message.id)
    assert (reply.outcome, "example.org" in reply.detail) == (Outcome.REFUSED, True)
    assert f"message {message.id}: refused" in (office.estate.folder / "log").read_text()


def test_burst_of_requests_is_issued_in_few_transactions(office: Office, server: Server) -> None:
    """A hundred that wait together."""
    wire = Wire(server.url)
    messages = [office.ask("server", (f"dns:host-{n}.example.com",), now=clock.now()) for n in range(100)]
    for message in messages:
        wire.send(ISSUES_QUEUE, message)
    assert {replied(wire, message.id).outcome for message in messages} == {Outcome.DONE}
