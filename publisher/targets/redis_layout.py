"""Whose the keys under a prefix are, on a Redis server: a publisher writes where all is its own, or nothing is yet."""

from typing import Any, Final

from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from revocation.store import (
    ISSUERS_DATABASE,
    OLD_NAMES,
    RESPONSES_DATABASE,
    SAMPLE,
    STATUS_DATABASE,
    VERSION,
)

_TYPES: Final = {
    **dict.fromkeys((ISSUERS_DATABASE, RESPONSES_DATABASE, STATUS_DATABASE, SAMPLE), b"hash"),
    VERSION: b"string",
}
_OLD_SHAPES: Final = ("string of 16 octets", "hash", "hash", "hash")
"""What a publisher of before put under `OLD_NAMES`."""


def make_ours(client: Any, server: RedisServer) -> None:
    """See that no key is somebody else's, and drop what a publisher of before left.

    Nobody would renew what is in there: who still reads it is to find nothing, not what was true once. It goes in one
    command, since who reads a version without all of its responses would call these unknown.

    Raises:
        TargetError: a key is of another type, or of another shape.
    """
    for part, type_ in _TYPES.items():
        if (found := client.type(server.key(part))) not in (type_, b"none"):
            raise _foreign(server, part, type_.decode(), found.decode("ascii", "replace"))
    there = list[str]()
    for part, wanted in zip(OLD_NAMES, _OLD_SHAPES, strict=True):
        shape = _shape(client, server.key(part))
        if shape not in (wanted, "none"):
            raise _foreign(server, part, wanted, shape)
        there += [server.key(part)] if shape == wanted else []
    if there:
        client.unlink(*there)


def _foreign(server: RedisServer, part: bytes, wanted: str, found: str) -> TargetError:
    return TargetError(
        f"{server.key(part)} is no {wanted} but a {found}: somebody else's",
        where=server.place,
        advice="choose another `prefix`, or delete that key",
    )


def _shape(client: Any, name: str) -> str:
    """The type of a key, or `none`; of a string how long it is, too."""
    type_: str = client.type(name).decode("ascii", "replace")
    return f"string of {client.strlen(name)} octets" if type_ == "string" else type_
