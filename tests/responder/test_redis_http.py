"""`revocast respond` over a Redis server that dies and comes back: what clients get by HTTP meanwhile."""

import os
import signal
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from responder.answers import ErrorAnswer
from responder.app import create_app
from responder.redissource import RedisSource
from revocation import clock
from revocation.redisserver import RedisServer
from tests.authority import NOW, Authority
from tests.responder.asking import nonce, path, request
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN, Filling
from tests.responder.running import configure, respond, running
from tests.responder.serverstore import der_in, fill
from tests.waiting import until
from tests.wire.server import Server

TRY_LATER = ErrorAnswer.TRY_LATER.der
_CONFIGURATION = """
[public]
base_url = "http://pki.example"
[[public.issuers]]
name = "test"
certificates = ["ca.pem"]
[responder]
port = 0
server = "{server}"
[responder.redis]
url = "unix://valkey.sock"
{more}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Valkey that a test may kill."""
    with Server(tmp_path) as running:
        yield running


def written(folder: Path, authority: Authority, server: str = "waitress", more: str = "") -> Path:
    """A configuration with only what the responder reads."""
    configure(folder, authority)
    (folder / "revocast.toml").write_text(_CONFIGURATION.format(server=server, more=more))
    return folder / "revocast.toml"


def post(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body; any other status than 200 is an error of the test."""
    asked = urllib.request.Request(f"{url}/ocsp/", body, {"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(asked, timeout=30) as answered:
        return answered.status, answered.read()


@pytest.mark.parametrize("kind", ["waitress", "fastpysgi"])
def test_server_that_is_killed_in_flight_and_comes_back(tmp_path: Path, server: Server, kind: str) -> None:
    """Many clients at once: each gets its response or tryLater, under 200, and then responses again."""
    now = clock.now().replace(microsecond=0)
    filling = Filling(Authority(not_before=now - timedelta(days=10)))
    entries = [*filling.issuer_entries(), *(e for n in range(40) for e in filling.entries(0x3000 + n, this_update=now))]
    fill(server, entries)
    right = {der_in(entries, filling, 0x3000 + n) for n in range(40)}
    answers: Counter[tuple[int, bytes]] = Counter()
    ended = threading.Event()

    def ask(url: str, client: int) -> None:
        turn = client
        while not ended.is_set():
            turn += 1
            answers[post(url, request(filling.cert_id(0x3000 + turn % 40)))] += 1

    with running(written(tmp_path, filling.authority, kind)) as responder:
        clients = [threading.Thread(target=ask, args=(responder.url, client)) for client in range(4)]
        for client in clients:
            client.start()
        try:
            until(lambda: sum(answers.values()) > 200)
            server.kill()
            until(lambda: answers[200, TRY_LATER] > 50)
            server.start()
            fill(server, entries)
            until(lambda: post(responder.url, request(filling.cert_id(0x3000)))[1] != TRY_LATER)
        finally:
            ended.set()
            for client in clients:
                client.join()
    assert {status for status, _ in answers} == {200}
    assert {body for _, body in answers} - {TRY_LATER} == right


@pytest.mark.parametrize("kind", ["waitress", "fastpysgi"])
def test_server_that_hangs_and_goes_on_is_asked_again(tmp_path: Path, server: Server, kind: str) -> None:
    """One client, one request after the other: tryLater meanwhile, then responses, without a crowd that asks."""
    now = clock.now().replace(microsecond=0)
    filling = Filling(Authority(not_before=now - timedelta(days=10)))
    entries = [*filling.issuer_entries(), *filling.entries(GOOD, this_update=now)]
    fill(server, entries)
    asked, right = request(filling.cert_id(GOOD)), der_in(entries, filling, GOOD)
    with running(written(tmp_path, filling.authority, kind)) as responder:
        assert post(responder.url, asked) == (200, right)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            until(lambda: post(responder.url, asked) == (200, TRY_LATER))
            until(lambda: post(responder.url, asked) == (200, TRY_LATER))
        finally:
            os.kill(server.pid, signal.SIGCONT)
        until(lambda: post(responder.url, asked) == (200, right))


def test_answers_by_http_are_those_of_a_store_on_this_host(server: Server, filling: Filling, clock: Clock) -> None:
    """By POST on the hot path and past it, and by GET: 200, and uncached where it is an error."""
    shelf = filling.shelf()
    fill(server, shelf)
    source = RedisSource(RedisServer(url=server.url))
    client = create_app(source, now=clock).test_client()
    stored = {serial: der_in(shelf, filling, serial) for serial in (GOOD, REVOKED)}
    wanted = {**stored, EXPIRED: TRY_LATER, UNKNOWN: ErrorAnswer.UNAUTHORIZED.der}

    def ask(serial: int) -> set[bytes]:
        asked = request(filling.cert_id(serial))
        answered = [
            client.post("/ocsp/", data=asked),
            client.post("/ocsp/", data=request(filling.cert_id(serial), extensions=nonce(16))),
            client.post("/ocsp/", data=request(filling.cert_id(serial), filling.cert_id(UNKNOWN))),
            client.get(f"/ocsp/{path(asked)}"),
        ]
        assert {answer.status_code for answer in answered} == {200}
        for answer in answered:
            assert (answer.headers["Cache-Control"] == "no-store") == (len(answer.data) == 5)
        return {answer.data for answer in answered}

    assert {serial: ask(serial) for serial in wanted} == {serial: {der} for serial, der in wanted.items()}
    server.kill()
    until(lambda: source.version() is None)
    assert [ask(serial) for serial in wanted] == [{TRY_LATER}] * 4
    source.close()


def test_publication_is_answered_once_it_is_seen(server: Server, filling: Filling, clock: Clock) -> None:
    """A revocation replaces what the hot path had in memory."""
    fill(server, filling.shelf())
    source = RedisSource(RedisServer(url=server.url))
    client = create_app(source, now=clock).test_client()
    asked = request(filling.cert_id(GOOD))
    before = {client.post("/ocsp/", data=asked).data for _ in range(3)}
    later = filling.entries(GOOD, this_update=NOW, revoked=True)
    fill(server, later)
    until(lambda: client.post("/ocsp/", data=asked).data == der_in(later, filling, GOOD))
    assert len(before) == 1
    source.close()


def test_responder_whose_password_is_not_there_does_not_start(tmp_path: Path) -> None:
    """Exit code 2 and where it was looked for, rather than a responder that can answer nobody."""
    process = respond(written(tmp_path, Authority(), more='password = "file:nowhere"'))
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"file:{tmp_path}/nowhere" in told


@pytest.mark.parametrize(("old", "new"), [("port = 0", 'port = 0\nstore = "store"'), ("[responder.redis]", "[other]")])
def test_responder_has_one_source(tmp_path: Path, old: str, new: str) -> None:
    """Neither two nor none."""
    file = written(tmp_path, Authority())
    file.write_text(file.read_text().replace(old, new).replace('[other]\nurl = "unix://valkey.sock"\n', ""))
    process = respond(file)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "responder.store (LMDB) or responder.redis is needed, and not both" in told
