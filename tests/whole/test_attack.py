"""Somebody with full write access to the queue against the real signer: delay is all that they get."""

import json
import pickle
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from revocation import clock
from revocation.clock import fixed
from revocation.messages import Look, Message, Outcome, Release, RequesterKey, Revoke, Verb, compose
from revocation.published import CRLRow
from revocation.wire.queue import Wire
from revocation.wire.route import queue_of
from signer.handle import handle
from signer.ledger.schema import metadata
from signer.look import look
from tests.estate import Estate
from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.server import Server
from tests.wire.test_attacks_code import Touch


class Besieged:
    """A signer's worker, its installation, and the attacker's client."""

    def __init__(self, estate: Estate, server: Server) -> None:
        self.estate = estate
        self.wire = Wire(server.url)
        self.client: redis.Redis = server.client()
        command = [sys.executable, "-P", "-m", "revocation", "worker", "signer", "--config"]
        with (estate.folder / "worker.log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, str(estate.folder / "revocast.toml")], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout
        if self.process.stdout.readline() != "ready\n":
            self.stop()
            pytest.fail(f"the worker did not start: {(estate.folder / 'worker.log').read_text()}")

    def state(self) -> tuple[object, ...]:
        """All that must not change: every table of the ledger, and the exchange."""
        signer = self.estate.signer()
        with signer.ledger.read() as connection:
            tables = [connection.execute(select(table)).fetchall() for table in metadata.sorted_tables]
        return (tables, [(stored.name, stored.size) for stored in signer.exchange.list()])

    def send(self, message: Message) -> Outcome:
        """Send a message as anybody can; how it ended."""
        self.wire.forget_reply(message.id)  # of the same message before
        self.wire.send(queue_of(message.verb), message)
        return self.wire.await_reply(message.id, 20).outcome

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(30) == 0
        finally:
            self.process.kill()
            self.process.communicate()
            self.client.close()


@pytest.fixture
def besieged(tmp_path: Path) -> Iterator[Besieged]:
    """A signer at peace: certificate 1 is good, 2 revoked, 3 on hold; everything is signed and nothing due."""
    with Server(tmp_path) as server:
        yield from _besieged(tmp_path, server)


def _besieged(tmp_path: Path, server: Server) -> Iterator[Besieged]:
    one_slice = 'ocsp = { slices = 1, renewal = "12h" }'  # its turn is at noon and midnight, UTC, and not in between
    estate = Estate.build(tmp_path / "estate", public=one_slice, signer=f'queue = "{server.url}"')
    signer, now = estate.signer(), clock.now() - timedelta(minutes=5)
    estate.register(signer, [1, 2, 3], now)
    handle(signer, estate.revoke(2, now=now), fixed(now))
    handle(signer, estate.revoke(3, "certificateHold", now), fixed(now))
    assert look(signer, fixed(now)).problems == []
    started = Besieged(estate, server)
    try:
        settle(started)
        yield started
    finally:
        started.stop()


def forgeries(now: object) -> Iterator[Message]:
    """Messages that would change facts, by somebody without the operator's key."""
    revoke = Revoke(issuer="test", serial="01", reason="keyCompromise")
    release = Release(issuer="test", serial="03")
    for verb, body in ((Verb.REVOKE, revoke), (Verb.RELEASE, release)):
        for requester in ("operator", "clerk", "mallory", None):
            unsigned = compose(verb, body, now, requester=requester)  # type: ignore[arg-type]
            yield unsigned
            yield RequesterKey.generate().sign(unsigned)


def test_forged_messages_change_nothing(besieged: Besieged) -> None:
    """Unsigned, signed with another key, altered: refused; not a row of the ledger changes, not even by the refusal."""
    before = besieged.state()
    for message in forgeries(clock.now()):
        assert besieged.send(message) is Outcome.REFUSED
    altered = besieged.estate.revoke(2, now=clock.now())
    assert besieged.send(altered.model_copy(update={"body": {**altered.body, "serial": "01"}})) is Outcome.REFUSED
    assert besieged.state() == before


def test_replayed_messages_change_nothing(besieged: Besieged) -> None:
    """A message of the operator's that was seen once gets its old reply, also after what it did was undone."""
    hold = besieged.estate.revoke(1, "certificateHold", clock.now())
    assert besieged.send(hold) is Outcome.DONE
    release = besieged.estate.ask(Verb.RELEASE, Release(issuer="test", serial="01"), clock.now())
    assert besieged.send(release) is Outcome.DONE
    settle(besieged)
    before = besieged.state()
    for _ in range(5):
        assert besieged.send(hold) is Outcome.DONE
        assert besieged.send(release) is Outcome.DONE
    assert besieged.state() == before


@pytest.mark.long
def test_asking_for_work_makes_no_crl_that_is_not_due(besieged: Besieged) -> None:
    """Requests, with lies about what is published, make nothing, however often: the signer asks its own ledger."""
    before = besieged.state()
    issuer = next(iter(besieged.estate.signer().public.profiles))
    now = clock.now()
    lie = {"issuer": issuer, "label": "all", "number": 0, "sha256": "0" * 64, "size": 1}
    rows = [CRLRow(**lie, revision=r, this_update=now, next_update=now, renew_at=now) for r in (0, 10**9)]
    for verb in (Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN):
        for hint in (Look(), Look(crls=(rows[0],)), Look(crls=(rows[1],)), Look(issuers=(issuer,))):
            assert besieged.send(compose(verb, hint, clock.now())) is Outcome.DONE
    assert besieged.state() == before


def test_code_in_the_queue_is_not_run_in_the_signer(besieged: Besieged, tmp_path: Path) -> None:
    """Pickles, functions of Python, callbacks and web hooks: no canary, the same process answers afterwards."""
    before, canary = besieged.state(), tmp_path / "canary"
    touch, evil = f"touch {canary}", pickle.dumps(Touch(canary))
    message = compose(Verb.DUE, Look(), clock.now()).model_dump_json()
    hook = json.dumps([{"url": "http://127.0.0.1:1/", "job_status": s} for s in ("finished", "failed")])
    for number, name in enumerate(("os.system", "builtins.eval", "subprocess.getoutput", "revoke", "import")):
        plant(besieged.client, f"name-{number}", packed(name, None, [touch], {}))
    for number, data in enumerate((evil, zlib.compress(evil), b"", b"\0" * 100)):
        plant(besieged.client, f"data-{number}", data)
    for callback in ("success_callback_name", "failure_callback_name", "stopped_callback_name"):
        plant(besieged.client, callback, packed("due", None, [message], {}), **{callback: "os.system"})
    plant(besieged.client, "hook", packed("due", None, [message], {}), webhooks=hook, result=evil, meta=evil)
    assert besieged.send(compose(Verb.DUE, Look(), clock.now())) is Outcome.DONE
    assert not canary.exists()
    assert besieged.process.poll() is None
    assert besieged.state() == before


def test_unsigned_work_is_refused_on_the_queue_of_signed_messages(besieged: Besieged) -> None:
    """Also under the name of a verb that is done there: it would hold up who has a right to come first."""
    before = besieged.state()
    for verb in (Verb.DUE, Verb.GENERATE_CRLS, Verb.PRESIGN):
        message = compose(verb, Look(), clock.now())
        plant(besieged.client, message.id, packed("revoke", None, [message.model_dump_json()], {}))
        reply = besieged.wire.await_reply(message.id, 20)
        assert reply.outcome is Outcome.REFUSED
        assert f"{verb} is not asked on this queue" in reply.detail
    assert besieged.state() == before


def flood(besieged: Besieged, queue: str, count: int) -> None:
    """Write that many unsigned messages, each its own, into a queue."""
    with besieged.client.pipeline(transaction=False) as pipeline:
        for _ in range(count):
            asked = compose(Verb.PRESIGN, Look(), clock.now())
            data = packed(str(asked.verb), None, [asked.model_dump_json()], {})
            pipeline.hset(f"rq:job:{asked.id}", "data", data)
            pipeline.rpush(f"rq:queue:{queue}", asked.id)
        pipeline.execute()


def test_unsigned_messages_by_the_thousand_do_not_hold_up_a_signed_one(besieged: Besieged) -> None:
    """Whichever queue they are written into: those of the first are dropped, those of the second wait."""
    looked_for = len(besieged.client.keys("reply:*"))
    flood(besieged, "signer", 1000)
    flood(besieged, "signer.looks", 1000)
    assert besieged.send(besieged.estate.revoke(1, now=clock.now())) is Outcome.DONE
    replies = len(besieged.client.keys("reply:*")) - looked_for
    assert replies < 500, "only what came before the revocation was looked for"
    until(lambda: besieged.client.llen("rq:queue:signer.looks") == 0)
    settle(besieged)


def settle(besieged: Besieged) -> None:
    """Wait until what the attacker's victim did by right is signed."""

    def calm() -> bool:
        question = compose(Verb.DUE, Look(), clock.now())
        besieged.wire.send(queue_of(question.verb), question)
        return besieged.wire.await_reply(question.id, 20).data["due"] == []

    until(calm)
