"""The application under waitress, which may face anybody.

waitress reads requests and sends responses in one loop, and runs the application in a few threads once a request is
there as a whole: so a client that sends half of one, or does not take its answer, holds a connection for a while and
never a thread.
"""

import logging
import signal
import socket
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

from waitress.adjustments import Adjustments

from responder.channels import Server
from responder.counts import Sheet, Sheets
from responder.listening import address_of, allow_descriptors
from responder.ready import say_when_ready

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from responder.admin import Admin

_THREADS: Final = 4
_MOST_CONNECTIONS: Final = 900
_DESCRIPTORS: Final = 2 * _MOST_CONNECTIONS + 100  # each connection may have a file on its way
_SILENCE: Final = 10  # seconds after which a connection on which nothing happens is closed
_LONGEST_HEADERS: Final = 1 << 15  # octets: a GET of the longest request, each octet of its base64 escaped, fits
_LONGEST_BODY: Final = 1 << 16  # octets: what is read so that the answer can be an OCSPResponse; beyond, it is a text


def serve(
    build: Callable[[Sheet], "WSGIApplication"], listener: socket.socket, admin: "Admin | None" = None, workers: int = 1
) -> None:
    """Answer on `listener` until a signal says stop.

    Args:
        build: makes the application, which counts on the sheet.
        listener: for the public.
        admin: for others.
        workers: one process is all that there is here.
    """
    if workers != 1:
        raise ValueError("waitress answers in one process")
    sheets = Sheets(1)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for a thread
    allow_descriptors(_DESCRIPTORS)
    adjustments = Adjustments(
        threads=_THREADS,
        connection_limit=_MOST_CONNECTIONS,
        channel_timeout=_SILENCE,
        cleanup_interval=_SILENCE // 2,
        max_request_header_size=_LONGEST_HEADERS,
        max_request_body_size=_LONGEST_BODY,
        inbuf_overflow=_LONGEST_BODY,  # all of it in memory, and no temporary file
        asyncore_use_poll=True,  # select() fails beyond descriptor 1023
        log_socket_errors=False,  # they are the clients' doing, and anybody's to cause
        ident=None,
    )
    server = Server(
        build(sheets.sheet(0)),
        _sock=listener,
        bind_socket=False,
        adj=adjustments,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    Thread(target=say_when_ready, args=address_of(listener), daemon=True).start()
    if admin:
        Thread(target=admin.serve, args=(sheets,), daemon=True).start()
    server.run()
    server.close()


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)  # waitress ends its loop and its threads
