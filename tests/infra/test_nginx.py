"""infra/nginx/revocast.conf under a real nginx: what relying parties get of the target, and what nobody gets."""

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from revocation.ocspprofile import OCSPProfile
from tests.infra.running_nginx import SHIPPED, ask, free_port, nginx

ISSUED = 1_772_366_400  # 2026-03-01T12:00:00Z
CRL = b"\x30\x03\x02\x01\x01"
OCSP = {"MEM/A+Bg==": b"answer"}
"""Paths as the publisher stores them: unescaped, slashes merged."""

pytestmark = pytest.mark.judge("nginx")


class Upstream(BaseHTTPRequestHandler):
    """Stands where the responder stands, and says what arrived there."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The path as it arrived, and the body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"{self.command} {self.path} ".encode() + body
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Cache-Control", "max-age=7, public")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing."""


def fill(www: Path) -> None:
    """What the publisher leaves in the target, and what must never be handed out."""
    crls = ("all.crl", "user.7.crl", "all.pem", "all-17.crl", "crls.json")
    for path in (*(f"crl/1a2b3c4d/{name}" for name in crls), "issuer/1a2b3c4d.cer", "issuer/1a2b3c4d.p7c"):
        file = www / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(CRL)
        os.utime(file, (ISSUED, ISSUED))
    for path, data in OCSP.items():
        file = www / "ocsp" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, (ISSUED, ISSUED))
    (www / "ocsp/.publisher").mkdir()
    (www / "ocsp/.publisher/0").write_bytes(b"secret")
    for path in ("status.json", "crl/1a2b3c4d/.x.part", "crl/1a2b3c4d/status.json", "issuer/secret.key"):
        (www / path).write_bytes(b"secret")
    (www.parent / "status.json").write_bytes(b"secret")
    (www / "crl/1a2b3c4d/user.crl").symlink_to(www.parent / "status.json")


