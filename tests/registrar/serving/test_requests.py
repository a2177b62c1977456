"""What is a request, and what is refused as none: RFC 9112 sections 2 to 7."""

import contextlib
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from registrar.serving.conversation import Bounds
from registrar.serving.server import Server
from tests.registrar.serving.site import LARGEST, asked, connect, said, serving

POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with serving(bounds=Bounds(LARGEST, lingering=0.1)) as running:
        yield running


@pytest.mark.parametrize("length", [b"-1", b"+5", b"5_0", b"0x5", b"5 5", b"5, 6", b"", b"9" * 30])
def test_length_that_is_none_is_refused(server: Server, length: bytes) -> None:
    """At once, before any of the body comes."""
    status, head, body = asked(server, POST + b"Content-Length: " + length + b"\r\n\r\n")
    assert status == 400
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Content-Length : 5\r\n", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501),
        (b"no colon\r\n", 400),
        (b"X: a\0b\r\n", 400),
        (b"Host: b\r\n", 400),
        (b"X: " + b"a" * 100_000 + b"\r\n", 431),
        (b"".join(b"X-%d: y\r\n" % number for number in range(10_000)), 431),
        (f"Content-Length: {LARGEST + 1}\r\n".encode(), 413),
        (b"Expect: 100-continue\r\nContent-Length: 200000000\r\n", 413),
    ],
)
def test_header_is_refused(server: Server, fields: bytes, status: int) -> None:
    """Two framings, two hosts, what is no field, and too much."""
    assert asked(server, POST + fields + b"\r\n")[0] == status


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"G" * 100_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_first_line_is_refused(server: Server, request_: bytes, status: int) -> None:
    """Too long, no HTTP, or of another kind."""
    assert asked(server, request_)[0] == status


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        (b"-5\r\nhello\r\n0\r\n\r\n", 400),
        (b"5_\r\nhello\r\n0\r\n\r\n", 400),
        (b"0x5\r\nhello\r\n0\r\n\r\n", 400),
        (b"5\r\nhello!\r\n0\r\n\r\n", 400),
        (b"0" * 100_000, 431),
        (b"5;" + b"x" * 100_000, 431),
        (b"5;" + b"x" * 60_000 + b"\r\nhello\r\n", 431),
        (b"0\r\n" + b"X: y\r\n" * 20_000, 431),
        (b"fffffffff\r\n" + b"a" * 2 * LARGEST, 413),
        (b"1;" + b"x" * 1000 + b"\r\na\r\n", 413),
    ],
)
def test_chunks_are_refused(server: Server, chunks: bytes, status: int) -> None:
    """Sizes that are none, and what has no end, whether of body, extensions or trailers."""
    endless = chunks * (1000 if status == 413 and len(chunks) < LARGEST else 1)
    with connect(server) as one:
        with contextlib.suppress(ConnectionError):  # it may be refused before all of it is sent
            one.sendall(CHUNKED + endless)
        assert said(one).startswith(b"HTTP/1.1 %d" % status)


def test_chunks_come_as_one_body(server: Server) -> None:
    """With an extension and a trailer."""
    status, _, body = asked(
        server, POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n"
    )
    assert status == 200
    assert json.loads(body)["body"] == 6


def test_connection_serves_one_request_after_the_other(server: Server) -> None:
    """Also those that are sent at once; HEAD has no body."""
    with connect(server) as one:
        one.sendall(b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b%2Fc?d=%20 HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n")
        first, _, second = said(one).partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 OK")
    told = json.loads(second.partition(b"\r\n\r\n")[2])
    assert (told["PATH_INFO"], told["QUERY_STRING"], told["HTTP_HOST"]) == ("/b/c", "d=%20", "a")


def test_fields_with_underscores_are_left_out(server: Server) -> None:
    """They would pass for those of a proxy."""
    _, _, body = asked(
        server, b"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 192.0.2.1\r\nX-A: 1\r\nX-A: 2\r\n" + CLOSE + b"\r\n"
    )
    told = json.loads(body)
    assert "HTTP_X_FORWARDED_FOR" not in told
    assert told["HTTP_X_A"] == "1, 2"


def test_body_is_asked_for_where_its_client_waits(server: Server) -> None:
    """`100 Continue`, before the answer."""
    with connect(server) as one:
        one.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert one.recv(100) == b"HTTP/1.1 100 \r\n\r\n"
        one.sendall(b"hello")
        assert b'"body": 5' in said(one)


def test_application_that_fails_is_a_problem(server: Server) -> None:
    """And the next request is answered."""
    connection = HTTPConnection(*server.address)
    for path, status in (("/fails", 500), ("/", 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (status, True)
    connection.close()


def test_answers_on_one_connection_do_not_wait_for_each_other(server: Server) -> None:
    """No end waits for the other's acknowledgement, 40 ms each time."""
    connection = HTTPConnection(*server.address)
    began = time.monotonic()
    for _ in range(25):
        connection.request("POST", "/", b"x")
        connection.getresponse().read()
    connection.close()
    assert time.monotonic() - began < 0.8
