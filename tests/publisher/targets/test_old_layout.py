"""Stores whose keys are laid out as before: nobody would renew what is in them, so it goes when a publisher comes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest
import redis

from publisher.targets.lmdb import LMDBTarget
from publisher.targets.redis import RedisTarget
from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from revocation.store import OLD_NAMES
from tests.infra.valkey_users import GuardedServer


def test_lmdb_store_of_the_old_layout_is_emptied(tmp_path: Path) -> None:
    """A responder of before would hand its responses out as long as they hold, whatever is revoked meanwhile."""
    store = str(tmp_path / "store")
    with LMDBTarget(tmp_path / "store", 1 << 30):
        pass
    with lmdb.open(store, max_dbs=4) as env:
        for name in (b"responses", b"status"):
            with env.begin(write=True, db=env.open_db(name)) as txn:
                txn.put(b"key", b"value")
    with LMDBTarget(tmp_path / "store", 1 << 30):
        pass
    with lmdb.open(store, readonly=True, max_dbs=4) as env, env.begin() as txn:
        assert [bytes(name) for name, _ in txn.cursor()] == [b"issuers", b"responses.2", b"status.2"]


@pytest.mark.parametrize("number", range(1, len(OLD_NAMES)))
def test_killed_in_between_an_lmdb_store_without_its_responses_does_not_pass_for_filled(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A responder of before would say of all certificates that they are unknown."""
    with lmdb.open(str(tmp_path), max_dbs=4) as env:
        for name in (b"responses", b"status"):
            env.open_db(name)
    monkeypatch.setattr("publisher.targets.lmdb.OLD_NAMES", OLD_NAMES[:number])
    with LMDBTarget(tmp_path, 1 << 30):
        pass
    with lmdb.open(str(tmp_path), readonly=True, max_dbs=4) as env, env.begin() as txn:
        left = {bytes(name) for name, _ in txn.cursor()}
    assert b"responses" in left or b"status" not in left


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Redis server with the users that are shipped, and a store of the layout of before."""
    with GuardedServer(tmp_path) as running, running.client() as client:
        for name in ("responses", "status", "sample"):
            client.hset(f"revocast:{name}", b"key", b"value")
        client.set("revocast:version", bytes(16))
        client.config_resetstat()
        yield running


def store(server: GuardedServer) -> RedisServer:
    """As the publisher opens it."""
    password = f"file:{server.passwords / 'publisher.password'}"
    return RedisServer(url=f"redis://127.0.0.1:{server.port}", user="publisher", password=password)


def test_redis_store_of_the_old_layout_is_emptied(server: GuardedServer) -> None:
    """So would one that reads a Redis server, which believes its version.

    It goes in one command: without its responses and with its version, a store would call them unknown.
    """
    with RedisTarget(store(server)), server.client() as client:
        assert client.keys("revocast:*") == []
        commands = client.info("commandstats")
    assert commands["cmdstat_unlink"]["calls"] == 1
    assert "cmdstat_del" not in commands


THEIRS: dict[str, Callable[[redis.Redis], object]] = {
    "revocast:version": lambda client: client.set("revocast:version", b"1.2.3"),
    "revocast:status": lambda client: client.set("revocast:status", bytes(16)),
    "revocast:sample": lambda client: client.rpush("revocast:sample", b"theirs"),
}


@pytest.mark.parametrize("name", THEIRS)
def test_redis_key_of_another_kind_under_an_old_name_is_left_alone(server: GuardedServer, name: str) -> None:
    """It is somebody else's, and nothing is deleted before that is known."""
    with server.client() as client:
        client.delete(name)
        THEIRS[name](client)
        before = {key: client.dump(key) for key in client.keys("*")}
        with pytest.raises(TargetError, match=rf"{name} is no \S+( of 16 octets)? but a .* somebody else's") as caught:
            RedisTarget(store(server))
        assert "prefix" in (caught.value.advice or "")
        assert {key: client.dump(key) for key in client.keys("*")} == before
