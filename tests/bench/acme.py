"""Whole ACME orders a second, from new-order to the certificate, over HTTP, with an instant validator and SQLite.

The server is a process: real requests, database, nonces and rate limits in Valkey; a CA in it signs with P-256 in place
of the signer, and a challenge is valid once it is asked for. Clients are threads of this process, and have signed
nothing before. Beside it what the parts cost by themselves: signatures of requests, commits, the certificate.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.jws import read_jws
from registrar.acme.keys import account_key
from registrar.database import accounts
from registrar.database.rows import EABKey
from registrar.issuance import CertificateRequest
from tests.authority import NOW
from tests.registrar.site import ROOT, Site, b64, csr_for, jwk, sign
from tests.wire.server import Server

_CLIENTS = 4
_ORDERS = 400
_POSTS = 5
_COMMITS = 5
_DURABLE = 2
_NUMBERS = count()


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: medians of the runs."""
    with (
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder,
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as queue,
        Server(Path(queue)) as valkey,
        _serving(Path(folder), valkey.url) as (port, process),
    ):
        clients = [_Client(port) for _ in range(_CLIENTS)]
        for client in clients:
            client.order()
        before = _cpu(process)
        measured = [_measure(clients) for _ in range(arguments.runs)]
        cpu = (_cpu(process) - before) / (_ORDERS * arguments.runs)
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder:
        parts = _parts(Site.build(Path(folder)))
    return {
        "orders_per_second": round(statistics.median(measured), 1),
        "server_cpu_ms_per_order": round(cpu * 1000, 2),
        "clients": _CLIENTS,
        "posts_per_order": _POSTS,
        "commits_per_order": _COMMITS,
        "durable_commits_per_order": _DURABLE,
        **parts,
    }


@contextmanager
def _serving(folder: Path, queue: str) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "tests.bench.acme_server", str(folder), queue]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


def _cpu(process: int) -> float:
    """Seconds that a process has worked: what others do on the machine does not count."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _measure(clients: "list[_Client]") -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(client.orders, _ORDERS // len(clients)) for client in clients]:
            done.result()
    return _ORDERS / (time.perf_counter() - begun)


class _Client:
    """One account on one connection, with a CSR key of its own."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._key, self._csr_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._connection.request("HEAD", "/acme/home/new-nonce")
        answer = self._connection.getresponse()
        answer.read()
        self._nonce, self._kid = answer.headers["Replay-Nonce"], ""
        self._kid = self._post("/acme/home/new-account", {})[1]["Location"]

    def orders(self, number: int) -> None:
        for _ in range(number):
            self.order()

    def order(self) -> None:
        """From new-order to the certificate."""
        name = f"h{next(_NUMBERS)}.example"
        order, _ = self._json("/acme/home/new-order", {"identifiers": [{"type": "dns", "value": name}]})
        authorization, _ = self._json(order["authorizations"][0])
        self._json(authorization["challenges"][0]["url"], {})
        csr = b64(csr_for(name, key=self._csr_key).public_bytes(Encoding.DER))
        done, _ = self._json(order["finalize"], {"csr": csr})
        assert done["status"] == "valid", done
        assert b"BEGIN CERTIFICATE" in self._post(done["certificate"])[0]

    def _json(self, url: str, payload: object = None) -> tuple[Any, Any]:
        body, headers = self._post(url, payload)
        return json.loads(body), headers

    def _post(self, url: str, payload: object = None) -> tuple[bytes, Any]:
        path = url.removeprefix(ROOT)
        header: dict[str, object] = {"alg": "ES256", "nonce": self._nonce, "url": ROOT + path}
        header |= {"kid": self._kid} if self._kid else {"jwk": jwk(self._key)}
        protected = b64(json.dumps(header).encode())
        content = "" if payload is None else b64(json.dumps(payload).encode())
        signature = b64(sign(self._key, "ES256", f"{protected}.{content}".encode()))
        body = json.dumps({"protected": protected, "payload": content, "signature": signature})
        self._connection.request("POST", path, body, {"Content-Type": "application/jose+json"})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        self._nonce = answer.headers["Replay-Nonce"]
        return text, answer.headers


def _parts(site: Site) -> dict[str, object]:
    """What the parts of an order take by themselves, in milliseconds."""
    client = site.client()
    body = json.dumps(client.jws(client.kid or "", {})).encode()
    key = account_key(jwk(client.key))
    csr = csr_for("a.example").public_bytes(Encoding.DER)

    def commit() -> None:
        with site.services.database.write() as connection:
            name = str(next(_NUMBERS))
            accounts.add_eab_key(connection, EABKey("home", name, b"k", "", False, None, NOW, None))

    def certify() -> None:
        wanted = CertificateRequest(csr, ["dns:a.example"], "server", None, None, "", str(next(_NUMBERS)))
        site.ca.issue(site.services.tenants["home"], wanted, 0)

    return {
        "jws_ms_per_order": round(_milliseconds(lambda: read_jws(body).verify(key)) * _POSTS, 3),
        "durable_commits_ms_per_order": round(_milliseconds(commit) * _DURABLE, 3),
        "signing_ms_per_order": _milliseconds(certify),
    }


def _milliseconds(do: Callable[[], object]) -> float:
    do()
    begun = time.perf_counter()
    for _ in range(200):
        do()
    return round((time.perf_counter() - begun) * 1000 / 200, 3)
