"""infra/nginx/revocast.conf under a real nginx: what relying parties get of the target, and what nobody gets."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from revocation.ocspprofile import OCSPProfile
from tests.waiting import until_listening

CONF = Path(__file__).parents[2] / "infra/nginx/revocast.conf"
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


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def configuration(folder: Path, port: int, upstream: int) -> Path:
    """A main configuration around the real file, with this machine's ports and paths."""
    text = CONF.read_text()
    for shipped, here in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": "",
        "server 127.0.0.1:8889;": f"server 127.0.0.1:{upstream};",
        "/var/lib/revocast/public/www": str(folder / "public/www"),
    }.items():
        assert text.count(shipped) == 1
        text = text.replace(shipped, here)
    (folder / "revocast.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    main = folder / "nginx.conf"
    main.write_text(
        ("user root; " if os.getuid() == 0 else "")
        + f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{ }}\n"
        + f"http {{ access_log off; {temporary} include {folder}/revocast.conf; }}\n"
    )
    return main


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running nginx with the shipped configuration."""
    folder = tmp_path_factory.mktemp("nginx")
    fill(folder / "public/www")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    with nginx(folder, port, upstream.server_port):
        yield port
    upstream.shutdown()
    upstream.server_close()


@contextmanager
def nginx(folder: Path, port: int, upstream: int) -> Iterator[None]:
    """A running nginx with the shipped configuration."""
    main = configuration(folder, port, upstream)
    command = [str(shutil.which("nginx")), "-c", str(main), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen(command)
    try:
        until_listening(port)
        yield
    finally:
        process.terminate()
        process.wait(10)


def ask(
    port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    """One request and what came back."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


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
    """304 for its ETag and for its date, with the same max-age."""
    first, _ = ask(port, "/crl/1a2b3c4d/all.crl")
    for condition in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_Modified_Since": first.headers["Last-Modified"]},
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
    """405 for every method that would change something."""
    response, _ = ask(port, "/crl/1a2b3c4d/all.crl", method, b"x")
    assert response.status == 405


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
    assert f"max-age={OCSPProfile().max_age.total_seconds():.0f}, public, no-transform, must-reval" in CONF.read_text()


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