@pytest.fixture(scope="module")
def www(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled target, below the folder that an nginx works in."""
    www = tmp_path_factory.mktemp("nginx") / "public/www"
    fill(www)
    return www


@pytest.fixture(scope="module")
def port(www: Path) -> Iterator[int]:
    """The port of a running nginx with the shipped configuration."""
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    with nginx(www.parents[1], port, upstream.server_port):
        yield port
    upstream.shutdown()
    upstream.server_close()


@pytest.mark.parametrize(
    ("path", "media_type", "cached"),
    [
        ("/crl/1a2b3c4d/all.crl", "application/pkix-crl", "max-age=300, public, no-transform"),
        ("/crl/1a2b3c4d/user.7.crl", "application/pkix-crl", "max-age=300, public, no-transform"),
        ("/crl/1a2b3c4d/all.pem", "application/x-pem-file", "max-age=300, public, no-transform"),
        ("/crl/1a2b3c4d/crls.json", "application/json", "max-age=300, public, no-transform"),
        ("/crl/1a2b3c4d/all-17.crl", "application/pkix-crl", "max-age=31536000, public, no-transform, immutable"),
        ("/issuer/1a2b3c4d.cer", "application/pkix-cert", "max-age=86400, public, no-transform"),
        ("/issuer/1a2b3c4d.p7c", "application/pkcs7-mime", "max-age=86400, public, no-transform"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_static_object_has_the_headers_that_caches_need(
    port: int, path: str, media_type: str, cached: str, method: str
) -> None:
    """RFC 5280's media type, Last-Modified = thisUpdate, an ETag and a constant max-age."""
    response, body = ask(port, path, method)
    assert response.status == 200
    assert body == (CRL if method == "GET" else b"")
    assert response.headers.get_all("Content-Type") == [media_type]
    assert response.headers.get_all("Cache-Control") == [cached]
    assert response.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert response.headers["Content-Length"] == str(len(CRL))
    assert response.headers["ETag"]
    assert response.headers["Server"] == "nginx"


def test_static_object_is_not_sent_twice_to_a_cache_that_has_it(port: int) -> None:
    """304 for its ETag, and for its date or a later one (RFC 9110 section 13.1.3), with the same max-age."""
    first, _ = ask(port, "/crl/1a2b3c4d/all.crl")
    for condition in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_Modified_Since": first.headers["Last-Modified"]},
        {"If_Modified_Since": "Sun, 01 Mar 2026 12:00:01 GMT"},
    ):
        again, body = ask(port, "/crl/1a2b3c4d/all.crl", **condition)
        assert (again.status, body) == (304, b"")
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/status.json",
        "/../status.json",
        "/crl/../../status.json",
        "/crl/%2e%2e/%2e%2e/status.json",
        "/crl/1a2b3c4d/",
        "/crl/1a2b3c4d/.x.part",
        "/crl/1a2b3c4d/status.json",
        "/crl/1a2b3c4d/user.crl",  # a link out of the folder
        "/crl/1a2b3c4d/ca.crl",  # not there
        "/issuer/secret.key",
        "/healthz",
        "/ocspx",
        "/ocsp/.publisher/0",
        "/ocsp/%2epublisher/0",
        "/ocsp/../status.json",
    ],
)
def test_nothing_else_is_handed_out(port: int, path: str) -> None:
    """No lists, no temporary files, no status, no links, no way out."""
    response, body = ask(port, path)
    assert response.status in (400, 403, 404)
    assert b"secret" not in body
    if response.status == 404:
        assert response.headers.get_all("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_static_object_can_only_be_read(port: int, method: str) -> None:
    """405 for every method that would change something, with those that do not (RFC 9110 section 15.5.6)."""
    for path in ("/crl/1a2b3c4d/all.crl", "/crl/1a2b3c4d/all-17.crl", "/issuer/1a2b3c4d.cer"):
        response, _ = ask(port, path, method, b"x")
        assert (response.status, response.headers.get_all("Allow")) == (405, ["GET, HEAD"])
        assert response.headers.get_all("Cache-Control") == ["no-store"]


@pytest.mark.parametrize(
    "path",
    [
        "/ocsp/MEM/A+Bg==",
        "/ocsp/MEM//A+Bg==",
        "/ocsp//MEM/A+Bg==",
        "/ocsp/MEM%2FA%2BBg%3D%3D",
        "/ocsp/MEM%2f%2FA%2bBg%3d%3d",
        "/ocsp/MEM/%2FA+Bg%3D=",
        "/ocsp/MEM/A+Bg==?query=1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_static_response_is_found_however_its_path_is_escaped(port: int, path: str, method: str) -> None:
    """With the headers of RFC 9919 that a file can have; Last-Modified is thisUpdate."""
    response, body = ask(port, path, method)
    assert (response.status, body) == (200, b"answer" if method == "GET" else b"")
    assert response.headers.get_all("Content-Type") == ["application/ocsp-response"]
    assert response.headers.get_all("Cache-Control") == ["max-age=3600, public, no-transform, must-revalidate"]
    assert response.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert response.headers["Content-Length"] == "6"
    assert response.headers["ETag"]
    assert response.headers["Date"].endswith("GMT")
    again, _ = ask(port, path, method, If_None_Match=response.headers["ETag"])
    assert again.status == 304


def test_max_age_is_that_of_the_configuration() -> None:
    """For which the windows leave room; more would let caches hand out what has expired."""
    assert (
        f"max-age={OCSPProfile().max_age.total_seconds():.0f}, public, no-transform, must-reval"
        in (SHIPPED / "revocast.conf").read_text()
    )


@pytest.mark.parametrize(
    "path",
    [
        "/ocsp/MEMw//A+Bg%3D%3D",
        "/ocsp/MEMw%2F%2FA%2BBg==",
        "/ocsp/MEM%252FA%252BBg%253D%253D",
        "/ocsp/MEM/A%20Bg==",
        "/ocsp/MEM/A+Bg",
        "/ocsp/MEM/A+Bg==/x",
        "/ocsp/MEM/A+Bg==/",
        "/ocsp/MEM/A+Bg==%2F",
        "/ocsp/MEM",  # a folder, on the way to a file
        "/ocsp/MEM/",
        "/ocsp/",
        "/ocsp",
        "/ocsp//MEM",
    ],
)
def test_ocsp_request_that_no_file_answers_arrives_as_it_was_sent(port: int, path: str) -> None:
    """No slash merged, no plus turned, no escape undone; and what the responder says goes out as it is."""
    response, body = ask(port, path)
    assert (response.status, body) == (200, f"GET {path} ".encode())
    assert response.headers.get_all("Cache-Control") == ["max-age=7, public"]


def test_ocsp_request_in_a_body_arrives_and_a_huge_one_does_not(port: int) -> None:
    """The responder is spared what no request is."""
    for path in ("/ocsp/", "/ocsp", "/ocsp/MEM/A+Bg=="):
        assert ask(port, path, "POST", b"\x30\x00")[1] == f"POST {path} ".encode() + b"\x30\x00"
    assert ask(port, "/ocsp/", "POST", b"x" * (1 << 20))[0].status == 413


@pytest.mark.parametrize(("path", "without"), [("ocsp/MEM/A+Bg==", 200), ("crl/1a2b3c4d/all.crl", 404)])
def test_what_the_publisher_renamed_into_its_place_is_served_at_once(
    port: int, www: Path, path: str, without: int
) -> None:
    """nginx keeps files open that are asked for: a revocation must not wait behind one, nor an object that is gone."""
    kept = www / path
    before = ask(port, f"/{path}")[1]
    try:
        for n in range(10):
            new = www / f"{n}.part"
            new.write_bytes(b"revoked%d" % n)
            os.utime(new, (ISSUED, ISSUED))
            new.rename(kept)
            assert ask(port, f"/{path}")[1] == b"revoked%d" % n
        kept.unlink()
        response, body = ask(port, f"/{path}")
        assert (response.status, b"revoked" in body) == (without, False)
    finally:
        kept.write_bytes(before)
        os.utime(kept, (ISSUED, ISSUED))
