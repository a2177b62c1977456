"""How a request begins, and how long it may be until its body; what is told of one that cannot be read (RFC 9112)."""

import json
import time
from collections.abc import Iterator

import pytest

from registrar.serving.conversation import Bounds
from registrar.serving.server import Server
from tests.registrar.serving.site import LARGEST, asked, connect, said, serving

LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
MOST = 16_384


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with serving(bounds=Bounds(LARGEST, silence=1, lingering=0.1)) as running:
        yield running


@pytest.mark.parametrize(("lines", "status"), [(1, 200), (4, 200), (5, 400), (5000, 400)])
def test_few_empty_lines_before_a_request_are_passed_over(server: Server, lines: int, status: int) -> None:
    """As section 2.2 says; so many, and no more."""
    assert asked(server, b"\r\n" * lines + LAST)[0] == status


def test_empty_lines_come_octet_by_octet_and_between_requests(server: Server) -> None:
    """Some clients end a body with one; half of one waits for its other half."""
    with connect(server) as one:
        one.sendall(POST + b"Content-Length: 1\r\n\r\nx\r\n")
        for octet in (b"\r", b"\n", LAST[:9], LAST[9:]):
            time.sleep(0.02)
            one.sendall(octet)
        assert said(one).count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("sent", [b"\r\n", b"\r"])
def test_empty_line_alone_is_no_request(server: Server, sent: bytes) -> None:
    """The connection ends without a word, as one that says nothing."""
    with connect(server) as one:
        one.sendall(sent)
        assert said(one) == b""


@pytest.mark.parametrize("parts", [1, 2, 7], ids=lambda parts: f"in {parts}")
@pytest.mark.parametrize(("length", "status"), [(MOST, 200), (MOST + 1, 431)])
def test_header_has_16_kib_at_most(server: Server, length: int, status: int, parts: int) -> None:
    """From its first octet to its last, however it comes; a body beside it is not counted."""
    begin, end = POST + b"Connection: close\r\nContent-Length: 9\r\nX: ", b"\r\n\r\n"
    sent = begin + b"a" * (length - len(begin) - len(end)) + end
    step = -(-len(sent) // parts)
    with connect(server) as one:
        for start in range(0, len(sent), step):
            one.sendall(sent[start : start + step] + (b"some body" if start + step >= len(sent) else b""))
            time.sleep(0.02 if parts > 1 else 0)
        assert said(one).startswith(b"HTTP/1.1 %d" % status)


def test_header_of_a_second_request_is_measured_for_itself(server: Server) -> None:
    """What comes with the first one is not counted twice, and not left out."""
    long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n"
    with connect(server) as one:
        one.sendall(long + long + LAST)
        assert said(one).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (b"GET secret\r\n\r\n", "first line of a request"),
        (b"\x16secret", "first line of a request"),
        (POST + b"secret\r\n\r\n", "a header field is Name: value"),
        (POST + b"Secret: \0secret\r\n\r\n", "a header field is Name: value"),
        (b"GET / HTTP/1.1\r\n secret: b\r\n\r\n", "begins with a blank"),
        (POST + b"Content-Length: secret\r\n\r\n", "Content-Length is a number"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "more than one Content-Length"),
        (POST + b"Transfer-Encoding: secret\r\n\r\n", "chunked alone is known"),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "more than one Transfer-Encoding"),
        (POST + b"Host: secret\r\n\r\n", "more than one field Host"),
        (b"GET /secret HTTP/1.1\r\n\r\n", "has a field Host"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nsecret\r\n", "begins with its size"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nsecret\r\n", "not as long as its size"),
        (b"\r\n" * 9 + LAST, "more empty lines"),
        (b"secret" * MOST, "longer than is read here"),
    ],
)  # fmt: skip
def test_refusal_is_a_sentence_without_what_the_client_sent(server: Server, sent: bytes, detail: str) -> None:
    """What was expected, in plain words, and no octet of the request."""
    said_so = json.loads(asked(server, sent)[2])["detail"]
    assert detail in said_so
    assert "secret" not in said_so.lower()
    assert "bytearray" not in said_so
