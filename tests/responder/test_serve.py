"""`revocast respond` as a process: starting, stopping, odd and hostile connections, and curl as a client."""

import contextlib
import hashlib
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.responder.asking import nonce, path, request
from tests.responder.filling import GOOD, REVOKED, UNKNOWN, Filling, write
from tests.responder.running import Running, configure, respond, running
from tests.waiting import until

MALFORMED, TRY_LATER, UNAUTHORIZED = (bytes((0x30, 3, 0x0A, 1, status)) for status in (1, 3, 6))
LARGE = 20_000_000
CHUNKED = (
    b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\n"
)


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


def test_answer_over_a_connection_has_every_header_once(server: Running, filling: Filling) -> None:
    """What the server adds to what the application says: nothing but the connection."""
    status, headers, body = parts(server.send(post(request(filling.cert_id(GOOD)))))
    assert status == 200
    names = "content-type content-length date last-modified expires etag cache-control connection"
    assert headers.keys() == set(names.split())
    assert headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert headers["content-length"] == str(len(body))
    assert headers["date"].endswith(" GMT")
    assert filling.cert_id(GOOD).encode() in body


def test_head_has_the_length_and_no_body(server: Running, filling: Filling) -> None:
    """And the connection stays usable behind it."""
    target = f"/ocsp/{path(request(filling.cert_id(GOOD)))}"
    whole = parts(server.send(get(target)))
    head = parts(server.send(get(target).replace(b"GET", b"HEAD", 1)))
    assert head[0] == 200
    assert head[2] == b""
    assert head[1]["content-length"] == str(len(whole[2]))
    assert head[1]["etag"] == whole[1]["etag"]


