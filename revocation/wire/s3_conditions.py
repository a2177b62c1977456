"""Conditions of a put (RFC 9110 section 13.1): of several at once one wins, and nobody undoes what he has not seen.

Not every endpoint heeds them. So it is tried once in a process, with an empty object that is there for that alone;
where they are not heeded, what lies there is looked at just before.
"""

import io
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Protocol

from revocation.wire.s3_object import Listed
from revocation.wire.s3_trouble import S3Conflict, S3Trouble

_LOG: Final = logging.getLogger("revocast.s3")
_UNKNOWN: Final = frozenset({"NotImplemented", "501", "InvalidArgument", "InvalidRequest"})
"""What endpoints call a header that they do not know."""

_NAMES: Final = {"IfNoneMatch": "If-None-Match", "IfMatch": "If-Match"}
_NOBODYS: Final = '"0"'

Condition = tuple[str, str]
ABSENT: Final[Condition] = ("IfNoneMatch", "*")
"""Nothing lies there."""


def unchanged(etag: str) -> Condition:
    """What lies there has this entity tag."""
    return ("IfMatch", etag)


class _Bucket(Protocol):
    def list(self, below: str = "") -> Iterator[Listed]: ...

    def send(self, key: str, content: BinaryIO, **more: Any) -> object: ...

    def where(self, key: str) -> str: ...


class Conditions:
    """What is known of those of one endpoint; until it was tried, that it heeds them."""

    def __init__(self) -> None:
        self._heeded: dict[str, bool] = {}

    def probe(self, bucket: _Bucket, key: str) -> None:
        """Try it, and tell in the log what is not heeded.

        Args:
            key: of the empty object, which stays.

        Raises:
            S3Trouble: it cannot be put.
        """
        if self._heeded:
            return
        _is_heeded(bucket, key, ABSENT)  # makes it, where it is not there yet
        tried = {condition[0]: _is_heeded(bucket, key, condition) for condition in (ABSENT, unchanged(_NOBODYS))}
        self._heeded = tried
        missing = [_NAMES[name] for name, heeded in self._heeded.items() if not heeded]
        if missing:
            _LOG.warning(
                "%s: the endpoint does not heed %s: what lies there is looked at before something is put, and of two "
                "that put at the same moment the later one wins",
                bucket.where(key),
                " and ".join(missing),
            )

    def asked(self, bucket: _Bucket, key: str, condition: Condition) -> dict[str, str]:
        """What the endpoint is asked to heed; what it would not is looked at here.

        Raises:
            S3Conflict: it does not hold.
            S3Trouble: it cannot be looked at.
        """
        name, value = condition
        if self._heeded.get(name, True):
            return {name: value}
        there = next((one.etag for one in bucket.list(key) if one.key == key), None)
        if there != (None if condition == ABSENT else value):
            raise S3Conflict("cannot be put: something else lies there", where=bucket.where(key))
        return {}


def _is_heeded(bucket: _Bucket, key: str, condition: Condition) -> bool:
    name, value = condition
    try:
        bucket.send(key, io.BytesIO(), **{name: value})
    except S3Conflict:
        return True
    except S3Trouble as error:
        if error.code not in _UNKNOWN:
            raise
    return False
