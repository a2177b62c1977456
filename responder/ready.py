"""The line `ready`, which whoever started the responder waits for."""

import http
import http.client
import logging
import time
from typing import Final

import click

_log: Final = logging.getLogger(__name__)
_PATIENCE: Final = 10  # seconds in which it must have answered itself
_PAUSE: Final = 0.02  # seconds between two tries to connect


def say_when_ready(host: str, port: int) -> None:
    """Print `ready` once the server answers."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        _connect(connection)
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        _log.error("the server does not answer itself: %s", error)
        return
    finally:
        connection.close()
    click.echo("ready" if status == http.HTTPStatus.OK else f"not ready: HTTP {status}")


def _connect(connection: http.client.HTTPConnection) -> None:
    """Connect, also to a server that does not listen yet."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return connection.connect()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
