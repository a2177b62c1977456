"""infra/valkey/users.acl: what each service's user may not do, and that what is left to it spoils nothing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq.serializers import JSONSerializer

from revocation.clock import now
from revocation.messages import Look, Publish, Verb, compose
from revocation.wire.job import safe_job_class
from revocation.wire.queue import ISSUES_QUEUE, LOOKS_QUEUE, PUBLISHER_QUEUE, SIGNER_QUEUE, Wire
from revocation.wire.safequeue import SafeQueue
from tests.infra.valkey_rights import CHANNELS, GIVEN, NOBODY, REFUSED, SIGNED
from tests.infra.valkey_users import SERVICES, GuardedServer
from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.worker import Worker


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """A running Valkey with these users."""
    with GuardedServer(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.mark.parametrize(
    ("user", "command"),
    [(user, command) for user in SERVICES for command in (*NOBODY, *REFUSED[user])],
)
def test_user_is_refused(server: GuardedServer, user: str, command: str) -> None:
    """It is a command that the server knows and gives to whoever has the right."""
    with server.client() as administrator:
        assert administrator.acl_dryrun("test", *command.split()) == b"OK"
    with server.client_of(user) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


@pytest.mark.parametrize("user", SERVICES)
def test_user_has_the_commands_and_the_channel_that_its_service_needs(server: GuardedServer, user: str) -> None:
    """Each right beyond them is something that a stolen password can be used for."""
    with server.client() as administrator:
        found = administrator.acl_getuser(user)
    assert found["categories"] == ["-@all"]
    assert {command.removeprefix("+") for command in found["commands"]} == {*GIVEN[user].split()}
    assert {*_texts(found["channels"])} == CHANNELS.get(user, set())
    assert not found.get("selectors")
    assert not {"allkeys", "allchannels", "allcommands", "nopass"} & {*found["flags"]}


@pytest.mark.long
def test_nobody_gets_in_without_a_name_and_its_password(server: GuardedServer) -> None:
    """The default user is off, and a password is no other user's."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    for password in ("", server.password("publisher"), hashlib.sha256(server.password("signer").encode()).hexdigest()):
        stranger = redis.Redis(unix_socket_path=str(server.socket), username="signer", password=password)
        with stranger as client, pytest.raises(redis.AuthenticationError):
            client.ping()


@pytest.mark.parametrize(("queue", "prefix"), [(SIGNER_QUEUE, ""), (ISSUES_QUEUE, "issue-")])
@pytest.mark.parametrize("user", ["publisher", "scheduler", "responder"])
def test_no_service_can_spoil_what_sending_a_signed_message_needs(
    server: GuardedServer, user: str, queue: str, prefix: str
) -> None:
    """A string in the place of a set or list there would stop all revocations."""
    message = compose(Verb.PRESIGN, Look(), now())
    with server.client() as administrator, server.client_of(user) as client:
        Wire(server.url_of("operator")).send(queue, message)
        keys = [key.decode() for key in administrator.keys("*")]
        assert {f"rq:queue:{queue}", f"rq:job:{prefix}{message.id}"} <= {*keys}
        for key in keys:
            for command in (("SET", key, "x"), ("SADD", key, "x"), ("HSET", key, "x", "x"), ("DEL", key)):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*command)
        administrator.flushall()


def test_worst_that_a_scheduler_does_is_to_spoil_what_the_next_look_repeats(server: GuardedServer) -> None:
    """It may overwrite unsigned messages and hints that wait, also another's, and the next tick sends anew."""
    wire, moment = Wire(server.url_of("scheduler")), now()
    asked, hint = compose(Verb.PRESIGN, Look(), moment), compose(Verb.PUBLISH, Publish(), moment)
    wire.send(LOOKS_QUEUE, asked)
    wire.send(PUBLISHER_QUEUE, hint)
    with server.client_of("scheduler") as scheduler:
        for job in (f"rq:job:look-{asked.id}", f"rq:job:publish-{hint.id}"):
            assert scheduler.hset(job, "data", packed("os.system", None, ["true"], {})) == 0
    wire.send(LOOKS_QUEUE, asked)
    with server.client() as client:
        assert client.hget(f"rq:job:look-{asked.id}", "data") != packed("os.system", None, ["true"], {})
        client.flushall()


def test_worker_keeps_failures_and_drops_what_is_no_job_with_its_rights(server: GuardedServer, tmp_path: Path) -> None:
    """The ways beside the main one, of which a revocation that succeeds sees nothing."""
    with server.client() as client, Worker(server.url_of("signer"), tmp_path / "diary") as worker:
        worker.until_ready()
        client.acl_log_reset()
        client.rpush("rq:queue:signer", "nobody", b"\xff")
        plant(client, "broken", packed("fail", None, ["x"], {}))
        plant(client, "flaky", packed("flaky", None, ["flaky"], {}))
        until(lambda: worker.still_works(client) and worker.lines().count("try flaky") == 3)
        assert client.zrange("rq:failed:signer", 0, -1) == [b"broken"]
        assert client.get("revocast:failure:signer:fail")
        assert worker.stop() == 0
        assert not client.smembers("rq:workers")
        assert server.refused() <= {("signer", "client|setinfo"), ("signer", "info")}
        client.flushall()


def test_publisher_drops_a_job_that_is_not_of_its_queue(server: GuardedServer) -> None:
    """Also one that somebody put there by the id of a signed message: it is neither read nor taken away."""
    with server.client() as client, server.client_of("publisher") as publisher:
        client.hset(SIGNED, "data", packed("publish", None, ["x"], {}))
        job_class = safe_job_class({}, PUBLISHER_QUEUE)
        queue = SafeQueue(PUBLISHER_QUEUE, connection=publisher, job_class=job_class, serializer=JSONSerializer)
        assert queue.job_of(SIGNED.removeprefix("rq:job:").encode()) is None
        assert client.exists(SIGNED)
        client.flushall()


def _texts(found: object) -> list[str]:
    """What the server says in one text, or in many."""
    many = found if isinstance(found, list) else [found]
    return [word for one in many for word in (one.decode() if isinstance(one, bytes) else str(one)).split()]
