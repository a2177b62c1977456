"""Requests to S3 that are tried again where botocore would not: broken off behind their headers, or met by another."""

import secrets
import time
from collections.abc import Callable
from typing import Final, TypeVar

from revocation.wire.s3_client import TRIES
from revocation.wire.s3_trouble import code_of

_T = TypeVar("_T")
_FIRST_PAUSE: Final = 0.5
_AT_THE_SAME_TIME: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})


class BrokenOff(Exception):
    """An answer ended before it was all there, or is none of S3."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def tried(do: Callable[[], _T], is_right: Callable[[_T], bool] = lambda _: True) -> _T:
    """What comes of it, tried again where botocore would not, after pauses that grow and are random."""
    from botocore.exceptions import ClientError

    for attempt in range(1, TRIES):
        try:
            done = do()
            if is_right(done):
                return done
        except BrokenOff:
            pass
        except ClientError as error:
            if code_of(error) not in _AT_THE_SAME_TIME:
                raise
        time.sleep(secrets.SystemRandom().uniform(0, _FIRST_PAUSE * 2**attempt))
    try:
        return do()
    except BrokenOff as broken:
        raise broken.error from broken
