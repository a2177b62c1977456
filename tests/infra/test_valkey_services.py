"""The whole way of a revocation between processes, each of which has only the rights of its user in users.acl."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_crl

from revocation import clock
from revocation.paths import crl_path
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


@pytest.mark.long
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


def test_every_publisher_hears_of_a_revocation(tmp_path: Path, server: GuardedServer) -> None:
    """Three on one queue, more than a revocation has bundles, none of them known to the signer: no one is late."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    first = site.config("publisher").read_text()
    for number in "23":
        more = first.replace('state = "publisher"', f'state = "publisher-{number}"')
        site.config(f"publisher-{number}").write_text(more.replace('path = "public"', f'path = "public-{number}"'))
    crl = f"www/{crl_path(site.issuer.id, 'all')}"
    files = [site.estate.folder / name / crl for name in ("public", "public-2", "public-3")]
    with ExitStack() as stack, server.client() as client:
        stack.enter_context(site.services())
        for number in "23":
            stack.enter_context(site.running(f"publisher-{number}", "worker", "publisher"))
        until(lambda: all(file.exists() for file in files), 60)
        until(lambda: client.pubsub_numsub("revocast:bundles") == [(b"revocast:bundles", 3)])
        for serial in (1, 2):
            done = site.revocast("operator", "revoke", f"{serial:02X}")
            assert done.returncode == 0, done.stdout + done.stderr
            until(partial(all_list, files, serial), 15)
    assert {entry for entry in server.refused() if entry[1] != "client|setinfo"} <= ASIDE


def all_list(files: Sequence[Path], serial: int) -> bool:
    """Whether each of these CRLs lists it."""
    crls = [load_der_x509_crl(file.read_bytes()) for file in files]
    return all(crl.get_revoked_certificate_by_serial_number(serial) is not None for crl in crls)


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
