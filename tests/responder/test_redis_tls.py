"""A Redis server behind TLS: whom the client believes, and how it says who it is."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.redissource import RedisSource
from responder.source import SourceUnavailable
from revocation import clock
from revocation.redisserver import RedisServer
from tests.authority import NOW, Authority
from tests.responder.filling import GOOD, Filling
from tests.responder.tlsproxy import issue, proxy
from tests.wire.server import Server


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The CA that the server has its certificate from, in `ca.pem`."""
    made = Authority("TLS CA", not_before=clock.now() - timedelta(days=1))
    made.write(tmp_path / "ca.pem")
    return made


def find(port: int, filling: Filling, **files: Path) -> None:
    """Ask for a certificate that is there."""
    source = RedisSource(RedisServer(url=f"rediss://127.0.0.1:{port}", **files))
    try:
        assert source.find(filling.cert_id(GOOD), NOW)
    finally:
        source.close()


def test_server_is_believed_by_its_certificate(
    tmp_path: Path, own_server: Server, authority: Authority, filling: Filling
) -> None:
    """Of the CA that is named, and for the address that is asked."""
    other = Authority("Another", not_before=clock.now() - timedelta(days=1))
    other.write(tmp_path / "other.pem")
    with proxy(own_server.socket, issue(authority, tmp_path, "right")) as port:
        find(port, filling, tls_ca=tmp_path / "ca.pem")
        with pytest.raises(SourceUnavailable, match="TLS fails: CERTIFICATE_VERIFY_FAILED"):
            find(port, filling, tls_ca=tmp_path / "other.pem")
        with pytest.raises(SourceUnavailable, match="TLS fails: CERTIFICATE_VERIFY_FAILED"):
            find(port, filling)
    with (
        proxy(own_server.socket, issue(authority, tmp_path, "elsewhere", "127.0.0.2")) as port,
        pytest.raises(SourceUnavailable, match="TLS fails: CERTIFICATE_VERIFY_FAILED"),
    ):
        find(port, filling, tls_ca=tmp_path / "ca.pem")


def test_server_that_wants_a_certificate_gets_ours(
    tmp_path: Path, own_server: Server, authority: Authority, filling: Filling
) -> None:
    """As a Redis server with TLS does unless it is told not to."""
    certificate, key = issue(authority, tmp_path, "client")
    with proxy(own_server.socket, issue(authority, tmp_path, "server"), clients=tmp_path / "ca.pem") as port:
        find(port, filling, tls_ca=tmp_path / "ca.pem", tls_certificate=certificate, tls_key=key)
        with pytest.raises(SourceUnavailable):
            find(port, filling, tls_ca=tmp_path / "ca.pem")
