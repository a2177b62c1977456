"""Whole ACME orders a second, from new-order to the certificate, over HTTP, with an instant validator and SQLite.

Registrar, signer and Valkey are processes: real requests, databases, nonces, rate limits and messages, and a challenge
is valid once it is asked for. Clients are threads of this process, and have signed nothing before. Beside it what the
time goes into, and the floor: what the signatures and the commits that wait for the disk cost by themselves.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.jws import read_jws
from registrar.acme.keys import account_key
from registrar.database import accounts
from registrar.database.rows import EABKey
from tests.authority import NOW
from tests.bench.acme_ca import ca
from tests.registrar.site import ROOT, Site, b64, csr_for, jwk, sign

_CLIENTS = 16
_ALONE = 40
_POSTS = 5
_COMMITS = 5
"""Of the registrar."""
_DURABLE = 2
_DURABLE_OF_SIGNER = 2
_NUMBERS = count()


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: medians of the runs."""
    with (
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder,
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as sockets,
        ca(Path(folder), Path(sockets)) as running,
        ExitStack() as open_ones,
    ):
        clients = [open_ones.enter_context(closing(_Client(running.port))) for _ in range(_CLIENTS)]
        for client in clients:
            client.order()
        alone = _waits(clients[0])
        before, own = running.cpu(), time.process_time()
        measured = [_measure(clients, arguments.orders) for _ in range(arguments.runs)]
        orders = arguments.orders * arguments.runs
        cpu = {name: (after - before[name]) / orders for name, after in running.cpu().items()}
        cpu["clients"] = (time.process_time() - own) / orders
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder:
        parts = _parts(Site.build(Path(folder)))
    return {
        "orders_per_second": round(statistics.median(measured), 1),
        "clients": _CLIENTS,
        "posts_per_order": _POSTS,
        "commits_per_order": _COMMITS,
        "durable_commits_per_order": _DURABLE + _DURABLE_OF_SIGNER,
        **{f"{name}_cpu_ms_per_order": round(seconds * 1000, 2) for name, seconds in cpu.items()},
        **{f"alone_{name}_ms": round(seconds * 1000, 2) for name, seconds in alone.items()},
        **parts,
        "floor_orders_per_second": round(1000 / sum(parts.values()), 1),
    }


def _waits(client: "_Client") -> dict[str, float]:
    """Medians of what each request of an order takes where nobody else asks."""
    client.waited.clear()
    client.orders(_ALONE)
    return {name: statistics.median(each) for name, each in client.waited.items()}


def _measure(clients: "list[_Client]", orders: int) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(client.orders, orders // len(clients)) for client in clients]:
            done.result()
    return orders / (time.perf_counter() - begun)


class _Client:
    """One account on one connection, with a CSR key of its own."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self.waited: defaultdict[str, list[float]] = defaultdict(list)
        self._key, self._csr_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._connection.request("HEAD", "/acme/home/new-nonce")
        answer = self._connection.getresponse()
        answer.read()
        self._nonce, self._kid = answer.headers["Replay-Nonce"], ""
        self._kid = self._post("/acme/home/new-account", {})[1]["Location"]

    def close(self) -> None:
        self._connection.close()

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
        begun = time.perf_counter()
        self._connection.request("POST", path, body, {"Content-Type": "application/jose+json"})
        answer = self._connection.getresponse()
        text = answer.read()
        self.waited[_kind(path)].append(time.perf_counter() - begun)
        assert answer.status < 300, text
        self._nonce = answer.headers["Replay-Nonce"]
        return text, answer.headers


def _kind(path: str) -> str:
    """What a request is for: /acme/home/order/ID/finalize is for `finalize`."""
    parts = path.split("/")
    return "finalize" if parts[-1] == "finalize" else parts[3].replace("-", "_")


def _parts(site: Site) -> dict[str, float]:
    """What an order cannot do without, in milliseconds: signatures of requests, commits, the certificate's."""
    client = site.client()
    body = json.dumps(client.jws(client.kid or "", {})).encode()
    key = account_key(jwk(client.key))
    ca_key = ec.generate_private_key(ec.SECP256R1())

    def commit() -> None:
        with site.services.database.write() as connection:
            name = str(next(_NUMBERS))
            accounts.add_eab_key(connection, EABKey("home", name, b"k", "", False, None, NOW, None))

    return {
        "jws_ms_per_order": _milliseconds(lambda: read_jws(body).verify(key), _POSTS),
        "durable_commits_ms_per_order": _milliseconds(commit, _DURABLE + _DURABLE_OF_SIGNER),
        "signature_ms_per_order": _milliseconds(lambda: ca_key.sign(body, ec.ECDSA(SHA256()))),
    }


def _milliseconds(do: Callable[[], object], times: int = 1) -> float:
    """What so many of them take."""
    do()
    begun = time.perf_counter()
    for _ in range(200):
        do()
    return round((time.perf_counter() - begun) * 1000 / 200 * times, 3)
