"""Static OCSP as relying parties get it: the publisher's files by the shipped nginx, and a responder behind it."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cryptography.x509 import ocsp

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import canonical_request, static_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ocsp import both
from tests.building.place import Place
from tests.infra.running_nginx import ask, free_port, nginx

pytestmark = [pytest.mark.judge("nginx"), pytest.mark.judge("curl")]
REVOKED = Revocation(NOW, Reason.keyCompromise)
SEEN = {
    "as it is": lambda text: text,
    "escaped": lambda text: quote(text, safe=""),
    "escaped in lower case": lambda text: text.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d"),
    "twice escaped": lambda text: quote(quote(text, safe=""), safe=""),
    "plus turned into a space": lambda text: text.replace("+", "%20"),
    "slashes merged": lambda text: text.replace("//", "/"),
    "slashes doubled before it": lambda text: f"/{text}",
    "padding missing": lambda text: text.rstrip("="),
    "padding escaped": lambda text: text.replace("=", "%3D"),
    "query string": lambda text: f"{text}?x=1",
    "slash behind": lambda text: f"{text}/",
}


class Quiet(WSGIRequestHandler):
    """Without a log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int, dict[int, bytes]]]:
    """A publisher's place, the port of nginx before it, and the response of each serial, the revoked one first."""
    root = tmp_path_factory.mktemp("served")
    place = Place(root, files={"ocsp": True})
    responder = place.ca.responder()
    chosen = _serials(place)
    revoked, *good = chosen
    answers = both(place.ca, responder, revoked, REVOKED) + [d for n in good for d in both(place.ca, responder, n)]
    put_slice(place.exchange, place.ca, 1, answers)
    place.publish()
    expected = dict(zip(chosen, answers[1::2], strict=True))
    source = LMDBSource(place.store)
    upstream = make_server("127.0.0.1", 0, create_app(source, now=lambda: NOW), handler_class=Quiet)
    Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    with nginx(root, port, upstream.server_port):
        yield place, port, expected
    upstream.shutdown()
    upstream.server_close()
    source.close()


def _serials(place: Place) -> list[int]:
    """Of base64 with each thing that goes wrong: a slash, a plus, doubled slashes, a slash at the end, no file."""
    numbers = [(0x51 << 120) + n * 0x10F3C7FF for n in range(4000)]
    texts = {n: _text(place, n) for n in numbers}
    tails = {n: text[-24:] for n, text in texts.items()}
    wanted = [
        lambda n: "/" in tails[n] and "+" in tails[n],
        lambda n: "//" in tails[n] and _path(place, n) is None,
        lambda n: texts[n].endswith("/"),
        lambda n: True,
    ]
    return list(dict.fromkeys(next(n for n in numbers if fits(n)) for fits in wanted))


def _text(place: Place, number: int) -> str:
    return base64.b64encode(canonical_request(_cert_id(place, number))).decode()


def _path(place: Place, number: int) -> str | None:
    return static_path(_cert_id(place, number))


def _cert_id(place: Place, number: int) -> CertID:
    return CertID.of(place.ca.issuer, serials.from_int(number), CertIDHash.SHA256)


@pytest.mark.parametrize("seen", SEEN)
def test_every_encoding_that_clients_were_seen_to_use_gets_its_own_answer(
    served: tuple[Place, int, dict[int, bytes]], seen: str
) -> None:
    """From a file or from the responder: never another certificate's, and the bytes are the same from both."""
    place, port, chosen = served
    for number, der in chosen.items():
        response, body = ask(port, "/ocsp/" + SEEN[seen](_text(place, number)))
        assert (response.status, body) == (200, der)
        said = next(iter(ocsp.load_der_ocsp_response(body).responses))
        assert said.serial_number == number
        assert response.headers["Content-Type"] == "application/ocsp-response"
        assert response.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"


def test_curl_gets_the_file_and_openssl_verifies_it(
    served: tuple[Place, int, dict[int, bytes]], tmp_path: Path
) -> None:
    """Clients that nobody here wrote; the file alone answers, since the responder says another max-age."""
    place, port, (revoked, *_) = served
    url = f"http://127.0.0.1:{port}/ocsp/{quote(_text(place, revoked), safe='')}"
    command = ["curl", "-sS", "--fail", "-D", "-", "-o", str(tmp_path / "response"), url]
    headers = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "max-age=3600, public, no-transform, must-revalidate" in headers
    assert 'etag: "' in headers.lower()
    issuer = place.ca.write(tmp_path)
    verify = ["openssl", "ocsp", "-respin", str(tmp_path / "response"), "-CAfile", str(issuer), "-partial_chain"]
    said = subprocess.run(
        [*verify, "-issuer", str(issuer), "-sha256", "-serial", str(revoked), "-attime", str(int(NOW.timestamp()))],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "Response verify OK" in said.stderr + said.stdout
    assert "Reason: keyCompromise" in said.stdout


def test_post_is_answered_by_the_responder(served: tuple[Place, int, dict[int, bytes]]) -> None:
    """The same bytes."""
    place, port, chosen = served
    for number, der in chosen.items():
        assert ask(port, "/ocsp/", "POST", canonical_request(_cert_id(place, number)))[1] == der
