"""A responder that keeps every rule until it is told to break one: in what it stores, or in what it says over HTTP."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation import clock, serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.status import Revocation
from revocation.store import ISSUERS_DATABASE, RESPONSES_DATABASE, StoredResponse, issuer_key, response_key
from tests.authority import Authority
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.responder.filling import write

SERIAL = 0x4105
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Reply:
    """What the honest application says to a request, of which `asked` is the body."""

    environ: dict[str, Any]
    asked: bytes
    status: str
    headers: Headers
    body: bytes

    @property
    def signed(self) -> bool:
        """Whether it is a response, and not an error."""
        return self.status.startswith("200") and "ETag" in self.headers

    def say(self, **headers: str | None) -> "Reply":
        """The same with other headers; None takes one away. `_` stands for `-`."""
        said = Headers(self.headers)
        for name, value in headers.items():
            if value is None:
                said.remove(name.replace("_", "-"))
            else:
                said[name.replace("_", "-")] = value
        return replace(self, headers=said)


Lie = Callable[[Reply], Reply]
Answered = Callable[[CertIDHash], bytes]


@dataclass
class Responding:
    """What is stored.

    Attributes:
        more: what differs of each response, see `tests.building.ocsp.response`.
        instead: the response for a hash, where `more` does not say it.
        lives: nextUpdate of the store, not of the response.
    """

    ca: CA
    responder: Responder
    this_update: datetime
    serial: int = SERIAL
    revocation: Revocation | None = None
    lifetime: timedelta | None = DAY
    lives: timedelta = DAY
    more: dict[str, Any] = field(default_factory=dict)
    instead: Answered | None = None

    @classmethod
    def honest(cls) -> "Responding":
        """Signed a second ago for a day."""
        now = clock.now().replace(microsecond=0) - timedelta(seconds=1)
        ca = CA(Authority(not_before=now - 10 * DAY))
        return cls(ca, ca.responder(not_before=now - 5 * DAY, not_after=now + 7 * DAY), now)

    def answer(self, hash_: CertIDHash) -> bytes:
        """The response in that hash."""
        if self.instead:
            return self.instead(hash_)
        said = {"hashes": (hash_,), "this_update": self.this_update, "lifetime": self.lifetime, **self.more}
        return response(self.ca, self.responder, self.serial, self.revocation, **said)

    def fill(self, store: Path) -> None:
        """Write it all, under the certificate that is asked for."""
        entries = []
        for hash_ in CertIDHash:
            asked = CertID.of(self.ca.issuer, serials.from_int(SERIAL), hash_)
            known_as = issuer_key(hash_, asked.issuer_name_hash, asked.issuer_key_hash)
            times = epoch(self.this_update), epoch(self.this_update + self.lives), epoch(self.this_update + DAY / 2)
            value = StoredResponse(*times, self.answer(hash_)).encode()
            entries.append((ISSUERS_DATABASE, known_as, self.ca.issuer.octets))
            entries.append((RESPONSES_DATABASE, response_key(self.ca.issuer.octets, hash_.octet, asked.serial), value))
        write(store, entries)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing."""


@contextmanager
def serving(folder: Path, responding: Responding, lie: Lie | None = None) -> Iterator[str]:
    """The URL of the responder."""
    responding.fill(folder / "store")
    source = LMDBSource(folder / "store")
    honest = create_app(source)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        content, status, headers = run_wsgi_app(honest, {**environ, "wsgi.input": BytesIO(asked)}, buffered=True)
        said = Reply(environ, asked, status, headers, b"".join(content))
        said = lie(said) if lie else said
        start_response(said.status, list(said.headers))
        return iter((said.body,))  # of a list it would add the length

    server = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocsp/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        source.close()
