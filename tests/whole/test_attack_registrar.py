"""Somebody who holds the registrar's process: its requester key, its password of the queue server, its database.

What the signer's configuration gives that requester is what they get, and nothing else: a real `worker signer`, and a
Valkey with the users that are shipped.
"""

import base64
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from revocation import clock
from revocation.messages import (
    Body,
    Change,
    Discard,
    Excuse,
    Issue,
    Message,
    Outcome,
    Raise,
    Release,
    Reply,
    RequesterKey,
    Revoke,
    Verb,
    compose,
)
from revocation.refusalkind import RefusalKind
from revocation.serials import from_int, to_hex
from revocation.wire.queue import ISSUES_QUEUE, SIGNER_QUEUE, Wire
from revocation.wire.route import REGISTRARS_QUEUE
from signer.ledger.schema import audit, certificates, facts
from tests.authority import Authority
from tests.infra.valkey_users import GuardedServer
from tests.signer.issuing.office import Office, certificate_in, request_of
from tests.waiting import until
from tests.wire.attack import packed

pytestmark = pytest.mark.timeout(120)
REVOCAST = [sys.executable, "-P", "-m", "revocation"]
RATE = 3


@dataclass
class Captured:
    """What the attacker has, and the signer that they ask.

    Attributes:
        second: the key of another registrar on the same queue, for the issuer `another`: the attacker has it not.
    """

    office: Office
    server: GuardedServer
    key: RequesterKey
    second: RequesterKey
    wire: Wire

    def send(self, verb: Verb, body: Body, *, queue: str = REGISTRARS_QUEUE, **more: object) -> Reply:
        """What the signer replies to a message that the captured key signed."""
        message = self.message(verb, body, **more)
        self.wire.send(queue, message)
        reply = self.wire.await_reply(message.id, 20)
        assert reply, message
        return reply

    def message(self, verb: Verb, body: Body, *, requester: str = "registrar", id_: str | None = None) -> Message:
        return self.key.sign(compose(verb, body, clock.now(), requester=requester, id_=id_))

    def issue(self, *names: str, issuer: str = "test", profile: str = "server", **more: object) -> Reply:
        csr = base64.b64encode(request_of(ec.generate_private_key(ec.SECP256R1()))).decode()
        body = Issue(issuer=issuer, profile=profile, csr=csr, names=names, asked_by="token evil", **more)
        return self.send(Verb.ISSUE, body, queue=ISSUES_QUEUE)

    def forget_reply(self, id_: str) -> None:
        """As after an hour."""
        with self.server.client() as administrator:
            administrator.delete(f"reply:{id_}")

    def serials(self) -> set[bytes]:
        """Of all certificates in the ledger."""
        with self.office.signer.ledger.read() as connection:
            return set(connection.execute(select(certificates.c.serial)).scalars())

    def facts(self) -> int:
        """How many there are about certificates."""
        with self.office.signer.ledger.read() as connection:
            return len(connection.execute(select(facts.c.revision)).all())


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Captured]:
    """The signer runs, with the requester that docs/acme.md has, and two more issuers that it is not for."""
    now, folder = clock.now(), tmp_path_factory.mktemp("office")
    with GuardedServer(tmp_path_factory.mktemp("guarded")) as server:
        authority = Authority(days=400, not_before=now - timedelta(days=1))
        queue = f'queue = "{server.url_of("signer")}"'
        key, second = RequesterKey.generate(), RequesterKey.generate()
        office = Office.build(folder, authority=authority, signer=queue, now=now)
        office.estate.add_issuer("another", Authority("Another CA", not_before=now - timedelta(days=1)))
        with (folder / "revocast.toml").open("a") as config:
            config.write('[signer.issuers.issuance.names]\ndns = ["example.com"]\n')
            config.write("[signer.issuers.issuance.profiles.server]\n")
            config.write(f'[[signer.requesters]]\nname = "registrar"\npublic_key = "{key.public}"\n')
            config.write(f'verbs = ["issue", "revoke"]\nissuers = ["test"]\nissues_per_hour = {RATE}\n')
            config.write(f'[[signer.requesters]]\nname = "second"\npublic_key = "{second.public}"\n')
            config.write('verbs = ["issue", "revoke"]\nissuers = ["another"]\n')
        office.signer = office.estate.signer(now)
        command = [*REVOCAST, "worker", "signer", "--config", str(folder / "revocast.toml")]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Captured(office, server, key, second, Wire(server.url_of("registrar")))
        assert process.poll() is None, "the signer has ended"
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("names", "more", "why"),
    [
        (("dns:evil.example.net",), {}, "dns:evil.example.net"),
        (("dns:www.example.com", "dns:bank.example"), {}, "bank.example"),
        (("ip:198.51.100.1",), {}, "198.51.100.1"),
        (("dns:www.example.com",), {"issuer": "another"}, "another"),
        (("dns:www.example.com",), {"issuer": "none"}, "none"),
        (("dns:www.example.com",), {"profile": "everything"}, "everything"),
        (("dns:www.example.com",), {"lasts": 201 * 86400}, "200d"),
        (("dns:www.example.com",), {"not_after": "3000-01-01T00:00:00Z"}, ""),
        (("dns:www.example.com",), {"not_before": "2020-01-01T00:00:00Z"}, ""),
        (("dns:www.example.com",), {"subject": "CN=bank.example"}, ""),
    ],
)
def test_certificate_outside_the_policy_is_refused(
    captured: Captured, names: tuple[str, ...], more: dict[str, object], why: str
) -> None:
    """Other names, issuers, profiles, longer and earlier: and nothing is in the ledger of it."""
    before = captured.serials()
    reply = captured.issue(*names, **more)
    assert (reply.outcome, why in f"{reply.detail} {reply.advice}") == (Outcome.REFUSED, True), reply
    assert captured.serials() == before


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        (Verb.RELEASE, Release(issuer="test", serial="01")),
        (Verb.RAISE, Raise(issuer="test", serial="01", reason="keyCompromise")),
        (Verb.EXCUSE, Excuse(issuer="test", serials=("01",), why="evil")),
        (Verb.DISCARD, Discard(issuer="test", why="evil")),
        (Verb.REVOKE, Revoke(issuer="another", serial="01", reason="keyCompromise")),
        (Verb.REVOKE, Revoke(issuer="test", serial="0DEAD0", reason="keyCompromise")),
    ],
)
def test_what_the_requester_has_no_right_to_is_refused(captured: Captured, verb: Verb, body: Change) -> None:
    """Other verbs, other issuers' certificates, certificates that are none: no fact is recorded."""
    before = captured.facts()
    assert captured.send(verb, body).outcome is Outcome.REFUSED
    assert captured.facts() == before


