"""`revocast respond`: the application under waitress, on one socket, until a signal says stop.

waitress reads requests and sends responses in one loop, and runs the application in a few threads once a request is
there as a whole: so a client that sends half of one, or does not take its answer, holds a connection for a while and
never a thread. This is the entry point; below it nothing reads the clock.
"""

import errno
import http
import http.client
import logging
import resource
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Final, NoReturn

import click
from waitress.server import create_server

from responder.app import create_app
from responder.config import ResponderConfig
from responder.lmdbsource import LMDBSource
from revocation.cli import config_option
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import RevocastError

_log: Final = logging.getLogger(__name__)
_THREADS: Final = 4
_MOST_CONNECTIONS: Final = 900
_DESCRIPTORS: Final = 2 * _MOST_CONNECTIONS + 100  # each connection may have a file on its way
_SILENCE: Final = 10  # seconds after which a connection on which nothing happens is closed
_STALL: Final = 30_000  # milliseconds after which one whose client takes nothing is reset
_ON_ITS_WAY: Final = 1 << 17  # octets that the kernel takes from us at once: few, or a slow reader would look silent
_LONGEST_HEADERS: Final = 1 << 15  # octets: a GET of the longest request, each octet of its base64 escaped, fits
_LONGEST_BODY: Final = 2 << 20  # octets: what is read so that the answer can be an OCSPResponse; beyond, it is a text
_SPILL: Final = 1 << 16  # octets of a body in memory; the rest goes to a temporary file
_PATIENCE: Final = 10  # seconds in which it must have answered itself


@click.command()
@config_option
@click.option("--host", help="The address to listen on, in place of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The TCP port; 0 picks a free one and prints it.")
def respond(config: Path | None, host: str | None, port: int | None) -> None:
    """Serve OCSP (and CRLs and issuer certificates, where configured) over HTTP."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for a thread
    file = ConfigFile.read(config)
    settings = file.table("responder", ResponderConfig)
    public = PublicConfig.read(file)
    app = create_app(
        LMDBSource(settings.store), files=settings.files, prefix=public.prefix, max_ages=settings.max_ages(public)
    )
    _allow_descriptors(_DESCRIPTORS)
    listener = listen(host or settings.host, settings.port if port is None else port)
    server = create_server(
        app,
        sockets=[listener],
        threads=_THREADS,
        connection_limit=_MOST_CONNECTIONS,
        channel_timeout=_SILENCE,
        cleanup_interval=_SILENCE // 2,
        max_request_header_size=_LONGEST_HEADERS,
        max_request_body_size=_LONGEST_BODY,
        inbuf_overflow=_SPILL,
        asyncore_use_poll=True,  # select() fails beyond descriptor 1023
        log_socket_errors=False,  # they are the clients' doing, and anybody's to cause
        ident=None,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    address = _address(listener)
    click.echo(f"listening on http://{_authority(*address)}")
    Thread(target=_say_when_ready, args=address, daemon=True).start()
    server.run()
    server.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        RevocastError: another process has the port, the address is not this machine's, or the port needs a privilege.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart waits for old connections
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_ITS_WAY)
            listener.bind(address)
            listener.listen()
            undo.pop_all()
            return listener
    except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
        reason = error.strerror if isinstance(error, OSError) else "no such name"
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        what = "the port is in use" if in_use else f"cannot listen: {reason}"
        raise RevocastError(
            what, where=_authority(host, port), advice="choose another with --port or --host, or in [responder]"
        ) from error


def _allow_descriptors(wanted: int) -> None:
    """Use more of what the system allows than the usual 1024, if it does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _say_when_ready(host: str, port: int) -> None:
    """Print `ready` once the server answers, as whoever started it waits for."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        _log.error("the server does not answer itself: %s", error)
        return
    finally:
        connection.close()
    click.echo("ready" if status == http.HTTPStatus.OK else f"not ready: HTTP {status}")


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)  # waitress ends its loop and its threads
