"""Stores whose keys are laid out as before: nobody would renew what is in them, so it goes when a publisher comes."""

from pathlib import Path

import lmdb

from publisher.targets.lmdb import LMDBTarget
from publisher.targets.redis import RedisTarget
from revocation.redisserver import RedisServer
from tests.wire.server import Server


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


def test_redis_store_of_the_old_layout_is_emptied(tmp_path: Path) -> None:
    """So would one that reads a Redis server, which believes its version."""
    with Server(tmp_path) as server, server.client() as client:
        for name in ("responses", "status", "sample"):
            client.hset(f"revocast:{name}", b"key", b"value")
        client.set("revocast:version", b"version")
        with RedisTarget(RedisServer(url=server.url)):
            assert client.keys("revocast:*") == []