@pytest.mark.parametrize(
    ("octets", "status", "body"),
    [
        (post(b""), 200, MALFORMED),
        (post(b"\x30" * 4097), 413, MALFORMED),
        (post(b"\x30" * ((1 << 16) - 1)), 413, MALFORMED),
        (CHUNKED, 200, MALFORMED),
        (get("/ocsp/"), 200, MALFORMED),
        (get("/ocsp/%ff%00%zz%"), 200, MALFORMED),
        (get("/ocsp/" + "M" * 20000), 200, MALFORMED),
        (get("/nothing"), 404, b"Not Found\n"),
        (get("*"), 404, b"Not Found\n"),
        (get("http://other.example/healthz"), 200, b"ok\n"),
        (b"PUT /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, b"Method Not Allowed\n"),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200, b"ok\n"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, None),
        (post(b"", "Content-Length: -1"), 400, None),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_odd_request(server: Running, octets: bytes, status: int, body: bytes | None) -> None:
    """Answered with a status that fits, and the connection let go."""
    answer = parts(server.send(octets))
    assert answer[0] == status
    assert body is None or answer[2] == body


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (post(b"\x30" * (1 << 16)), 413),
        (post(b"\x30" * (3 << 20)), 413),
        (get("/ocsp/" + "M" * 200_000), 431),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
    ],
    ids=["shortest body", "body", "path", "headers"],
)
def test_request_far_too_long_is_cut_off(server: Running, octets: bytes, status: int) -> None:
    """Without reading on: the client sees the status, or not even that, if it goes on sending."""
    with contextlib.suppress(ConnectionError):
        assert parts(server.send(octets))[0] == status
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"


def test_pipelined_requests_are_answered_in_order(server: Running, filling: Filling) -> None:
    """Two at once on one connection."""
    known = request(filling.cert_id(GOOD))
    octets = post(known).replace(b"Connection: close\r\n", b"") + post(request(filling.cert_id(UNKNOWN)))
    answers = server.send(octets)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(UNAUTHORIZED)
    assert filling.cert_id(GOOD).encode() in answers


def test_half_sent_requests_hold_up_nobody(server: Running) -> None:
    """Far more of them than there are threads: with headers cut, with bodies cut, with nothing at all."""
    halves = [b"", b"GET /healthz HT", b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0"]
    held = [server.connect() for _ in range(120)]
    for number, connection in enumerate(held):
        connection.sendall(halves[number % 3])
    started = time.monotonic()
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"
    assert time.monotonic() - started < 2
    for connection in held:
        connection.close()


def test_silent_connection_is_let_go_and_a_slow_one_is_not(server: Running) -> None:
    """Who sends half a request is cut off after ten to twenty seconds; who takes a CRL at 20 kB/s gets it."""
    with server.connect() as silent, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.settimeout(20)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(get("/crl/1a2b3c4d/all.crl"))
        silent.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0")
        started = time.monotonic()
        while not select.select([silent], [], [], 1)[0]:
            assert slow.recv(20_000)
        assert silent.recv(1) == b""
        assert 9 < time.monotonic() - started < 20
        assert slow.recv(20_000)


def test_request_that_trickles_is_cut_off(server: Running) -> None:
    """An octet a second keeps a connection from silence, and not from its end after fifteen to twenty seconds."""
    with server.connect() as connection:
        connection.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n")
        started = time.monotonic()
        while not select.select([connection], [], [], 1)[0]:
            connection.sendall(b"0")
            assert time.monotonic() - started < 30
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        assert time.monotonic() - started > 14


def test_clients_that_do_not_take_their_answer_hold_up_nobody(server: Running) -> None:
    """More of them than threads, each with a large CRL on its way; and it is not in memory once for each."""
    held = [server.connect() for _ in range(12)]
    for connection in held:
        connection.sendall(get("/crl/1a2b3c4d/all.crl"))
        connection.recv(1)
    started = time.monotonic()
    assert parts(server.send(get("/healthz")))[2] == b"ok\n"
    assert time.monotonic() - started < 2
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (resident,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    assert resident * 1024 < 6 * LARGE
    for connection in held:
        connection.close()


def test_port_zero_says_which_and_configuration_is_used(server: Running) -> None:
    """The line before `ready`."""
    assert server.port != 0
    assert parts(server.send(get("/crl/1a2b3c4d/all.crl")))[1]["cache-control"] == "max-age=300, public, no-transform"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_0_while_requests_are_half_sent(config: Path, number: signal.Signals) -> None:
    """Within two seconds."""
    with running(config) as server, server.connect() as half, server.connect() as slow:
        half.sendall(b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0")
        slow.sendall(get("/crl/1a2b3c4d/all.crl"))
        slow.recv(1)
        server.process.send_signal(number)
        assert server.process.wait(2) == 0


def test_port_is_free_again_at_once(config: Path) -> None:
    """After a stop with open connections, and after a kill."""
    with running(config) as first, first.connect() as connection:
        connection.sendall(get("/healthz").replace(b"Connection: close\r\n", b""))
        connection.recv(1000)
        first.process.kill()
        first.process.wait()
        with running(config, "--port", str(first.port)) as second:
            assert second.port == first.port


def test_port_in_use_is_an_error_that_names_it(config: Path) -> None:
    """Exit code 1, what and where and what to do, no traceback, nothing on standard output."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = respond(config, "--port", str(port))
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert f"127.0.0.1:{port}: the port is in use" in err
    assert "--port" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("host", "what"), [("192.0.2.1", "cannot listen"), ("no-such-host.invalid", "cannot listen")])
def test_address_that_is_not_ours_is_an_error(config: Path, host: str, what: str) -> None:
    """Nor a name that nobody knows."""
    process = respond(config, "--host", host)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert f"{host}" in err
    assert what in err
    assert "Traceback" not in err


def test_server_listens_on_ipv6(config: Path) -> None:
    """Where the machine has it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("the machine has no IPv6")
    process = respond(config, "--host", "::1")
    assert process.stdout
    assert process.stdout.readline().startswith("listening on http://[::1]:")
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate()


@pytest.mark.parametrize("more", ["surplus = 1\n", "issuer_max_age = '-1s'\n"])
def test_configuration_that_is_wrong_is_an_error(tmp_path: Path, more: str) -> None:
    """Exit code 2, with the key."""
    process = respond(configure(tmp_path, Authority(), more))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert f"responder.{more.split()[0]}" in err


def test_store_that_appears_and_vanishes_is_noticed(tmp_path: Path, filling: Filling) -> None:
    """The process is started before the first publication, and outlives the store."""
    asked = post(request(filling.cert_id(GOOD)))
    with running(configure(tmp_path, filling.authority)) as server:
        assert parts(server.send(asked))[2] == TRY_LATER
        write(tmp_path / "store", [*filling.issuer_entries(), *filling.entries(GOOD, this_update=clock.now())])
        assert len(parts(server.send(asked))[2]) > 100
        shutil.rmtree(tmp_path / "store")
        until(lambda: parts(server.send(asked))[2] == TRY_LATER, seconds=5)  # within two milliseconds
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / "data.mdb").write_bytes(b"no store" * 1000)
        assert parts(server.send(asked))[2] == TRY_LATER


@pytest.mark.judge("curl")
def test_curl_gets_it_once_and_then_only_that_it_may_keep_it(server: Running, filling: Filling, tmp_path: Path) -> None:
    """GET with its own escaping, and a second time with the tag and the date of the first."""
    url = f"{server.url}/ocsp/{path(request(filling.cert_id(GOOD), extensions=nonce(32)))}"
    for target in (url, f"{server.url}/crl/1a2b3c4d/all.crl"):
        kept, tag = tmp_path / "kept", tmp_path / "tag"
        fetch = ["curl", "-sS", "-R", "-o", str(kept), "-w", "%{http_code} %{size_download}"]
        status, size = _output([*fetch, "--etag-save", str(tag), target]).split()
        assert status == "200"
        assert int(size) == kept.stat().st_size
        assert hashlib.sha256(kept.read_bytes()).hexdigest() in tag.read_text()
        again = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
        assert _output([*again, "--etag-compare", str(tag), target]) == "304 0"
        assert _output([*again, "-z", str(kept), target]) == "304 0"
        kept.unlink()
        tag.unlink()


@pytest.mark.judge("curl")
def test_curl_posts_and_asks_for_the_head(server: Running, filling: Filling, tmp_path: Path) -> None:
    """With and without `Expect: 100-continue`, chunked, and with a body that is too long."""
    asked = tmp_path / "request"
    asked.write_bytes(request(filling.cert_id(REVOKED)))
    status = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/ocsp-request"]
    for more in ([], ["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"], ["--http1.0"]):
        assert _output([*status, *more, "--data-binary", f"@{asked}", f"{server.url}/ocsp"]) == "200"
    asked.write_bytes(b"\x30" * 5000)
    assert _output([*status, "--data-binary", f"@{asked}", f"{server.url}/ocsp"]) == "413"
    assert "Content-Length: 3\n" in _output(["curl", "-sSI", f"{server.url}/healthz"])


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
