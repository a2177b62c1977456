"""tls-alpn-01: a certificate made for the purpose, behind ALPN; each rule of RFC 8737 is missed once."""

import socket
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.problem import ProblemType
from registrar.validation.failure import MayPass
from registrar.validation.tls_alpn_01 import require_certificate
from registrar.validation.validate import validate
from tests.registrar.validation.alpn import NOW, ALPNServer, address, certificate, dns_name
from tests.registrar.validation.bind import free_port
from tests.registrar.validation.world import DIGEST, challenge, network, problem_of
from tests.waiting import until_listening

pytestmark = pytest.mark.judge("named", "openssl")
ASKED = challenge("tls-alpn-01", "www.test")
_PIPES: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
RIGHT = certificate(dns_name("www.test"), DIGEST)


def test_tls_alpn_01_is_met_by_the_certificate(resolver: str, tmp_path: Path) -> None:
    """SNI says the name; its case in the certificate does not matter."""
    with ALPNServer(tmp_path, certificate(dns_name("WWW.test"), DIGEST)) as server:
        validate(ASKED, network(resolver, tls_port=server.port))
        assert server.server_names == ["www.test"]


@pytest.mark.parametrize(
    ("shown", "server_name"),
    [("127.0.0.1", "1.0.0.127.in-addr.arpa"), ("::1", "1" + 31 * ".0" + ".ip6.arpa")],
)
def test_tls_alpn_01_proves_an_address(tmp_path: Path, shown: str, server_name: str) -> None:
    """SNI says its name in the reverse zone (RFC 8738 section 6), and the certificate has the address."""
    challenged = challenge("tls-alpn-01", shown)
    with ALPNServer(tmp_path, certificate(address(shown), DIGEST), host=shown) as server:
        validate(challenged, network("127.0.0.1:9", tls_port=server.port))
        assert server.server_names == [server_name]


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (certificate(dns_name("other.test"), DIGEST), "is for another name than www.test"),
        (certificate(address("127.0.0.1"), DIGEST), "is for another name"),
        (certificate([*dns_name("www.test"), *dns_name("other.test")], DIGEST), "has 2 names"),
        (certificate([*dns_name("www.test"), *address("127.0.0.1")], DIGEST), "has 2 names"),
        (certificate([], DIGEST), "has no subjectAltName"),
        (certificate(dns_name("www.test"), DIGEST, critical=False), "not critical"),
        (certificate(dns_name("www.test"), DIGEST, has_identifier=False), "no extension acmeIdentifier"),
        (certificate(dns_name("www.test"), bytes(32)), "not the digest"),
        (certificate(dns_name("www.test"), DIGEST, value=DIGEST), "not the digest"),
        (certificate(dns_name("www.test"), DIGEST, value=b"\x04\x20" + DIGEST + b"\x05\x00"), "not the digest"),
        (certificate(dns_name("www.test"), DIGEST, is_self_signed=False), "not self-signed"),
    ],
    ids=["name", "kind", "two", "two kinds", "none", "critical", "no identifier", "digest", "bare", "more", "issuer"],
)
def test_tls_alpn_01_refuses_a_certificate_that_breaks_a_rule(
    resolver: str, tmp_path: Path, pem: bytes, words: str
) -> None:
    """One rule each; the sentence says which, and where the certificate was seen."""
    with ALPNServer(tmp_path, pem) as server:
        problem = problem_of(ASKED, network(resolver, tls_port=server.port))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.INCORRECT_RESPONSE, False)
    assert words in problem.detail
    assert f"www.test, port {server.port}, at 127.0.0.1" in problem.detail


@pytest.mark.parametrize("protocols", [[], ["http/1.1"]])
def test_tls_alpn_01_wants_the_protocol_agreed_on(resolver: str, tmp_path: Path, protocols: list[str]) -> None:
    """A web server that knows nothing of ACME shows whatever certificate its tenants gave it."""
    with ALPNServer(tmp_path, RIGHT, protocols) as server:
        problem = problem_of(ASKED, network(resolver, tls_port=server.port))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.TLS, False)
    assert "did not agree" in problem.detail


def test_tls_alpn_01_is_told_by_openssl_that_there_is_no_such_protocol(resolver: str, tmp_path: Path) -> None:
    """A server that has other protocols alone refuses the handshake (RFC 7301 section 3.2)."""
    (tmp_path / "pem").write_bytes(RIGHT)
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "pem", "-key", "pem", "-alpn", "h2"]
    with subprocess.Popen(command, cwd=tmp_path, **_PIPES) as server:
        until_listening(port)
        problem = problem_of(ASKED, network(resolver, tls_port=port))
        server.terminate()
    assert problem.type is ProblemType.TLS
    assert "no application protocol" in problem.detail.lower().replace("_", " ")


def test_tls_alpn_01_speaks_no_tls_of_before_1_2(resolver: str, tmp_path: Path) -> None:
    """RFC 8737 section 3."""
    (tmp_path / "pem").write_bytes(RIGHT)
    port = free_port()
    old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "acme-tls/1"]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "pem", "-key", "pem", *old]
    with subprocess.Popen(command, cwd=tmp_path, **_PIPES) as server:
        until_listening(port)
        problem = problem_of(ASKED, network(resolver, tls_port=port))
        server.terminate()
    assert problem.type is ProblemType.TLS


def test_tls_alpn_01_ends_when_its_time_is_over(resolver: str) -> None:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        over = network(resolver, tls_port=silent.getsockname()[1], timeout="1s", dns_timeout="1s")
        problem = problem_of(ASKED, over)
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.CONNECTION, True)
    assert "was not over in time" in problem.detail


@pytest.mark.parametrize("san", ["3002a300", "3006a504a1020c00", "ffff", "30058703010203", "30048202fffe", "3000"])
def test_tls_alpn_01_refuses_names_that_cannot_be_read(san: str) -> None:
    """x400Address, ediPartyName, garbage: the certificate is wrong, and nothing of ours."""
    names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, bytes.fromhex(san))
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5, NOW, NOW + timedelta(days=1))
    der = builder.add_extension(names, critical=False).sign(key, SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(Exception, match=r"cannot be read|has 0 names"):
        require_certificate(der, ASKED)
