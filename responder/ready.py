"""Whether the public address answers, asked as the public asks: for the line `ready`, and for readiness."""

import http
import http.client
import logging
import time
from typing import Final

import click

_log: Final = logging.getLogger(__name__)
_PATIENCE: Final = 10  # seconds in which it must have answered itself at start
_SHORT_PATIENCE: Final = 2  # seconds in which it must answer whoever asks for readiness: less than a probe waits
_PAUSE: Final = 0.02  # seconds between two tries to connect


def say_when_ready(host: str, port: int) -> None:
    """Print `ready` once the server answers."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        _connect(connection)
        status, _ = _health(connection)
    except (OSError, http.client.HTTPException) as error:
        _log.error("the server does not answer itself: %s", error)
        return
    finally:
        connection.close()
    click.echo("ready" if status == http.HTTPStatus.OK else f"not ready: HTTP {status}")


def unanswered(host: str, port: int) -> str:
    """Why nobody gets an answer there, empty where one was given.

    Where several processes listen, the kernel chooses the one that is asked.
    """
    connection = http.client.HTTPConnection(host, port, timeout=_SHORT_PATIENCE)
    try:
        answer = _health(connection)
    except (OSError, http.client.HTTPException) as error:
        return f"the public address does not answer: {error or type(error).__name__}"
    finally:
        connection.close()
    if answer != (http.HTTPStatus.OK, b"ok\n"):
        return f"the public address answers as no responder does: HTTP {answer[0]}"
    return ""


def _health(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    connection.request("GET", "/healthz", headers={"Connection": "close"})
    answer = connection.getresponse()
    return answer.status, answer.read(16)


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
