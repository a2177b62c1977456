"""The whole way of a revocation between processes, each of which has only the rights of its user in users.acl."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.infra.split_site import SplitSite
from tests.infra.valkey_users import GuardedServer
from tests.responder.tlsproxy import issue, proxy
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)
ASIDE = {(user, "info") for user in ("signer", "scheduler", "operator", "responder")}
"""What RQ asks before it sends, and `status` of a store, and both do without."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with these users."""
    with GuardedServer(tmp_path) as running:
        yield running


def test_revocation_goes_all_the_way_with_the_rights_of_each_service(tmp_path: Path, server: GuardedServer) -> None:
    """Operator to signer and back, scheduler to both, hint to the publisher, responses to the responder: no refusal."""
    store = f'url = "unix://{server.socket}"\n'
    site = SplitSite(tmp_path / "site", server, server.url_of, store)
    with site.services() as url:
        until(lambda: site.ask(url, 1) == site.ask(url, 2) == "GOOD", 60)
        done = site.revocast("operator", "revoke", "02", "--reason", "keyCompromise")
        assert done.returncode == 0, done.stdout + done.stderr
        until(lambda: site.ask(url, 2) == "REVOKED")
        assert site.ask(url, 1) == "GOOD"
        status = site.revocast("operator", "status")
        assert status.returncode == 0, status.stdout + status.stderr
        with server.client() as client:
            until(lambda: not any(client.llen(f"rq:queue:{name}") for name in ("signer", "signer.looks", "publisher")))
            assert client.keys("revocast:tick:*")
            assert not client.keys("rq:job*")
    assert {entry for entry in server.refused() if entry[1] != "client|setinfo"} <= ASIDE


def test_services_reach_their_queue_and_store_by_tls(tmp_path: Path, server: GuardedServer) -> None:
    """By `rediss://` with the CA's file in the URL of the queue, and in `tls_ca` for the store."""
    authority = Authority("TLS CA", not_before=clock.now() - timedelta(days=1))
    ca = authority.write(tmp_path / "tls-ca.pem")
    with proxy(server.socket, issue(authority, tmp_path, "server")) as port:
        place = f"127.0.0.1:{port}/0"
        site = SplitSite(
            tmp_path / "site",
            server,
            lambda user: f"rediss://{user}:{server.password(user)}@{place}?ssl_ca_certs={ca}",
            f'url = "rediss://{place}"\ntls_ca = "{ca}"\n',
        )
        with site.services() as url:
            until(lambda: site.ask(url, 2) == "GOOD", 60)
            done = site.revocast("operator", "revoke", "02")
            assert done.returncode == 0, done.stdout + done.stderr
            until(lambda: site.ask(url, 2) == "REVOKED")
