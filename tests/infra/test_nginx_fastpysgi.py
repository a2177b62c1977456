"""fastpysgi behind the shipped nginx, as it is meant to run: what each does wrong by itself does not reach a client."""

import base64
import os
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest

from responder import fastserver, robustserver
from revocation.certid import CertIDHash
from tests.infra.running_nginx import SHIPPED, ask, free_port, nginx
from tests.responder.filling import GOOD, UNKNOWN
from tests.responder.wire import MALFORMED, OCSP, TRY_LATER, UNAUTHORIZED, Place, place
from tests.waiting import until

pytestmark = pytest.mark.judge("nginx")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int]]:
    """The responder, and the port of the nginx before it."""
    folder = tmp_path_factory.mktemp("fronts")
    with place(folder, "fastpysgi") as behind, nginx(folder, port := free_port(), behind.server.port):
        yield behind, port


def path(behind: Place, serial: int = GOOD) -> str:
    """A request with a nonce of its own form, for which there is no file."""
    return f"/ocsp/{behind.path(serial)}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"x", {}'])
def test_304_has_no_length_and_what_renews_a_copy(served: tuple[Place, int], condition: str, method: str) -> None:
    """A length would have to be that of the 200 (RFC 9110 section 8.6)."""
    behind, port = served
    whole, body = ask(port, path(behind))
    assert (whole.status, whole.headers["Content-Length"]) == (200, str(len(body)))
    again, nothing = ask(port, path(behind), method, If_None_Match=condition.format(whole.headers["ETag"]))
    assert (again.status, nothing, again.headers["Content-Length"]) == (304, b"", None)
    for name in ("Cache-Control", "ETag", "Expires"):
        assert again.headers.get_all(name) == whole.headers.get_all(name)


def test_condition_of_a_copy_by_date_is_understood(served: tuple[Place, int]) -> None:
    """304 where it is the same, and the whole where it is another, or the method has no conditions."""
    behind, port = served
    whole, body = ask(port, path(behind))
    modified = whole.headers["Last-Modified"]
    assert ask(port, path(behind), If_Modified_Since=modified)[0].status == 304
    assert ask(port, path(behind), If_Modified_Since="Sun, 01 Mar 2020 12:00:00 GMT")[1] == body
    assert ask(port, path(behind), If_None_Match='"x"')[1] == body
    posted, answer = ask(port, "/ocsp/", "POST", behind.ask(GOOD), If_None_Match="*")
    assert (posted.status, answer) == (200, behind.stored[GOOD, CertIDHash.SHA256].der)


def test_unknown_certificate_is_unauthorized_and_kept_by_nobody(served: tuple[Place, int]) -> None:
    """What the responder says of caching goes out as it is."""
    behind, port = served
    response, body = ask(port, path(behind, UNKNOWN))
    assert (response.status, body, response.headers.get_all("Cache-Control")) == (200, UNAUTHORIZED, ["no-store"])


@pytest.mark.parametrize("size", [4097, 17_000, 61_000, 62_000, 3 << 20])
@pytest.mark.parametrize("target", ["/ocsp", "/ocsp/"])
def test_body_over_the_limit_is_malformed_and_kept_by_nobody(served: tuple[Place, int], size: int, target: str) -> None:
    """By the responder, and from 60 KiB on by nginx, which does not ask it; and who sends it is not held."""
    response, body = ask(served[1], target, "POST", b"\x30" * size)
    assert_malformed(response, body)
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize("size", [5000, 65_000, 100_000])
@pytest.mark.parametrize("target", ["/ocsp", "/ocsp/"])
def test_chunked_body_over_the_limit_is_malformed_and_kept_by_nobody(
    served: tuple[Place, int], size: int, target: str
) -> None:
    """Its length is not known before it is there."""
    connection = HTTPConnection("127.0.0.1", served[1], timeout=10)
    try:
        pieces = (b"\x30" * 5000 for _ in range(size // 5000))
        connection.request("POST", target, pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        response = connection.getresponse()
        assert_malformed(response, response.read())
    finally:
        connection.close()


def assert_malformed(response: HTTPResponse, body: bytes) -> None:
    """It says so as OCSP does, and no cache keeps it."""
    assert (response.status, body) == (413, MALFORMED)
    assert response.headers.get_all("Content-Type") == [OCSP]
    assert response.headers.get_all("Cache-Control") == ["no-store"]
    assert response.headers["ETag"] is None
    assert response.headers["Last-Modified"] is None


@pytest.mark.parametrize("lines", ["%0D%0A", "%0A"])
def test_line_breaks_in_a_path_are_refused(served: tuple[Place, int], lines: str) -> None:
    """By fastpysgi, as the documents say; waitress reads them."""
    behind, port = served
    text = base64.b64encode(behind.ask(GOOD)).decode()
    broken = quote(text[:64], safe="") + lines + quote(text[64:], safe="")
    assert ask(port, f"/ocsp/{broken}")[0].status == 400


def test_error_pages_are_nobodys_to_ask_for(served: tuple[Place, int]) -> None:
    """They stand for what went wrong, and for nothing else."""
    for name in ("malformed-request", "try-later"):
        assert ask(served[1], f"/revocast-ocsp-errors/{name}.der")[0].status == 404


@pytest.mark.parametrize(("method", "target"), [("GET", "/ocsp/MEI"), ("POST", "/ocsp/"), ("POST", "/ocsp")])
def test_responder_that_hangs_is_try_later_that_nobody_keeps(tmp_path: Path, method: str, target: str) -> None:
    """It takes the request and says nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        nginx(tmp_path, port := free_port(), silent.getsockname()[1], patience="200ms"),
    ):
        response, answer = ask(port, target, method, b"0" if method == "POST" else None)
    assert (response.status, answer) == (504, TRY_LATER)
    assert response.headers.get_all("Content-Type") == [OCSP]
    assert response.headers.get_all("Cache-Control") == ["no-store"]


def test_connection_that_nobody_uses_is_closed_by_nginx_before_the_responder_does() -> None:
    """Else a request is sent into one that is being closed, and a POST that may have arrived is not sent again: 502."""
    (upstream,) = re.findall(r"upstream \w+ \{(.*?)\}", (SHIPPED / "revocast.conf").read_text(), re.DOTALL)
    (seconds,) = re.findall(r"^ *keepalive_timeout (\d+)s;", upstream, re.MULTILINE)
    assert int(seconds) * 1000 * 2 <= fastserver._SILENCE
    assert int(seconds) * 2 <= robustserver._SILENCE


def test_responder_that_is_away_is_try_later_that_nobody_keeps(tmp_path: Path) -> None:
    """Under 502 still, by which a CDN finds another origin; and answers come when it is back."""
    with place(tmp_path, "fastpysgi") as behind, nginx(tmp_path, port := free_port(), behind.server.port):
        assert ask(port, path(behind))[0].status == 200  # and nginx keeps nothing
        os.kill(behind.server.process.pid, signal.SIGKILL)
        until(lambda: ask(port, path(behind))[0].status == 502)
        for method, target, body in (
            ("GET", path(behind), None),
            ("POST", "/ocsp/", behind.ask(GOOD)),
            ("POST", "/ocsp", behind.ask(GOOD)),
        ):
            response, answer = ask(port, target, method, body)
            assert (response.status, answer) == (502, TRY_LATER)
            assert response.headers.get_all("Content-Type") == [OCSP]
            assert response.headers.get_all("Cache-Control") == ["no-store"]
            assert response.headers["ETag"] is None
