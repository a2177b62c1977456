"""Somebody with full control of Redis against the whole split site: all queues, notes, replies and stored responses.

The attacker is the server's administrator, whom no ACL binds. What is left to them is to deny, to delay, and to repeat
an OCSP answer that has not expired.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import redis
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import ocsp

from revocation import serials
from revocation.clock import epoch
from revocation.errors import QueueUnreachable
from revocation.issuer import Issuer
from revocation.messages import Look, Outcome, Publish, Verb, compose
from revocation.store import StoredResponse
from tests.authority import Authority
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.e2e import pki
from tests.e2e.programs import PROGRAMS
from tests.jobs.present import claim, forger
from tests.waiting import until
from tests.whole.siege import Siege, besieged
from tests.wire.attack import packed, plant

pytestmark = [pytest.mark.judge(*PROGRAMS), pytest.mark.timeout(300)]
FORGERIES: Final = (
    "by a delegate of another CA of that name",
    "another certificate's",
    "altered",
    "by an ordinary certificate",
    "expired",
    "noise",
    "huge",
)
"""Answers that say good; the first is one that only the signature tells apart."""

QUEUES: Final = {
    "signer": ("", Verb.REVOKE),
    "signer.registrars": ("asked-", Verb.REVOKE),
    "signer.issues": ("issue-", Verb.ISSUE),
    "signer.looks": ("look-", Verb.DUE),
    "publisher": ("publish-", Verb.PUBLISH),
}
"""Each with how the ids of its jobs begin, and a task that is done there."""

RESPONSES: Final = "revocast:responses.2"
KEYS: Final = (
    *(f"rq:{kind}:{queue}" for queue in QUEUES for kind in ("queue", "failed", "workers")),
    "rq:workers",
    "revocast:published:crls",
    "revocast:published:crls:responses",
    "revocast:published:status:responses",
    *(f"revocast:{kind}:{name}" for kind in ("success", "failure") for name in ("signer:presign", "signer:revoke")),
    *(f"revocast:{kind}:publisher:publish:responses" for kind in ("success", "failure")),
    *(f"revocast:asked:{verb}" for verb in Verb),
    *(f"revocast:{name}" for name in ("responses.2", "issuers", "status.2", "sample.2", "version.2")),
)
"""Whatever a service reads or writes there, besides jobs, replies and claims."""


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    """The site, for all tests of this file: after each it is well again."""
    with besieged(tmp_path_factory.mktemp("siege")) as running:
        yield running


@pytest.fixture
def attacker(siege: Siege) -> Iterator[redis.Redis]:
    """Who may do everything in the server; afterwards the site stands, no key is in there, and all converges."""
    with siege.site.servers.valkey.client() as client:
        yield client
        siege.stands()
        assert siege.leaks(_contents(client)) == []
        siege.converges()
        siege.stands()


def test_code_in_any_queue_runs_nowhere(siege: Siege, attacker: redis.Redis) -> None:
    """Pickles, names of functions, callbacks, web hooks, repeats, dependencies: none of three kinds of worker obeys."""
    touch, evil = f"touch {siege.canary}", siege.payload
    code = f"__import__('os').system('{touch}')"
    hook = json.dumps([{"url": "http://127.0.0.1:1/", "job_status": status} for status in ("finished", "failed")])
    fields: dict[str, str | bytes] = {
        **{f"{when}_callback_name": "os.system" for when in ("success", "failure", "stopped")},
        **dict.fromkeys(("meta", "result", "exc_info", "group_id"), evil),
        "webhooks": hook,
        "repeats_left": "9",
        "repeat_intervals": "[0]",
        "dependency_ids": json.dumps(["x"]),
        "description": "os.system",
    }
    for queue, (prefix, task) in QUEUES.items():
        calls = [("os.system", touch), ("subprocess.getoutput", touch), ("builtins.exec", code), (str(task), touch)]
        for number, (name, argument) in enumerate(calls):
            plant(attacker, f"{prefix}{number}a", packed(name, None, [argument], {}), queue, **fields)
            plant(attacker, f"{prefix}{number}b", packed(name, "os", [argument], {"x": argument}), queue, **fields)
        for number, data in enumerate((evil, zlib.compress(evil), packed(str(task), None, [evil.hex()], {}))):
            plant(attacker, f"{prefix}{number}c", data, queue, **fields)
        for registry in ("scheduled", "deferred", "wip", "finished", "canceled"):
            attacker.zadd(f"rq:{registry}:{queue}", {f"{prefix}0a": 1})
        attacker.publish(f"rq:pubsub:{queue}", json.dumps({"command": "shutdown"}))
    attacker.set("rq:suspended", 1)
    _worked_off(attacker)
    siege.stands()


def test_malformed_and_huge_messages_stop_no_worker(siege: Siege, attacker: redis.Redis) -> None:
    """Broken JSON, bodies of wrong types, depth, megabytes: dropped or refused, and a revocation goes through after."""
    for queue, (prefix, task) in QUEUES.items():
        proper = compose(Verb.PUBLISH if queue == "publisher" else Verb.DUE, _body(queue), datetime.now(UTC))
        whole = json.loads(proper.model_dump_json())
        texts = ["", "{", "null", "[" * 50_000, "\x00", '{"id": NaN}', "9" * 5000, "x" * (2 << 20)]
        texts += [
            json.dumps({**whole, name: wrong}) for name in whole for wrong in (None, [], {"a": "b"}, -1, "\u202e")
        ]
        for number, text in enumerate(texts):
            plant(attacker, f"{prefix}{number:x}", packed(str(task), None, [text], {}), queue)
        plant(attacker, f"{prefix}fff", b"x" * (8 << 20), queue)
        attacker.rpush(f"rq:queue:{queue}", b"\xff", "a b", "x" * (1 << 20))
    _worked_off(attacker)
    siege.revoke(siege.fresh())


@pytest.mark.long
@pytest.mark.parametrize("type_", ["string", "hash"])
def test_things_of_wrong_types_under_every_name_are_outlived(siege: Siege, attacker: redis.Redis, type_: str) -> None:
    """All that lies there becomes something else, and large: nothing false is said; once it is emptied all is well."""
    for key in {*KEYS, *(key.decode() for key in attacker.keys("*"))}:
        attacker.delete(key)
        if type_ == "string":
            attacker.set(key, b"\xff" * 100_000)
        else:
            attacker.hset(key, mapping={b"\xff": "x" * 100_000, b"": b""})
    with suppress(QueueUnreachable):  # the key of the queue may not have been put right yet
        siege.look()
    assert siege.believed_otherwise() == []
    status = siege.site.revocast("operator", "schedule")
    assert "Traceback" not in status.stderr
    attacker.flushall()


def test_flushed_server_is_filled_anew_without_anybodys_doing(siege: Siege, attacker: redis.Redis) -> None:
    """In the middle of a revocation, several times: it is recorded once, and nobody is told that all is good."""
    serial = siege.fresh()
    for _ in range(3):
        attacker.flushall()
        assert siege.believed_otherwise() == []
    siege.revoke(serial)
    attacker.flushall()
    assert siege.site.servers.ledger()[serial]


def test_forged_reply_and_notes_publish_nothing(siege: Siege, attacker: redis.Redis) -> None:
    """The signers are locked out and "done" is replied in their place: `revoke` does not call it published."""
    serial, ledger = siege.fresh(), siege.site.servers.ledger()
    attacker.execute_command("ACL", "SETUSER", "signer", "off")
    attacker.execute_command("CLIENT", "KILL", "USER", "signer")
    for verb in Verb:
        attacker.set(f"revocast:success:signer:{verb}", "2999-01-01T00:00:00Z")
    with forger(siege.site.servers.valkey, claim(Outcome.DONE)) as seen:
        done = siege.site.revocast("operator", "revoke", f"{serial:X}", "--timeout", "3")
    attacker.execute_command("ACL", "SETUSER", "signer", "on")
    assert seen
    assert (done.returncode, "does not show it yet" in done.stderr) == (4, True), done.stdout + done.stderr
    assert siege.site.servers.ledger() == ledger
    siege.revoke(serial)


def test_older_answer_put_back_is_believed_and_noticed(siege: Siege, attacker: redis.Redis) -> None:
    """Until it expires, as if it were replayed on the way; `check` says so, and emptying the store ends it."""
    serial = siege.fresh()
    once, older = siege.site.servers.ledger(), _answers(attacker, serial)
    siege.revoke(serial)
    siege.converges()
    _store(attacker, older)
    until(lambda: siege.said("1")[serial] is None)
    assert siege.believed_otherwise({serial: once[serial]}) == []
    code, said = siege.check()
    assert code in (1, 2)
    assert f"{serial:X}: sha256 POST: OCSP says good, the CRL says revoked" in said
    attacker.flushall()


@pytest.mark.parametrize("kinds", [FORGERIES[:1], pytest.param(FORGERIES[1:], marks=pytest.mark.long)], ids="-".join)
def test_answer_that_the_ca_did_not_sign_for_the_question_and_for_now_is_believed_by_nobody(
    siege: Siege, attacker: redis.Redis, kinds: tuple[str, ...]
) -> None:
    """Of a revoked certificate: another's, altered, another CA's, an ordinary certificate's, expired, noise."""
    serial, other = siege.fresh(), siege.fresh()
    siege.revoke(serial)
    siege.converges()
    right, verdict = _answers(attacker, serial), siege.said("1")[serial]
    assert verdict
    forgeries = dict(_forgeries(siege, serial, next(iter(_answers(attacker, other).values()))))
    assert forgeries.keys() == set(FORGERIES)
    for name in kinds:
        value = forgeries[name]
        _store(attacker, dict.fromkeys(right, value))
        until(lambda: siege.said("1")[serial] != verdict)
        assert isinstance(siege.said("1")[serial], str), name
        code, said = siege.check()
        assert code in (1, 2), name
        assert f"{serial:X}" in said, name
        _store(attacker, right)
        until(lambda: siege.said("1")[serial] == verdict)


