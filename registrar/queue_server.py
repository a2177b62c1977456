"""The registrar's own connection to the queue server: for nonces and rate limits, which are no messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from revocation.wire.unreachable import unreachable

_SECONDS: Final = 5.0


def connect(url: str) -> redis.Redis:
    """A client: a server that is not there is found out at once, and a closed connection is opened again."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=_SECONDS,
        socket_timeout=_SECONDS,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


@contextmanager
def reached() -> Iterator[None]:
    """Within, a server that does not answer is an error of ours.

    Raises:
        QueueUnreachable: it does not.
    """
    try:
        yield
    except redis.RedisError as error:
        raise unreachable(error) from error
