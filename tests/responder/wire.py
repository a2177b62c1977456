"""Octets on a socket of a real server, and the whole answer: status, every header by name and value, body."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

from revocation import clock
from revocation.certid import CertIDHash
from revocation.store import StoredResponse
from tests.authority import Authority
from tests.responder.asking import request
from tests.responder.filling import EXPIRED, GOOD, REVOKED, Filling, write
from tests.responder.running import Running, configure, running

MALFORMED, TRY_LATER, UNAUTHORIZED = (bytes((0x30, 3, 0x0A, 1, status)) for status in (1, 3, 6))
ODD = 0x3FBEF8FEBEFEFFFFBEF8FFEFFBF8BE
"""A serial whose request has `+`, `/` and `//` in base64."""
OCSP, TEXT = "application/ocsp-response", "text/plain; charset=utf-8"
KINDS = ["waitress", "fastpysgi"]


@dataclass
class Place:
    """A running server, and what its store holds."""

    server: Running
    filling: Filling
    stored: dict[tuple[int, CertIDHash], StoredResponse]
    kind: str

    def ask(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256, **more: bytes) -> bytes:
        """A request."""
        return request(self.filling.cert_id(serial, hash_), **more)

    def path(self, serial: int, **more: bytes) -> str:
        """The same as the path of a GET."""
        return self.encoded(self.ask(serial, **more))

    def base64(self, serial: int, **more: bytes) -> str:
        """The same before anything in it is escaped."""
        return base64.b64encode(self.ask(serial, **more)).decode()

    def encoded(self, asked: bytes) -> str:
        """A request as the path of a GET (RFC 9919 section 6)."""
        return quote(base64.b64encode(asked).decode(), safe="")


@contextmanager
def place(folder: Path, kind: str, descriptors: str = "") -> Iterator[Place]:
    """A server of that kind, over a store with one certificate of each kind."""
    now = clock.now()  # the process reads the clock
    filling = Filling(Authority(not_before=now - timedelta(days=3)))
    stored, entries = {}, filling.issuer_entries()
    for serial, age in ((GOOD, 0), (REVOKED, 0), (ODD, 0), (EXPIRED, 2)):
        found = filling.entries(serial, this_update=now - timedelta(days=age), revoked=serial == REVOKED)
        entries += found
        stored |= {(serial, h): StoredResponse.decode(found[n][2]) for n, h in enumerate(CertIDHash)}
    write(folder / "store", entries)
    config = configure(folder, filling.authority, f'server = "{kind}"\n')
    config.write_text(config.read_text().replace('files = "www"\n', ""))
    with running(config, descriptors=descriptors) as server:
        yield Place(server, filling, stored, kind)


def post(body: bytes, *headers: str, line: str = "POST /ocsp/ HTTP/1.1") -> bytes:
    """A POST, octet by octet."""
    head = [line, "Host: a", "Connection: close", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def get(target: str, *headers: str, method: str = "GET") -> bytes:
    """A GET, octet by octet."""
    head = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]
    return "\r\n".join(head).encode("latin-1")


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(place: Place, octets: bytes) -> Got:
    """What comes back for them; no header comes twice. Reason phrases and the case of names mean nothing."""
    head, _, body = place.server.send(octets).partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines)
    assert headers.pop("connection").lower() == "close"
    assert status.startswith("HTTP/1.1 ")
    return Got(int(status.split()[1]), headers, body)


def headers_of(stored: StoredResponse, sent: datetime, got: Got) -> dict[str, str]:
    """Those of a stored response (RFC 9919 section 6); Date is that of now, and everything else follows from it."""
    date = parsedate_to_datetime(got.headers["date"])
    assert got.headers["date"].endswith(" GMT")
    assert sent - timedelta(seconds=2) <= date <= clock.now() + timedelta(seconds=1)
    tag = hashlib.sha256(stored.der).hexdigest()
    age = 3600 - 3600 * int(tag[:4], 16) // 65536 // 8
    return {
        "content-type": OCSP,
        "content-length": str(len(stored.der)),
        "date": got.headers["date"],
        "last-modified": gmt(stored.this_update),
        "expires": gmt(stored.next_update),
        "etag": f'"{tag}"',
        "cache-control": f"max-age={age}, public, no-transform, must-revalidate",
    }


def gmt(second: int) -> str:
    """As HTTP writes a time."""
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


def assert_stored(place: Place, octets: bytes, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> None:
    """The answer is 200, the stored response, its headers, and nothing else."""
    sent, stored = clock.now(), place.stored[serial, hash_]
    got = send(place, octets)
    assert (got.status, got.body) == (200, stored.der)
    assert got.headers == headers_of(stored, sent, got)
    assert place.filling.cert_id(serial, hash_).encode() in got.body


def assert_error(place: Place, octets: bytes, error: bytes, status: int = 200) -> None:
    """The answer is this OCSP error, uncached."""
    got = send(place, octets)
    assert (got.status, got.body) == (status, error)
    assert got.headers == uncached(got, OCSP)


def assert_text(place: Place, octets: bytes, status: int, text: str, allow: str | None = None) -> None:
    """The answer is a short text, uncached, with the methods that are allowed if that is what it says."""
    got = send(place, octets)
    assert (got.status, got.body) == (status, f"{text}\n".encode())
    assert got.headers == uncached(got, TEXT) | ({"allow": allow} if allow else {})


def uncached(got: Got, kind: str) -> dict[str, str]:
    """The headers of what nobody may keep."""
    assert abs(parsedate_to_datetime(got.headers["date"]) - clock.now()) < timedelta(seconds=30)
    length = str(len(got.body))
    return {"content-type": kind, "content-length": length, "cache-control": "no-store", "date": got.headers["date"]}
