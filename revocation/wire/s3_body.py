"""The body of an answer, read as it comes, so that one that drips is noticed.

The time-out of a connection is for the next octet: an endpoint that sends one now and then would hold a look for ever.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from revocation.wire.s3_trouble import S3Trouble

_PIECE: Final = 1 << 20
_PATIENCE: Final = 30.0
"""Seconds in which nothing has to have come."""
_LEAST_RATE: Final = 16 << 10
"""Octets per second that have to come after that."""


def drained(body: Any, length: int, out: BinaryIO | None, where: str, seconds: Callable[[], float]) -> str:
    """The SHA-256 of a body, which is written to `out` from its beginning on.

    Args:
        length: octets that it has to have.
        where: the object, for messages.
        seconds: a clock that only rises.

    Raises:
        S3Trouble: it comes too slowly.
        BotoCoreError: it breaks off.
        OSError: `out` cannot be written.
    """
    from botocore.exceptions import IncompleteReadError

    digest, size, begun = hashlib.sha256(), 0, seconds()
    if out is not None:
        out.seek(0)
        out.truncate()
    for piece in _pieces(body):
        size += len(piece)
        if seconds() - begun > _PATIENCE + size / _LEAST_RATE:
            raise S3Trouble("cannot be read: the answer comes too slowly", where=where)
        digest.update(piece)
        if out is not None:
            out.write(piece)
    if size != length:
        raise IncompleteReadError(actual_bytes=size, expected_bytes=length)
    return digest.hexdigest()


def _pieces(body: Any) -> Iterator[bytes]:
    """What has come, each time there is anything: botocore's own way waits until a whole piece is there."""
    from botocore.exceptions import ReadTimeoutError, ResponseStreamingError
    from urllib3 import exceptions

    try:
        while piece := body._raw_stream.read1(_PIECE):  # nothing public of botocore reads so
            yield piece
    except exceptions.ReadTimeoutError as error:
        raise ReadTimeoutError(endpoint_url=error.url, error=error) from error
    except exceptions.HTTPError as error:
        raise ResponseStreamingError(error=error) from error