def test_message_in_anothers_name_is_refused(captured: Captured) -> None:
    """The key is that of one requester."""
    body = Revoke(issuer="test", serial="01", reason="keyCompromise")
    assert captured.send(Verb.REVOKE, body, requester="operator").outcome is Outcome.REFUSED


def test_registrars_on_one_queue_are_kept_apart(captured: Captured) -> None:
    """Each key is for its own issuer, in its own name; and an id that one has used says nothing to the other."""
    before = captured.facts()
    mine, theirs = (Revoke(issuer=issuer, serial="0DEAD3", reason="superseded") for issuer in ("test", "another"))
    for body, requester in ((theirs, "registrar"), (theirs, "second"), (mine, "second")):
        reply = captured.send(Verb.REVOKE, body, requester=requester)
        assert (reply.outcome, reply.kind) == (Outcome.REFUSED, RefusalKind.REQUESTER), reply
    id_ = "5e" * 16
    first = captured.second.sign(compose(Verb.REVOKE, theirs, clock.now(), requester="second", id_=id_))
    captured.wire.send(REGISTRARS_QUEUE, first)
    until(lambda: captured.wire.await_reply(id_, 0.1) is not None, 20)
    captured.forget_reply(id_)
    reply = captured.send(Verb.REVOKE, mine, id_=id_)
    assert (reply.outcome, reply.issuer) == (Outcome.REFUSED, None)
    assert "this id was used for another message" in reply.detail
    assert "0DEAD3" not in f"{reply.detail} {reply.advice}"
    assert captured.facts() == before


