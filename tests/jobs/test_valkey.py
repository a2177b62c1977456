"""The embedded Valkey: whoever may write to it can fill it and empty it, and cannot turn it against its owner."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from jobs.valkey import valkey
from revocation.clock import now
from revocation.messages import Outcome, Publish, Reply, Verb, compose
from revocation.wire.claim import Claim
from revocation.wire.queue import SIGNER_QUEUE, Wire
from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.worker import Worker


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a running server, started as `up` starts it."""
    path = tmp_path_factory.mktemp("run") / "private/valkey.sock"
    with subprocess.Popen(valkey(path).command, stdout=subprocess.DEVNULL) as process:
        try:
            until(path.exists)
            yield path
        finally:
            process.kill()


@pytest.fixture
def client(socket: Path) -> Iterator[redis.Redis]:
    """Somebody who can open the socket."""
    with redis.Redis(unix_socket_path=str(socket)) as connected:
        yield connected


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG SET maxmemory 1",
        "CONFIG SET requirepass x",
        "CONFIG SET port 36111",
        "CONFIG GET *",
        "ACL SETUSER default off",
        "REPLICAOF 127.0.0.1 1",
        "CLIENT PAUSE 30000",
        "CLIENT KILL TYPE normal",
        "MODULE LIST",
        "MONITOR",
        "SAVE",
        "FUNCTION LIST",
        "EVAL return(1) 0",
        "SHUTDOWN NOSAVE",
    ],
)
def test_command_to_the_server_itself_is_refused(client: redis.Redis, command: str) -> None:
    """It would outlast the visit: no memory, a password, an open port, a foreign master, a script without an end."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())
    assert client.ping()


def test_what_is_written_is_bounded(client: redis.Redis) -> None:
    """One value never takes more than 4 MiB, and all of them never the memory of the signer's machine."""
    with pytest.raises(redis.ConnectionError):  # the server hangs up
        client.set("large", b"x" * (5 << 20))
    names = [f"filling-{number}" for number in range(100)]
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        [client.set(name, b"x" * (4 << 20)) for name in names]
    client.delete(*names)


def test_worker_and_its_requesters_need_none_of_what_is_refused(
    socket: Path, client: redis.Redis, tmp_path: Path
) -> None:
    """Sending, claiming a tick, replying, listening, working off and failing, and nothing of it was denied."""
    url = f"unix://{socket}"
    wire = Wire(url)
    with Worker(url, tmp_path / "diary") as worker:
        worker.until_ready()
        assert worker.still_works(client)
        plant(client, "failing", packed("fail", None, ["failing"], {}))
        assert worker.still_works(client)
        assert client.zscore("rq:failed:signer", "failing")
        client.rpush("rq:queue:signer", "nobody", "nobody-else")
        assert worker.still_works(client)
        wire.send(SIGNER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        assert wire.claim("publish", "me", 60) is Claim.NEW
        assert worker.still_works(client)
        assert worker.stop() == 0
        assert "permission" not in worker.log.read_text()
    reply = Reply(id="ab" * 16, outcome=Outcome.DONE, at=now())
    wire.put_reply(reply)
    assert wire.await_reply(reply.id, 1) == reply
