"""`revocast registrar` as a process: over TLS and without, what its log says, and how it ends."""

import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import josepy
import pytest
from acme import client, messages
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from revocation.clock import now
from revocation.commands import root
from revocation.errors import ConfigurationError
from tests.registrar.site import Site, csr_for
from tests.wire.server import Server

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def certify(folder: Path, common: str) -> None:
    """A self-signed certificate of loopback, in tls.pem and tls.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now()).not_valid_after(now() + timedelta(days=9))
    pem = builder.add_extension(names, critical=False).sign(key, SHA256()).public_bytes(Encoding.PEM)
    (folder / "tls.pem").write_bytes(pem)
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@contextmanager
def running(folder: Path, valkey: Server, *, tls: bool) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and its URL."""
    url = f"{'https' if tls else 'http'}://127.0.0.1:{free_port()}"
    Site.build(folder).services.database.close()
    config = folder / "revocast.toml"
    files = 'tls_certificate = "tls.pem"\ntls_key = "tls.key"' if tls else ""
    text = config.read_text().replace("unix://queue.sock", valkey.url).replace("https://ca.example", url)
    listen = f'listen = "{url.partition("://")[2]}"\n{files}'
    config.write_text(text.replace('trusted_proxies = ["127.0.0.1/32"]', listen))
    command = [str(BIN / "revocast"), "registrar", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"listening on {url}\n", process.stderr and process.stderr.read()
            assert process.stdout.readline() == f"directory of home: {url}/acme/home/directory\n"
            yield process, url
        finally:
            process.kill()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


def subject_served(url: str) -> str:
    """The subject of the certificate that is shown in a TLS handshake."""
    host, _, port = url.partition("://")[2].rpartition(":")
    pem = ssl.get_server_certificate((host, int(port)))
    return x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string()


def test_judge_orders_over_tls(tmp_path: Path, valkey: Server) -> None:
    """And the certificate is read anew on SIGHUP; a broken one is not taken; SIGTERM ends it."""
    certify(tmp_path, "first")
    with running(tmp_path, valkey, tls=True) as (process, url):
        net = client.ClientNetwork(josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1())), alg=josepy.ES256)
        net.session.verify = net.verify_ssl = str(tmp_path / "tls.pem")
        judge = client.ClientV2(client.ClientV2.get_directory(f"{url}/acme/home/directory", net), net)
        judge.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
        order = judge.new_order(csr_for("a.example").public_bytes(Encoding.PEM))
        assert order.body.status == messages.STATUS_PENDING
        assert order.uri.startswith(f"{url}/acme/home/order/")
        assert subject_served(url) == "CN=first"
        certify(tmp_path, "second")
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 5
        while subject_served(url) != "CN=second" and time.monotonic() < until:
            time.sleep(0.05)
        assert subject_served(url) == "CN=second"
        (tmp_path / "tls.pem").write_text("broken")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert subject_served(url) == "CN=second"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr
        log = process.stderr.read()
    assert "could not be read anew" in log
    assert "Traceback" not in log


def test_server_survives_what_is_no_http(tmp_path: Path, valkey: Server) -> None:
    """Plain, half a request, and a body that never comes; /healthz answers meanwhile."""
    with running(tmp_path, valkey, tls=False) as (process, url):
        host, _, port = url.partition("://")[2].rpartition(":")
        with ExitStack() as held:
            for number in range(200):
                one = held.enter_context(socket.create_connection((host, int(port))))
                one.sendall(b"\x16\x03\x01" if number % 2 else b"POST /acme/home/new-account HTTP/1.1\r\nHost: a\r\n")
            with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:
                assert answer.read() == b"ok\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0


def test_connections_that_break_fill_no_log(tmp_path: Path, valkey: Server) -> None:
    """Whatever a stranger breaks off, within TLS or before: nothing of it is in the log."""
    certify(tmp_path, "one")
    (tmp_path / "tls.key").chmod(0o600)
    post = b"POST /acme/home/new-account HTTP/1.1\r\nHost: a\r\nContent-Type: application/jose+json\r\n"
    with running(tmp_path, valkey, tls=True) as (process, url):
        host, _, port = url.partition("://")[2].rpartition(":")
        context = ssl._create_unverified_context()  # noqa: S323 - it is ours
        for sent in (
            b"",
            b"GET / HT",
            post,
            post + b"Content-Length: 100\r\n\r\nabc",
            post + b"Content-Length: -5\r\n\r\n",
        ):
            for how in ("close", "reset"):
                with socket.create_connection((host, int(port))) as plain:
                    plain.sendall(sent)
                with context.wrap_socket(socket.create_connection((host, int(port)))) as one:
                    one.sendall(sent or b"\0")
                    if how == "reset":
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        chunked = post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
        with context.wrap_socket(socket.create_connection((host, int(port)))) as one:
            one.sendall(chunked)
            assert b"400" in one.recv(100)
        with context.wrap_socket(socket.create_connection((host, int(port)))) as slow:
            slow.sendall(post + b"Content-Length: 100\r\n\r\nabc")
            slow.recv(100)  # until nothing came for five seconds
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(15) == 0


