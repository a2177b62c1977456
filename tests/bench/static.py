"""GET of OCSP responses as static files through the nginx configuration that we ship, beside plain files of one nginx.

The floor is the same worker process handing out the same bytes from a folder of short names, with nginx's own defaults:
each file opened, read and closed for each request. The same files by their long paths, with those defaults, show how
much of the difference is the paths' and not ours.
"""

import argparse
import base64
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import quote

from publisher.targets.ocsp_files import OCSPFiles
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.ocsppath import canonical_request, static_path
from revocation.store import StoredResponse
from tests.authority import NOW
from tests.bench.wrk import requests_per_second
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.infra.running_nginx import configuration, free_port

_PATHS = 10_000
_CONNECTIONS = (8, 64)
_SECONDS = 1


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures at 8 and at 64 connections: ours, the floor, and the lower of the two ratios."""
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder:
        Path(folder).chmod(0o755)
        bodies = _fill(Path(folder))
        with _nginx(Path(folder)) as ports:
            short = [f"/{n}" for n in range(len(bodies))]
            asked = {name: (port, short if name == "plain" else list(bodies)) for name, port in ports.items()}
            for port, paths in asked.values():
                _check(port, dict(zip(paths, bodies.values(), strict=True)))
            return _measure(asked, Path(folder), arguments.runs)


def _measure(asked: dict[str, tuple[int, list[str]]], folder: Path, runs: int) -> dict[str, object]:
    figures: dict[str, object] = {"paths": _PATHS}
    for connections in _CONNECTIONS:
        rates: dict[str, list[float]] = {name: [] for name in asked}
        costs: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(runs):
            for name, (port, paths) in asked.items():  # in turn, so that what else the machine does meets all
                before = _cpu_seconds(folder)
                rate = requests_per_second(port, paths, connections, _SECONDS, folder)
                costs[name].append((_cpu_seconds(folder) - before) / (rate * _SECONDS))
                rates[name].append(rate)
        for name in asked:
            figures[f"{name}_per_second_{connections}"] = round(median(rates[name]))
            figures[f"{name}_cpu_us_{connections}"] = round(median(costs[name]) * 1e6, 1)
        for ratio, floor in (("ratio", "plain"), ("ratio_to_same_path", "same_path")):
            pairs = zip(rates["static"], rates[floor], strict=True)
            figures[f"{ratio}_{connections}"] = round(median(a / b for a, b in pairs), 3)
    return figures | {"ratio": min(figures[f"ratio_{connections}"] for connections in _CONNECTIONS)}  # type: ignore[type-var]


def _cpu_seconds(folder: Path) -> float:
    """What the worker, and those that look after nginx's caches, have used of the processor."""
    master = (folder / "pid").read_text().strip()
    used = 0
    for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        user, system = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
        used += int(user) + int(system)
    return used / os.sysconf("SC_CLK_TCK")


def _fill(folder: Path) -> dict[str, bytes]:
    """The responses as the publisher leaves them, and the same under short names; what is at which URL."""
    ca, chance = CA(), random.Random(1)
    responder = ca.responder()
    files: dict[str, StoredResponse] = {}
    bodies: dict[str, bytes] = {}
    while len(files) < _PATHS:
        number = chance.getrandbits(127) | 1 << 126
        cert_id = CertID.of(ca.issuer, serials.from_int(number), CertIDHash.SHA1)
        path = static_path(cert_id)
        if path is not None:
            der, at = response(ca, responder, number, hashes=(CertIDHash.SHA1,)), epoch(NOW)
            files[path.removeprefix("ocsp/")] = StoredResponse(at, at + 86400, at + 43200, der)
            bodies["/ocsp/" + quote(base64.b64encode(canonical_request(cert_id)), safe="")] = der
    OCSPFiles(folder / "public/www/ocsp").put(files)
    (folder / "plain").mkdir()
    for n, der in enumerate(bodies.values()):
        (folder / f"plain/{n}").write_bytes(der)
    return bodies


@contextmanager
def _nginx(folder: Path) -> Iterator[dict[str, int]]:
    """One worker on the first core; the ports of our configuration and of two without any."""
    ports = {name: free_port() for name in ("static", "same_path", "plain")}
    main = configuration(folder, ports["static"], free_port())
    roots = {"same_path": folder / "public/www", "plain": folder / "plain"}
    servers = "".join(
        f"server {{ listen 127.0.0.1:{ports[name]}; root {root}; open_file_cache off; }} "
        for name, root in roots.items()
    )
    main.write_text(main.read_text().replace(" include ", f" keepalive_requests 100000000; {servers} include "))
    core = min(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(core), str(shutil.which("nginx")), "-c", str(main), "-e", f"{folder}/error.log"]
    process = subprocess.Popen(command)
    try:
        time.sleep(1)
        yield ports
    finally:
        process.terminate()
        process.wait(10)


def _check(port: int, expected: dict[str, bytes]) -> None:
    """Every answer is the right one, before anything is timed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    for path, body in expected.items():
        connection.request("GET", path)
        answer = connection.getresponse()
        if (answer.status, answer.read()) != (200, body):
            raise SystemExit(f"{path} is answered {answer.status}, or with other bytes")
    connection.close()
