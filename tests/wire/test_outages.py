"""The queue server may be away, killed or restarted empty, at any time: workers and senders go on when it is back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from revocation.messages import Look, Outcome, Reply, Verb, compose
from revocation.wire.claim import Claim
from revocation.wire.queue import QueueUnreachable, Wire
from tests.waiting import until
from tests.wire.server import Server
from tests.wire.worker import Worker

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def misses_its_server(worker: Worker) -> bool:
    """Whether it has found its server away, and waits to try again."""
    log = worker.log.read_text().lower()
    return "listening again in" in log or "could not connect to redis" in log


def test_worker_goes_on_after_the_server_was_killed_and_restarted_empty(own_server: Server, own_worker: Worker) -> None:
    """Nobody restarts the worker, and it does what is sent afterwards."""
    assert own_worker.still_works(own_server.client())
    own_server.kill()
    until(lambda: misses_its_server(own_worker))
    own_server.start()
    assert own_worker.still_works(own_server.client())


def test_worker_started_before_the_server_waits_for_it(tmp_path: Path) -> None:
    """A worker that comes up first says ready once the server is there."""
    server = Server(tmp_path)
    with Worker(server.url, tmp_path / "diary") as worker:
        until(lambda: misses_its_server(worker))
        server.start()
        worker.until_ready()
        assert worker.still_works(server.client())
    server.stop()


@pytest.mark.parametrize("server_is_up", [True, False])
def test_worker_stops_cleanly_when_told(own_server: Server, own_worker: Worker, server_is_up: bool) -> None:
    """SIGTERM ends it with 0, also while it waits for a server that is away."""
    if not server_is_up:
        own_server.kill()
        until(lambda: misses_its_server(own_worker))
    assert own_worker.stop() == 0
    assert own_worker.process.stdout
    assert own_worker.process.stdout.read().endswith("stopped\n")


def test_worker_finishes_its_task_before_it_stops(own_server: Server, own_worker: Worker) -> None:
    """A task at hand is not torn off by the signal."""
    from tests.wire.attack import packed, plant

    plant(own_server.client(), "last", packed("slow", None, ["last"], {}))
    assert own_worker.did("begin last")
    assert own_worker.stop() == 0
    assert "end last" in own_worker.lines()


def test_sender_says_that_the_server_is_away(own_server: Server) -> None:
    """Nothing hangs: whoever sends, claims or waits is told within seconds."""
    wire = Wire(own_server.url)
    own_server.kill()
    message = compose(Verb.DUE, Look(), NOW)
    for attempt in (
        lambda: wire.send("signer", message),
        lambda: wire.claim("x", "me", 10),
        lambda: wire.await_reply(message.id, 5),
        lambda: wire.put_reply(Reply(id=message.id, outcome=Outcome.DONE, at=NOW)),
        wire.ping,
    ):
        with pytest.raises(QueueUnreachable):
            attempt()


def test_tick_is_claimed_once_by_any_number_of_schedulers(own_server: Server) -> None:
    """Of many that ask for one tick, one gets it; another tick is another matter."""
    wires = [Wire(own_server.url) for _ in range(5)]
    for tick in ("presign:1", "presign:2"):
        claims = [wire.claim(tick, f"scheduler {number}", 100) for number, wire in enumerate(wires)]
        assert claims == [Claim.NEW, *[Claim.OTHERS] * 4]
        assert wires[1].claim(tick, "scheduler 0", 100) is Claim.OURS


def test_tick_whose_owner_may_not_be_seen_counts_as_another_s(own_server: Server) -> None:
    """With users.acl of an earlier version a scheduler goes on as it did with that."""
    rights = ["+set", "+select", "+client|setname", "+ping"]
    own_server.client().acl_setuser("before", enabled=True, nopass=True, keys=["*"], commands=rights)
    wire = Wire(f"unix://before:any@{own_server.socket}")
    assert wire.claim("presign:1", "me", 100) is Claim.NEW
    assert wire.claim("presign:1", "me", 100) is Claim.OTHERS


def test_reply_that_is_none_is_not_taken_for_one(own_server: Server) -> None:
    """Garbage, another message's reply, and a key of another type: the waiting goes on until the true one comes."""
    wire, attacker = Wire(own_server.url), own_server.client()
    message = compose(Verb.DUE, Look(), NOW)
    other = Reply(id="0" * 32, outcome=Outcome.DONE, at=NOW)
    for garbage in (b"", b"\xff", b"{}", b"x" * (2 << 20), other.model_dump_json().encode()):
        attacker.set(f"reply:{message.id}", garbage)
        assert wire.await_reply(message.id, 0.05) is None
    attacker.delete(f"reply:{message.id}")
    attacker.rpush(f"reply:{message.id}", "x")
    assert wire.await_reply(message.id, 0.05) is None
    wire.put_reply(Reply(id=message.id, outcome=Outcome.DONE, at=NOW, detail="true"))
    assert wire.await_reply(message.id, 5).detail == "true"


def test_message_waits_no_longer_than_it_lives(own_server: Server) -> None:
    """A queue whose worker is away for a week does not fill with messages that would be refused as expired."""
    message = compose(Verb.PRESIGN, Look(), NOW)
    Wire(own_server.url).send("signer", message)
    assert 0 < own_server.client().ttl(f"rq:job:{message.id}") <= 600
