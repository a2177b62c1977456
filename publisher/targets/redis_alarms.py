"""What threatens a store on a Redis server while it still works: memory that fills up, and a policy that evicts."""

from collections.abc import Iterator, Mapping
from typing import Any

import redis

from publisher.targets.alarm import NEARLY_FULL, Alarm
from revocation.redisserver import RedisServer

_SECONDS = 5.0


def server_alarms(target: str, server: RedisServer) -> list[Alarm]:
    """The alarms of a server; none where it does not answer, which others tell, or does not let us ask."""
    try:
        with server.connect(_SECONDS) as client:
            said = client.info("memory")
    except (redis.RedisError, OSError):
        return []
    return list(_memory(target, server, said))


def _memory(target: str, server: RedisServer, said: Mapping[str, Any]) -> Iterator[Alarm]:
    most, used = said.get("maxmemory"), said.get("used_memory")
    if not isinstance(most, int) or not isinstance(used, int) or most <= 0:
        return
    if str(said.get("maxmemory_policy")).startswith("allkeys"):
        yield Alarm(
            target,
            "policy",
            f"{server.place}: `maxmemory-policy` lets the server throw all responses away when its memory is full: set "
            "it to noeviction",
        )
    if used / most >= NEARLY_FULL:
        yield Alarm(
            target,
            "memory",
            f"{server.place}: {used / most:.0%} of the memory is used, and when it is full nothing more is published: "
            "raise `maxmemory`",
        )
