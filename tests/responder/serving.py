"""One process of `revocast respond` for many tests, with a filled store and a large CRL."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.responder.filling import GOOD, REVOKED, Filling, write
from tests.responder.running import Running, configure, running

LARGE = 20_000_000


@pytest.fixture(scope="module")
def filling() -> Filling:
    """An issuer of today, since the process reads the clock."""
    return Filling(Authority(not_before=clock.now() - timedelta(days=1)))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, filling: Filling) -> Path:
    """A configuration with a filled store and a large CRL."""
    folder = tmp_path_factory.mktemp("responder")
    good = filling.entries(GOOD, this_update=clock.now())
    revoked = filling.entries(REVOKED, this_update=clock.now(), revoked=True)
    write(folder / "store", [*filling.issuer_entries(), *good, *revoked])
    crl = folder / "www" / "crl" / "1a2b3c4d" / "all.crl"
    crl.parent.mkdir(parents=True)
    crl.write_bytes(os.urandom(LARGE))
    return configure(folder, filling.authority)


@pytest.fixture(scope="module")
def server(config: Path) -> Iterator[Running]:
    """One process for all tests that leave it as it is."""
    with running(config) as server:
        yield server


def post(body: bytes, *headers: str, line: str = "POST /ocsp/ HTTP/1.1") -> bytes:
    """A POST, octet by octet."""
    head = [line, "Host: pki.example", "Connection: close", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def get(target: str) -> bytes:
    """A GET, octet by octet."""
    return f"GET {target} HTTP/1.1\r\nHost: pki.example\r\nConnection: close\r\n\r\n".encode()


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by their names in small letters, and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    headers = [line.split(": ", 1) for line in lines]
    named = {name.lower(): value for name, value in headers}
    assert len(named) == len(headers)
    return int(status.split()[1]), named, body
