"""A WSGI application of the standard library alone, for servers in an environment of their own.

It reads the request and returns one answer; a header says how many octets were read.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

_ANSWER = bytes(700)  # of the size of a response with a delegate's certificate


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """What each of the servers runs."""
    source = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    read = source.read(int(length)) if length else source.read() if "HTTP_TRANSFER_ENCODING" in environ else b""
    headers = [("Content-Type", "application/ocsp-response"), ("Content-Length", str(len(_ANSWER)))]
    start_response("200 OK", [*headers, ("X-Octets", str(len(read)))])
    return [_ANSWER]


def _waitress(port: int) -> None:
    import waitress

    waitress.serve(application, host="127.0.0.1", port=port, threads=1, connection_limit=1000)


def _fastpysgi(port: int) -> None:
    from fastpysgi import LL_FATAL_ERROR, server

    server.loglevel = LL_FATAL_ERROR
    server.tcp_nodelay = 1
    server.init(application, "127.0.0.1", port)
    server.run()


def _granian(port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "oneanswer:application",
        "127.0.0.1",
        port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=1,
        websockets=False,
        log_enabled=False,
    ).serve()


def _pyruvate(port: int) -> None:
    import pyruvate

    pyruvate.serve(application, f"127.0.0.1:{port}", 2)


def _cheroot(port: int) -> None:
    from cheroot import wsgi

    wsgi.Server(("127.0.0.1", port), application, numthreads=1, request_queue_size=1024).start()


SERVERS = {
    "waitress": _waitress,
    "fastpysgi": _fastpysgi,
    "granian": _granian,
    "pyruvate": _pyruvate,
    "cheroot": _cheroot,
}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](int(sys.argv[2]))
