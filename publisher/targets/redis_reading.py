"""A Redis store read by whoever only asks; see `revocation/store.py`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis

from revocation.errors import TargetError
from revocation.redisserver import RedisServer, trouble
from revocation.store import RESPONSES_DATABASE, STATUS_DATABASE

STATUS: Final = b"status"
ENTRIES: Final = b"entries"
STATE: Final = b"state"
"""Another with each change of the responses: who wrote the last one knows by it that nothing was lost since."""

_SECONDS: Final = 5.0


def read_status(server: RedisServer) -> bytes | None:
    """The status; None where there is none, or where it is not of what is there.

    Raises:
        TargetError: the server cannot be asked.
    """
    with explained(server, "read"), server.connect(_SECONDS) as client:
        return status_on(client, server)


def read_responses(server: RedisServer, keys: list[bytes]) -> list[bytes]:
    """The values of those keys that the server has; see `StoredResponse.decode`.

    Raises:
        TargetError: the server cannot be asked.
    """
    with explained(server, "read"), server.connect(_SECONDS) as client:
        found = client.hmget(server.key(RESPONSES_DATABASE), keys)
        return [value for value in found if isinstance(value, bytes)]


def status_on(client: Any, server: RedisServer) -> bytes | None:
    """The status, if the server still holds as many responses as when it was saved."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hmget(server.key(STATUS_DATABASE), [STATUS, ENTRIES])
        pipe.hlen(server.key(RESPONSES_DATABASE))
        (status, entries), count = pipe.execute()
    fits = entries == str(count).encode()
    return status if fits else None


@contextmanager
def explained(server: RedisServer, action: str) -> Iterator[None]:
    """Say in a TargetError why the server could not be used."""
    try:
        yield
    except redis.WatchError as error:
        raise TargetError(
            "the connection was lost, or somebody else wrote at the same time",
            where=server.place,
            advice="nothing was changed, and it is tried again; each store has one publisher",
        ) from error
    except (redis.RedisError, OSError) as error:
        raise TargetError(
            f"the server cannot be {action}: {trouble(error)}",
            where=server.place,
            advice="what was published before is still there, unless the server lost it",
        ) from error
