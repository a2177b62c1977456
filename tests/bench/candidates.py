"""HTTP servers that could run the responder: how fast each is with one answer, and what it does with odd requests.

They are those that the interpreter of `--python` has, since an installation has no more than it needs.
"""

import argparse
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from tests.bench.load import Load, load, processes, wait_for_port
from tests.bench.memory import pss_mb
from tests.bench.oneanswer import SERVERS
from tests.bench.servers import started

_BENCH = Path(__file__).parent
_HALF_SENT = 64
_PATIENCE = 3.0
_HEAD = b"POST /ocsp/ HTTP/1.1\r\nHost: pki.example\r\n"
_WHOLE = _HEAD + b"Content-Length: 5\r\n\r\nhello"
_ODD = {
    "chunked": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "two_lengths": _HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length_and_chunks": _HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "negative_length": _HEAD + b"Content-Length: -5\r\n\r\nhello",
    "http_1_0": b"POST /ocsp/ HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
    "header_of_1_mb": _HEAD + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n",
}


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures of each server that is there, by its name."""
    python = str(arguments.python or sys.executable)
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as name:
        folder = Path(name)
        (folder / "post").write_text(f"POST /ocsp/ {b'hello'.hex()}\n")
        found = [server for server in SERVERS if _has(python, server)]
        return {server: _measured(python, server, folder, arguments) for server in found}


def _has(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True).returncode == 0


@contextmanager
def _running(python: str, server: str) -> Iterator[tuple[int, list[int]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(_BENCH)}
    command = [python, str(_BENCH / "oneanswer.py"), server, str(port)]
    with started(command, env=environment, stderr=subprocess.DEVNULL, cwd=_BENCH) as process:
        wait_for_port(port)
        yield port, processes(process.pid)


def _measured(python: str, server: str, folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    with _running(python, server) as (port, pids):

        def loads(connections: int) -> list[Load]:
            return [load(port, pids, folder / "post", connections, arguments.seconds) for _ in range(arguments.runs)]

        few, many = loads(8), loads(64)
        with _half_sent(port):
            beside = loads(64) if _answered(port) else []
        return {
            "per_second_8": round(median(one.per_second for one in few)),
            "per_second_64": round(median(one.per_second for one in many)),
            "per_second_64_beside_half_sent": round(median(one.per_second for one in beside)) if beside else 0,
            "p99_ms": round(median(one.p99_ms for one in many), 2),
            "cpu_us": round(median(one.cpu_us for one in many), 1),
            "memory_mb": round(pss_mb(pids), 1),
            "answers_after_resets": _reset(port),
            "pipelined": _said(port, _WHOLE * 3).count(b"HTTP/1.1 200"),
            **{name: _in_short(_said(port, octets)) for name, octets in _ODD.items()},
            "expect": _expecting(port),
        }


@contextmanager
def _half_sent(port: int) -> Iterator[None]:
    """Connections that said that a body comes, and sent half of it."""
    with ExitStack() as stack:
        for _ in range(_HALF_SENT):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(_WHOLE[:-2])
        yield


def _answered(port: int) -> bool:
    return _said(port, _WHOLE).startswith(b"HTTP/1.1 200")


def _reset(port: int) -> bool:
    """Whether it answers when a thousand connections were reset in the middle of a request, or of its answer."""
    for number in range(1000):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
            connection.sendall(_WHOLE[: number % (len(_WHOLE) + 1)])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return _answered(port)


def _said(port: int, octets: bytes) -> bytes:
    """All that comes back within some seconds."""
    said = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        with suppress(OSError):
            connection.sendall(octets)
        while piece := connection.recv(1 << 16):
            said += piece
    return said


def _in_short(said: bytes) -> str:
    """Status and how many octets of the body the application was given; nothing where nothing was answered."""
    head, _, _ = said.partition(b"\r\n\r\n")
    status = head.split(b" ")[1].decode() if head.count(b" ") else ""
    read = [
        line.split(b":")[1].decode().strip() for line in head.split(b"\r\n") if line.lower().startswith(b"x-octets")
    ]
    return " ".join([status, *read])


def _expecting(port: int) -> str:
    """What is answered where the body comes after `100 Continue`, or after a second."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(_HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        first = b""
        with suppress(TimeoutError):
            first = connection.recv(100)
        connection.settimeout(_PATIENCE)
        connection.sendall(b"hello")
        return f"{_in_short(first)}, {_in_short(connection.recv(1 << 16))}"
    return ""
