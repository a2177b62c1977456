"""The responder over a large store, beside what it could be at best: a bare WSGI callable, and nginx with files."""

import argparse
import http.client
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.load import Load, load, processes, wait_for_port
from tests.bench.memory import pss_mb, rss_mb
from tests.bench.servers import nginx, ours, started, under_fastpysgi
from tests.bench.servestore import Asked, fill

_DIFFERENT = 10_000
_CONNECTIONS = (8, 64)


@dataclass(frozen=True)
class _Target:
    """A running server and what it is asked."""

    port: int
    pids: list[int]
    requests: Path


_CERTIFICATES = 1_000_000


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures; of each server at 8 and at 64 connections, in turn, `--runs` times."""
    certificates = arguments.certificates or _CERTIFICATES
    with tempfile.TemporaryDirectory(prefix="revocast-bench-", dir=arguments.folder) as name, ExitStack() as stack:
        folder = Path(name)
        shelf = fill(folder / "store", certificates, _DIFFERENT)
        _write(folder, shelf.asked)
        command = ours(folder, shelf.filling.authority)
        begun = time.perf_counter()
        process = stack.enter_context(started(command))
        port = port_said(process)
        check_answers(port, shelf.asked[:1])
        start = time.perf_counter() - begun
        pids = processes(process.pid)
        memory = {"rss_mb": rss_mb(pids), "pss_mb": pss_mb(pids)}
        check_answers(port, shelf.asked)
        targets = {"post": _Target(port, pids, folder / "post")}
        for kind in ("bare", "table", "view"):
            process = stack.enter_context(started(under_fastpysgi(kind, folder)))
            port = port_said(process)
            _wait_until_it_serves(process)
            check_answers(port, shelf.asked if kind == "table" else shelf.asked[:1])
            targets[kind] = _Target(port, processes(process.pid), folder / "post")
        port = _free_port()
        process = stack.enter_context(nginx(folder, port))
        targets["nginx"] = _Target(port, processes(process.pid), folder / "get")
        _check_files(port, shelf.asked)
        loads = {(kind, connections): [] for kind in targets for connections in _CONNECTIONS}  # type: dict[tuple[str, int], list[Load]]
        for _ in range(arguments.runs):
            for kind, connections in loads:
                target = targets[kind]
                loads[kind, connections].append(
                    load(target.port, target.pids, target.requests, connections, arguments.seconds)
                )
        _check_sizes(loads["post", 64][0], loads["bare", 64][0])
        return {
            "certificates": certificates,
            **_figures(loads),
            "start_seconds": round(start, 3),
            **{name: round(one, 1) for name, one in memory.items()},
            "rss_after_mb": round(rss_mb(targets["post"].pids), 1),
        }


def _figures(loads: dict[tuple[str, int], list[Load]]) -> dict[str, object]:
    def of(kind: str, connections: int, figure: Callable[[Load], float]) -> float:
        return median(figure(one) for one in loads[kind, connections])

    def rate(kind: str, connections: int) -> float:
        return of(kind, connections, lambda one: one.per_second)

    def ratio(kind: str, connections: int) -> float:
        """The median of those of each run: what was measured in turn met the same machine."""
        pairs = zip(loads["post", connections], loads[kind, connections], strict=True)
        return median(ours.per_second / theirs.per_second for ours, theirs in pairs)

    names = {
        "post": "post_per_second",
        "bare": "bare_wsgi_per_second",
        "table": "table_wsgi_per_second",
        "view": "flask_view_per_second",
        "nginx": "nginx_static_per_second",
    }
    return {
        **{name: round(rate(kind, 64)) for kind, name in names.items()},
        **{f"{name}_8": round(rate(kind, 8)) for kind, name in names.items()},
        "cpu_us_per_request": round(of("post", 64, lambda one: one.cpu_us), 2),
        "bare_cpu_us_per_request": round(of("bare", 64, lambda one: one.cpu_us), 2),
        "ratio_to_bare": round(min(ratio("bare", n) for n in _CONNECTIONS), 3),
        **{
            f"ratio_to_{kind}_{n}": round(ratio(kind, n), 3)
            for kind in ("bare", "table", "nginx")
            for n in _CONNECTIONS
        },
        "p99_ms": round(of("post", 64, lambda one: one.p99_ms), 2),
    }


def _write(folder: Path, asked: list[Asked]) -> None:
    """What wrk sends, the files of nginx, and the answer of those that have but one."""
    (folder / "www").mkdir()
    (folder / "answer").write_bytes(asked[0].stored.encode())
    (folder / "answers").write_text("".join(f"{one.stored.encode().hex()}\n" for one in asked))
    for number, one in enumerate(asked):
        (folder / "www" / f"{number}").write_bytes(one.stored.der)
    (folder / "post").write_text("".join(f"POST /ocsp/ {one.request.hex()}\n" for one in asked))
    (folder / "get").write_text("".join(f"GET /{number}\n" for number in range(len(asked))))


def port_said(process: "subprocess.Popen[str]") -> int:
    """The port that a server prints first."""
    assert process.stdout
    return int(process.stdout.readline().split(":")[-1].split()[-1])


def _wait_until_it_serves(process: "subprocess.Popen[str]") -> None:
    """Who connects before is reset: the server makes a socket of its own once it has shown that the port is free."""
    assert process.stdout
    process.stdout.readline()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    wait_for_port(port)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    yield connection
    connection.close()


def check_answers(port: int, asked: list[Asked]) -> None:
    """A load generator sees no difference between an answer and an OCSP error: so each is looked at before."""
    with _connection(port) as connection:
        for one in asked:
            connection.request("POST", "/ocsp/", one.request)
            response = connection.getresponse()
            if (response.status, response.read()) != (200, one.stored.der) or not response.headers["ETag"]:
                raise SystemExit("a wrong answer")


def _check_files(port: int, asked: list[Asked]) -> None:
    with _connection(port) as connection:
        for number, one in enumerate(asked):
            connection.request("GET", f"/{number}")
            if connection.getresponse().read() != one.stored.der:
                raise SystemExit("a wrong file")


def _check_sizes(ours: Load, bare: Load) -> None:
    """And afterwards: as many octets came back for a request as from the callable that knows one answer alone."""
    if abs(ours.octets - bare.octets) > 10:  # signatures of P-256 differ by a few
        raise SystemExit(f"answers of {ours.octets:.0f} octets beside {bare.octets:.0f}")
