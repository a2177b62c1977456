"""The application under fastpysgi, which answers OCSP at the speed of a web server and stands behind one.

fastpysgi (libuv and llhttp) does all in one thread, in C but for the application, so processes of their own run it and
this one watches: it hears signals, starts anew what has died, up to a point (`responder.lives`), and takes all along
when it ends. What is for others than the public is answered by one process more. Bodies and headers are bounded and
silence ends a connection, but connections are bounded by descriptors alone, and it does not wait for a body that was
announced with `Expect: 100-continue`: a web server in front keeps such things from it.
"""

import fcntl
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

from responder.counts import Sheet, Sheets
from responder.listening import address_of, allow_exactly_descriptors
from responder.lives import Lives
from responder.ready import say_when_ready

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from responder.admin import Admin

    Build = Callable[[Sheet], WSGIApplication]

_log: Final = logging.getLogger(__name__)
_MOST_CONNECTIONS: Final = 12_000
_SILENCE: Final = 10_000  # milliseconds for a request to arrive as a whole, and between two requests
_LONGEST_BODY: Final = 1 << 16  # octets: up to it, a body that is too long is answered as OCSP answers it
_BUFFER: Final = 1 << 15  # octets that a connection has in memory, all the time: 420 MB if all are there
_PAUSE: Final = 1  # seconds before a server that died is started anew


def serve(build: "Build", listener: socket.socket, admin: "Admin | None" = None, workers: int = 1) -> None:
    """Answer where `listener` would until a signal says stop.

    Args:
        build: makes the application, in the process that runs it, which counts on the sheet.
        listener: for the public.
        admin: for others.
        workers: how many processes answer the public; the kernel shares the connections out.

    Raises:
        RevocastError: one of them cannot be kept alive.
    """
    host, port = address_of(listener)
    listener.close()  # fastpysgi makes its own; this one has shown that the port is free
    watch, kept_open = os.pipe()
    sheets = Sheets(workers + 1)  # the last is that of this process
    tasks: list[Callable[[], None]] = [
        partial(_run, build, sheets.sheet(number), host, port, admin) for number in range(workers)
    ]
    if admin:
        tasks.append(partial(admin.serve, sheets))
    running: dict[int, tuple[Callable[[], None], Lives]] = {}

    def start(task: Callable[[], None], lives: Lives) -> None:
        lives.began(time.monotonic())
        running[_start(task, watch, kept_open)] = task, lives

    for task in tasks:
        start(task, Lives(sheets.sheet(workers)))

    def stop(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)  # and what reads from the pipe is ended by the kernel

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Thread(target=say_when_ready, args=(host, port), daemon=True).start()
    while True:
        ended, status = os.waitpid(-1, 0)
        _log.error("a server ended (%s)", _how(status))
        task, lives = running.pop(ended)
        lives.ended(time.monotonic())
        time.sleep(_PAUSE)
        start(task, lives)


def _start(task: Callable[[], None], watch: int, kept_open: int) -> int:
    """The id of a process that does the task, which does not end."""
    worker = os.fork()
    if worker:
        return worker
    try:
        os.close(kept_open)
        _end_with_parent(watch)
        task()
    except BaseException:
        _log.exception("a server cannot be started")
    os._exit(1)


def _end_with_parent(watch: int) -> None:
    """Have the kernel end this process when nobody holds the other end of the pipe any more, even by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    own = os.open(f"/proc/self/fd/{watch}", os.O_RDONLY | os.O_NONBLOCK)  # of what is inherited, one process is told
    fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(own, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    try:
        gone = os.read(own, 1) == b""
    except BlockingIOError:
        return
    if gone:
        raise SystemExit(0)  # it ended before the kernel was asked


def _run(build: "Build", sheet: Sheet, host: str, port: int, admin: "Admin | None") -> None:
    if admin:
        admin.listener.close()  # another process has it
    from fastpysgi import LL_FATAL_ERROR, server  # it sets things up as it is loaded, so in the process that it serves

    allow_exactly_descriptors(_MOST_CONNECTIONS)
    server.loglevel = LL_FATAL_ERROR  # what else it tells is the clients' doing
    server.hook_sigint = 0
    server.add_header_date = False
    server.add_header_server = None
    server.max_content_length = _LONGEST_BODY
    server.read_buffer_size = _BUFFER
    server.read_req_timeout = server.curr_req_timeout = server.next_req_timeout = _SILENCE
    server.tcp_nodelay = 1
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # it greets
    server.init(build(sheet), host, port)
    server.run()


def _how(status: int) -> str:
    return (
        f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.waitstatus_to_exitcode(status)}"
    )
