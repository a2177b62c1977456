"""What is published of a certificate, asked of an OCSP responder over HTTP: a real server with answers made here."""

import base64
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from registrar.configured import api_of, read_registrar, responder_of, services_of, signer_of
from registrar.published_status import UNPUBLISHED, NoPlace, OCSPResponder, OCSPStatuses, Published
from revocation.configfile import ConfigFile
from tests.authority import NOW
from tests.registrar.fakes import Clock
from tests.registrar.site import Site
from tests.waiting import until


class Responder(ThreadingHTTPServer):
    """Says what a test wants of each serial; `raw` in its place."""

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.site, self.revoked, self.asked, self.raw = site, False, 0, b""
        self.reason: x509.ReasonFlags | None = None
        self.certificate: x509.Certificate | None = None
        self.answers = threading.Event()
        self.answers.set()

    def answer(self, request: bytes) -> bytes:
        assert self.certificate
        assert ocsp.load_der_ocsp_request(request).serial_number == self.certificate.serial_number
        authority = self.site.ca.authority
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.certificate,
            issuer=authority.certificate,
            algorithm=SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if self.revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=NOW,
            next_update=NOW + timedelta(days=1),
            revocation_time=NOW if self.revoked else None,
            revocation_reason=self.reason,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
        return builder.sign(authority.key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """GET of RFC 9919, below a prefix."""

    server: Responder

    def do_GET(self) -> None:
        self.server.asked += 1
        prefix, _, path = self.path.partition("/ocsp/")
        assert prefix == "/pki"
        self.server.answers.wait(30)
        body = self.server.raw or self.server.answer(base64.b64decode(unquote(path)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def responder(tmp_path: Path) -> Iterator[Responder]:
    """A responder that knows one certificate."""
    site = Site.build(tmp_path)
    with Responder(site) as server:
        server.certificate, _ = site.client().certificate("a.example")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_status_is_that_of_the_responder(responder: Responder) -> None:
    """Kept for five minutes, unless a fresh one is wanted."""
    assert responder.certificate
    clock = Clock(NOW)
    statuses = OCSPStatuses(OCSPResponder(f"http://127.0.0.1:{responder.server_port}/pki"), clock)
    issuer, serial = responder.site.services.tenants["home"].issuer, responder.certificate.serial_number
    assert statuses.published(issuer, serial) == Published(None)
    responder.revoked = True
    assert statuses.published(issuer, serial) == Published(None)
    assert responder.asked == 1
    assert statuses.published(issuer, serial, fresh=True) == Published(NOW)
    responder.reason = x509.ReasonFlags.certificate_hold
    assert statuses.published(issuer, serial, fresh=True) == Published(NOW, on_hold=True)
    responder.revoked, responder.reason = False, None
    clock.forward(minutes=5)
    assert statuses.published(issuer, serial) == Published(None)


def test_responder_that_has_nothing_of_it_has_answered(responder: Responder) -> None:
    """Though nothing is published; what was seen before of it goes on for who takes what is a little old."""
    assert responder.certificate
    clock = Clock(NOW)
    statuses = OCSPStatuses(OCSPResponder(f"http://127.0.0.1:{responder.server_port}/pki"), clock)
    issuer, serial = responder.site.services.tenants["home"].issuer, responder.certificate.serial_number
    responder.revoked = True
    assert statuses.published(issuer, serial) == Published(NOW)
    responder.raw = b"\x30\x03\x0a\x01\x06"
    assert statuses.published(issuer, serial, fresh=True) == UNPUBLISHED
    clock.forward(minutes=6)
    assert statuses.published(issuer, serial) == Published(NOW)


@pytest.mark.parametrize(
    "raw",
    [b"\x30\x03\x0a\x01\x01", b"\x30\x03\x0a\x01\x03", b"no response", b"\x30" * 100_000],
    ids=["malformed", "tryLater", "garbage", "long"],
)
def test_answer_that_says_nothing_is_no_silence(responder: Responder, raw: bytes) -> None:
    """As of a responder that is away: who asks for many goes on to the next, which may be there."""
    assert responder.certificate
    issuer, serial = responder.site.services.tenants["home"].issuer, responder.certificate.serial_number
    responder.raw = raw
    places = (f"http://127.0.0.1:{responder.server_port}/pki", "http://127.0.0.1:1")
    found = [OCSPStatuses(OCSPResponder(place), Clock(NOW)).published(issuer, serial) for place in places]
    assert found == [UNPUBLISHED, None]


def test_no_more_threads_than_its_places_wait_for_a_responder_that_hangs(responder: Responder) -> None:
    """Beyond, what was seen before is all that is known, and nothing of others, until there is room."""
    assert responder.certificate
    clock = Clock(NOW)
    asked = OCSPResponder(f"http://127.0.0.1:{responder.server_port}/pki", places=2, seconds=30)
    statuses = OCSPStatuses(asked, clock)
    issuer, serial = responder.site.services.tenants["home"].issuer, responder.certificate.serial_number
    assert statuses.published(issuer, serial) == Published(None)
    clock.forward(minutes=6)
    responder.raw = b"no response"
    responder.answers.clear()
    waiting = [
        threading.Thread(target=statuses.published, args=(issuer, serial + 1 + number), daemon=True)
        for number in range(2)
    ]
    for one in waiting:
        one.start()
    until(lambda: responder.asked == 3)
    assert statuses.published(issuer, serial) == Published(None)
    assert statuses.published(issuer, serial + 3) is None
    assert statuses.published(issuer, serial, fresh=True) is None
    with pytest.raises(NoPlace):
        asked.ask(issuer, serial)
    assert responder.asked == 3
    responder.answers.set()
    for one in waiting:
        one.join(10)
    responder.revoked, responder.raw = True, b""
    assert statuses.published(issuer, serial) == Published(NOW)


def test_acme_and_the_api_share_the_places(tmp_path: Path) -> None:
    """A quarter of the threads, so that with half of them waiting for the signer there are some for all else."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        place = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        registrar = f'threads = 4\nresponder = "{place}"\n[registrar.api]'
        Site.build(tmp_path, registrar=registrar, issuer="api = true")
        settings, public = read_registrar(ConfigFile.read(tmp_path / "revocast.toml"))
        signer, asked = signer_of(settings, Clock(NOW)), responder_of(settings, public)
        services = services_of(settings, public, Clock(NOW), signer, asked)
        api = api_of(services, signer, asked)
        assert api
        issuer = services.tenants["home"].issuer
        waiting = threading.Thread(target=services.statuses.published, args=(issuer, 1))
        waiting.start()
        with hanging.accept()[0], pytest.raises(NoPlace):
            api.responder.ask(issuer, 2)
        waiting.join()
