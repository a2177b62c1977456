"""The application under fastpysgi, which answers OCSP at the speed of a web server and stands behind one.

fastpysgi (libuv and llhttp) does all in one thread, in C but for the application, so a process of its own runs it and
this one watches: it hears signals, starts anew what has died, and takes it along when it ends. Bodies and headers are
bounded and silence ends a connection, but connections are bounded by descriptors alone, and it does not wait for a
body that was announced with `Expect: 100-continue`: a web server in front keeps such things from it.
"""

import fcntl
import logging
import os
import signal
import socket
import time
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

from responder.listening import address_of, allow_no_more_descriptors
from responder.ready import say_when_ready

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log: Final = logging.getLogger(__name__)
_MOST_CONNECTIONS: Final = 1000
_SILENCE: Final = 10_000  # milliseconds for a request to arrive as a whole, and between two requests
_LONGEST_BODY: Final = 1 << 16  # octets: up to it, a body that is too long is answered as OCSP answers it
_BUFFER: Final = 1 << 15  # octets that a connection has in memory, all the time
_PAUSE: Final = 1  # seconds before a server that died is started anew


def serve(application: "WSGIApplication", listener: socket.socket) -> None:
    """Answer where `listener` would until a signal says stop."""
    host, port = address_of(listener)
    listener.close()  # fastpysgi makes its own; this one has shown that the port is free
    watch, kept_open = os.pipe()
    worker = _start(application, host, port, watch, kept_open)

    def stop(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)  # and what reads from the pipe is ended by the kernel

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Thread(target=say_when_ready, args=(host, port), daemon=True).start()
    while True:
        _, status = os.waitpid(worker, 0)
        _log.error("the server ended (%s), and is started anew", _how(status))
        time.sleep(_PAUSE)
        worker = _start(application, host, port, watch, kept_open)


def _start(application: "WSGIApplication", host: str, port: int, watch: int, kept_open: int) -> int:
    """The id of a process that serves."""
    worker = os.fork()
    if worker:
        return worker
    try:
        os.close(kept_open)
        _end_with_parent(watch)
        _run(application, host, port)
    except BaseException:
        _log.exception("the server cannot be started")
    os._exit(1)


def _end_with_parent(watch: int) -> None:
    """Have the kernel end this process when nobody holds the other end of the pipe any more, even by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    fcntl.fcntl(watch, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(watch, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(watch, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    try:
        gone = os.read(watch, 1) == b""
    except BlockingIOError:
        return
    if gone:
        raise SystemExit(0)  # it ended before the kernel was asked


def _run(application: "WSGIApplication", host: str, port: int) -> None:
    from fastpysgi import LL_FATAL_ERROR, server  # it sets things up as it is loaded, so in the process that it serves

    allow_no_more_descriptors(_MOST_CONNECTIONS)
    server.loglevel = LL_FATAL_ERROR  # what else it tells is the clients' doing
    server.hook_sigint = 0
    server.add_header_date = False
    server.add_header_server = None
    server.max_content_length = _LONGEST_BODY
    server.read_buffer_size = _BUFFER
    server.read_req_timeout = server.curr_req_timeout = server.next_req_timeout = _SILENCE
    server.tcp_nodelay = 1
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # it greets
    server.init(application, host, port)
    server.run()


def _how(status: int) -> str:
    return (
        f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.waitstatus_to_exitcode(status)}"
    )