def test_silent_clients_keep_nobody_waiting_over_tls(tmp_path: Path, valkey: Server) -> None:
    """Two hundred connections that say nothing."""
    certify(tmp_path, "first")
    with running(tmp_path, valkey, tls=True) as (_, url), ExitStack() as held:
        host, _, port = url.partition("://")[2].rpartition(":")
        for _ in range(200):
            held.enter_context(socket.create_connection((host, int(port))))
        context = ssl.create_default_context(cafile=str(tmp_path / "tls.pem"))
        with urllib.request.urlopen(f"{url}/healthz", timeout=1, context=context) as answer:
            assert answer.read() == b"ok\n"


def test_server_that_cannot_listen_says_so(tmp_path: Path, valkey: Server) -> None:
    """The address, and what to do; exit code 1."""
    with running(tmp_path, valkey, tls=False):
        again = subprocess.run(
            [str(BIN / "revocast"), "registrar", "--config", str(tmp_path / "revocast.toml")],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert again.returncode == 1
    assert "cannot listen" in again.stderr
    assert "Traceback" not in again.stderr


def test_registrar_without_its_table_says_so(tmp_path: Path) -> None:
    """And so does one that serves no issuer; cleaning up is a no-op then."""
    Site.build(tmp_path)
    config = tmp_path / "revocast.toml"
    text = config.read_text()
    config.write_text(text.partition("[registrar]")[0])
    shown = CliRunner().invoke(root, ["registrar", "--config", str(config)])
    assert "has no table [registrar]" in str(shown.exception)
    config.write_text(text.replace("acme = true", ""))
    shown = CliRunner().invoke(root, ["registrar", "--config", str(config)])
    assert "no issuer serves ACME, nor the API" in str(shown.exception)


def test_registrar_does_not_start_with_a_chain_that_is_none(tmp_path: Path) -> None:
    """Exit code 2, before anything is issued that could not be handed out."""
    Site.build(tmp_path, issuer='chains = [["x.pem"]]').services.database.close()
    shown = CliRunner().invoke(root, ["registrar", "--config", str(tmp_path / "revocast.toml")])
    assert isinstance(shown.exception, ConfigurationError)
    assert "chains of home" in str(shown.exception)


def cleanup(config: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "revocast"), "acme-cleanup", "--json", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=os.environ, check=True)


def test_cleanup_as_cron_runs_it(tmp_path: Path) -> None:
    """It counts, also where the API alone is served; where nothing is served it says so and does nothing."""
    Site.build(tmp_path).services.database.close()
    config = tmp_path / "revocast.toml"
    done = cleanup(config)
    assert '"orders": 0' in done.stdout
    assert "cleaned up: 0 orders" in done.stderr
    text = config.read_text()
    config.write_text(text.replace("acme = true", "api = true") + "[registrar.api]\n")
    assert '"requests": 0' in cleanup(config).stdout
    for nothing in (text.replace("acme = true", ""), text.partition("[registrar]")[0]):
        config.write_text(nothing)
        done = cleanup(config)
        assert done.stdout.strip() == "{}"
        assert "neither ACME nor the API is served here" in done.stderr


def test_keys_of_external_accounts_are_made_listed_and_revoked(tmp_path: Path) -> None:
    """The secret is shown once."""
    Site.build(tmp_path)
    options = ["--config", str(tmp_path / "revocast.toml"), "--issuer", "home"]
    made = CliRunner().invoke(root, ["eab", "create", *options, "--comment", "the printer"])
    kid, secret = (line.partition(": ")[2].strip() for line in made.stdout.splitlines())
    assert len(secret) == 43
    assert 'external_accounts = "optional"' in made.stderr
    listed = CliRunner().invoke(root, ["eab", "list", *options]).stdout
    assert kid in listed
    assert "the printer" in listed
    assert secret not in listed
    assert "is revoked" in CliRunner().invoke(root, ["eab", "revoke", *options, kid]).stdout
    again = CliRunner().invoke(root, ["eab", "revoke", *options, kid])
    assert "no key" in str(again.exception)
    assert "revoked" in CliRunner().invoke(root, ["eab", "list", *options, "--json"]).stdout
