"""`revocast respond` as a process: starting, stopping, what it is configured with, and curl as a client."""

import hashlib
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.responder.asking import nonce, path, request
from tests.responder.filling import GOOD, REVOKED, Filling, write
from tests.responder.running import Running, configure, respond, running
from tests.responder.serving import config, filling, get, parts, post, server
from tests.responder.wire import TRY_LATER
from tests.waiting import until

__all__ = ["config", "filling", "server"]


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