def test_more_than_the_rate_is_refused_and_what_is_within_is_in_the_audit_log(captured: Captured) -> None:
    """So many an hour, whatever the database of the registrar counts; and what was issued can be revoked."""
    replies = [captured.issue("dns:www.example.com") for _ in range(RATE + 2)]
    assert [one.outcome for one in replies] == [Outcome.DONE] * RATE + [Outcome.REFUSED] * 2
    assert "retry_at" in replies[-1].data
    with captured.office.signer.ledger.read() as connection:
        rows = connection.execute(select(audit.c.detail)).scalars()
        told = [json.loads(one) for one in rows if "token evil" in one]
    assert {one["requester"] for one in told} == {"registrar"}
    serial = to_hex(from_int(certificate_in(replies[0]).serial_number))
    assert captured.send(Verb.REVOKE, Revoke(issuer="test", serial=serial, reason="superseded")).outcome is Outcome.DONE


def test_queue_of_others_cannot_be_written_nor_read(captured: Captured) -> None:
    """A revocation that the operator asks for goes through while the attacker does what they can to the queues."""
    with captured.server.client_of("registrar") as evil, captured.server.client() as administrator:
        for command in (
            ("RPUSH", "x"),
            ("SET", "x"),
            ("HSET", "x", "y"),
            ("GETDEL",),
            ("EXPIRE", "0"),
            ("INCRBY", "1"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                evil.execute_command(command[0], f"rq:queue:{SIGNER_QUEUE}", *command[1:])
        for command in (("EVAL", "return 1", "0"), ("KEYS", "*"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("MONITOR",)):
            with pytest.raises(redis.exceptions.NoPermissionError):
                evil.execute_command(*command)
        for queue in (REGISTRARS_QUEUE, ISSUES_QUEUE):
            evil.set(f"rq:queue:{queue}", "spoilt")
        operator = Wire(captured.server.url_of("operator"))
        body = Revoke(issuer="test", serial="01", reason="superseded")
        message = captured.office.estate.ask(Verb.REVOKE, body, clock.now())
        operator.send(SIGNER_QUEUE, message)
        assert operator.await_reply(message.id, 30)
        administrator.delete(*(f"rq:queue:{queue}" for queue in (REGISTRARS_QUEUE, ISSUES_QUEUE)))
    until(lambda: captured.send(Verb.REVOKE, body).outcome is Outcome.REFUSED, 30)


class Evil:
    """Runs a command where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return __import__("os").system, (f"touch {self.path}",)


def test_code_in_the_queue_runs_nowhere(captured: Captured, tmp_path: Path) -> None:
    """Pickles and names of functions, in every queue that the password opens: the next message is answered."""
    canary = tmp_path / "ran"
    with captured.server.client_of("registrar") as evil, captured.server.client() as administrator:
        for queue, prefix in ((REGISTRARS_QUEUE, "asked-"), (ISSUES_QUEUE, "issue-")):
            code = packed("os.system", None, [f"touch {canary}"], {})
            for number, data in enumerate((code, pickle.dumps(Evil(canary)), b"\xff" * 1000)):
                evil.hset(f"rq:job:{prefix}{number}", mapping={"data": data, "origin": queue, "status": "queued"})
                evil.rpush(f"rq:queue:{queue}", f"{prefix}{number}")
        until(lambda: not any(administrator.llen(f"rq:queue:{one}") for one in (REGISTRARS_QUEUE, ISSUES_QUEUE)), 30)
    body = Revoke(issuer="test", serial="0DEAD1", reason="superseded")
    assert captured.send(Verb.REVOKE, body).outcome is Outcome.REFUSED
    assert not canary.exists()


def test_forged_reply_is_not_remembered_by_anybody(captured: Captured) -> None:
    """The attacker may write replies: a claim that the ledger does not have, and the signer's own replaces it."""
    id_ = "ab" * 16
    forged = Reply(id=id_, outcome=Outcome.DONE, at=clock.now(), detail="done, says the attacker")
    captured.wire.put_reply(forged)
    body = Revoke(issuer="test", serial="0DEAD2", reason="superseded")
    captured.wire.send(REGISTRARS_QUEUE, captured.message(Verb.REVOKE, body, id_=id_))

    def is_true() -> bool:
        reply = captured.wire.await_reply(id_, 1)
        return reply is not None and reply.outcome is Outcome.REFUSED

    until(is_true, 20)


def test_ledger_and_keys_are_not_the_registrars_to_read() -> None:
    """Its code has no way there: none of its modules, nor what they import, is of the signer."""
    said = (
        "import sys, registrar.serve, registrar.worker; print([m for m in sys.modules if m.split('.')[0] == 'signer'])"
    )
    shown = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