def _forgeries(siege: Siege, serial: int, of_another: bytes) -> Iterator[tuple[str, bytes]]:
    """Stored values that say good, by what is wrong with them; the times beside them are those in them."""
    now = datetime.now(UTC).replace(microsecond=0)
    key: Any = load_pem_private_key(siege.site.pki.ca_key.read_bytes(), pki.PASSPHRASE.encode())
    days = timedelta(days=2)
    ours, theirs = (CA(Authority("Example CA", key=one, not_before=now - 3 * days)) for one in (key, None))
    assert ours.issuer.id == Issuer.of("example-ca", [siege.site.pki.issuer]).id
    delegate = {"not_before": now - 2 * days, "not_after": now + days}

    def value(signed_by: Responder, this_update: datetime) -> bytes:
        der = response(ours, signed_by, serial, this_update=this_update)
        start, end = epoch(this_update), epoch(this_update + timedelta(days=1))
        return StoredResponse(start, end, end, der).encode()

    right = value(ours.responder(**delegate), now)
    signature = ocsp.load_der_ocsp_response(StoredResponse.decode(right).der).signature
    assert right.count(signature) == 1
    yield "another certificate's", of_another
    yield "altered", right.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    yield "by a delegate of another CA of that name", value(theirs.responder(**delegate), now)
    yield "by an ordinary certificate", value(ours.responder(**delegate, usages=()), now)
    yield "expired", value(ours.responder(**delegate), now - days)
    yield "noise", b"\x00" * 1000
    yield "huge", right + b"\x00" * (1 << 20)


def _answers(client: redis.Redis, serial: int) -> dict[bytes, bytes]:
    """What the store has of a certificate."""
    end = serials.from_int(serial)
    return {key: value for key, value in client.hgetall(RESPONSES).items() if key.endswith(end)}


def _store(client: redis.Redis, answers: Mapping[bytes, bytes]) -> None:
    """Put them in as a publisher would: readers see another version."""
    client.hset(RESPONSES, mapping=dict(answers))
    client.set("revocast:version.2", os.urandom(16))


def _body(queue: str) -> Look | Publish:
    return Publish() if queue == "publisher" else Look()


def _worked_off(client: redis.Redis) -> None:
    """Wait until the workers have dealt with all that was put there."""
    until(lambda: not any(client.exists(f"rq:queue:{queue}") for queue in QUEUES), 60)


def _contents(client: redis.Redis) -> dict[str, bytes]:
    """All that lies in the server, as its own dump has it, and as text where it is packed."""
    found = {key.decode(errors="replace"): client.dump(key) or b"" for key in client.keys("*")}
    for key in client.keys("rq:job:*"):
        with suppress(redis.ResponseError, zlib.error):
            found[f"{key!r} unpacked"] = zlib.decompress(client.hget(key, "data") or b"")
    return found
