"""Rate limits, counted in a real Valkey, and told with when to come again; and what happens without it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from jobs.valkey import _RIGHTS
from registrar.acme.certid import certid_of
from tests.registrar.site import Raw, Site, csr_for, problem
from tests.registrar.test_certificates import der
from tests.wire.server import Server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running Valkey, with the rights that the embedded one gives: none to run scripts."""
    with Server(tmp_path_factory.mktemp("valkey"), "--user", *_RIGHTS.split()) as running:
        yield running


def limited(folder: Path, valkey: Server, **limits: str) -> Site:
    """A server with these limits and no others, which counts in Valkey, where its nonces are too."""
    all_ = {
        "accounts_per_address": "off",
        "orders_per_account": "off",
        "orders_per_name": "off",
        "certificates_per_name": "off",
        "certificates_per_set": "off",
        "revocations": "off",
    } | limits
    for key in valkey.client().scan_iter():
        valkey.client().delete(key)
    lines = "limits = {" + ", ".join(f'{name} = "{rate}"' for name, rate in all_.items()) + "}"
    return Site.build(folder, issuer=lines).counting_in(valkey.url)


def over(answer: TestResponse) -> None:
    """Return if the answer says that a limit is reached."""
    assert (answer.status_code, problem(answer)) == (429, "rateLimited")
    assert 0 < int(answer.headers["Retry-After"]) <= 7 * 86400


def test_new_accounts_are_limited_by_address(tmp_path: Path, valkey: Server) -> None:
    """By that which a trusted proxy says; an account that is there is found nevertheless."""
    site = limited(tmp_path, valkey, accounts_per_address="2 per hour")

    def register(one: Raw, address: str) -> TestResponse:
        url = site.url("new-account")
        return one.send(url, one.jws(url, {}), headers={"X-Forwarded-For": address})

    first = Raw(site)
    assert [register(one, "203.0.113.1").status_code for one in (first, Raw(site))] == [201, 201]
    over(register(Raw(site), "203.0.113.1"))
    over(register(Raw(site), "198.51.100.9, 203.0.113.1"))  # what stands before is the client's own word
    assert register(Raw(site), "203.0.113.2").status_code == 201
    assert register(first, "203.0.113.1").status_code == 200


def test_new_accounts_are_limited_by_the_network_of_an_ipv6_address(tmp_path: Path, valkey: Server) -> None:
    """A host has all addresses of one of 64 bits."""
    site = limited(tmp_path, valkey, accounts_per_address="2 per hour")

    def register(address: str) -> TestResponse:
        one, url = Raw(site), site.url("new-account")
        return one.send(url, one.jws(url, {}), headers={"X-Forwarded-For": address})

    assert [register(f"2001:db8::{number}").status_code for number in (1, 2)] == [201, 201]
    over(register("2001:DB8:0:0:ffff::3"))
    assert register("2001:db8:0:1::1").status_code == 201


def test_order_that_is_refused_counts_for_none_of_its_names(tmp_path: Path, valkey: Server) -> None:
    """One of them had too many."""
    one = limited(tmp_path, valkey, orders_per_name="1 per day").client()
    assert one.order("b.example").status_code == 201
    over(one.order("a.example", "b.example"))
    assert one.order("a.example").status_code == 201


def test_revocations_are_limited(tmp_path: Path, valkey: Server) -> None:
    """Those that the signer is asked for: of an account, and by keys of certificates from an address."""
    site = limited(tmp_path, valkey, revocations="1 per hour")
    one, key = site.client(), ec.generate_private_key(ec.SECP256R1())
    wanted = [{"certificate": der(one.certificate(f"{name}.example", key=key)[0])} for name in "abcd"]
    assert one.post("revoke-cert", wanted[0]).status_code == 200
    over(one.post("revoke-cert", wanted[1]))
    assert Raw(site, key).post("revoke-cert", wanted[2]).status_code == 200
    over(Raw(site, key).post("revoke-cert", wanted[3]))
    assert len(site.ca.revoked) == 2


def test_orders_of_an_account_are_limited(tmp_path: Path, valkey: Server) -> None:
    """Those of another one are not."""
    site = limited(tmp_path, valkey, orders_per_account="3 per hour")
    one, other = site.client(), site.client()
    assert [one.order(f"{number}.example").status_code for number in range(3)] == [201] * 3
    over(one.order("3.example"))
    assert other.order("a.example").status_code == 201


def test_orders_of_an_account_for_a_name_are_limited(tmp_path: Path, valkey: Server) -> None:
    """Nobody uses up the name of another account."""
    site = limited(tmp_path, valkey, orders_per_name="2 per hour")
    one, other = site.client(), site.client()
    one.order("a.example")
    one.order("a.example", "b.example")
    over(one.order("c.example", "a.example"))
    assert one.order("b.example").status_code == 201
    assert other.order("a.example").status_code == 201


def test_certificates_for_the_same_names_are_limited(tmp_path: Path, valkey: Server) -> None:
    """Of all accounts that have shown them to be theirs; those that replace one count not."""
    site = limited(tmp_path, valkey, certificates_per_set="2 per 7 days")
    one, other = site.client(), site.client()
    certificate, _ = one.certificate("a.example", "b.example")
    waits = one.ready("b.example", "a.example")
    other.certificate("b.example", "a.example")
    over(one.finalize(waits, csr_for("a.example", "b.example")))
    over(one.order("a.example", "b.example"))
    one.certificate("a.example")
    one.certificate("a.example", "b.example", replaces=certid_of(certificate))


def test_order_that_replaces_a_certificate_of_other_names_counts(tmp_path: Path, valkey: Server) -> None:
    """When it is made and when it is finalized: one shared name lets nobody have the others without a limit."""
    site = limited(tmp_path, valkey, certificates_per_name="2 per day")
    one, other = site.client(), site.client()
    certificate, _ = one.certificate("a.example")
    waits = one.ready("a.example", "b.example", replaces=certid_of(certificate))
    for _ in range(2):
        other.certificate("b.example")
    over(one.finalize(waits, csr_for("a.example", "b.example")))
    renewed, _ = other.certificate("c.example")
    other.certificate("c.example")
    over(other.order("c.example", "d.example", replaces=certid_of(renewed)))
    other.certificate("c.example", replaces=certid_of(renewed))


def test_certificates_for_a_name_are_limited(tmp_path: Path, valkey: Server) -> None:
    """Orders that come to nothing count not."""
    site = limited(tmp_path, valkey, certificates_per_name="1 per day")
    one = site.client()
    one.order("a.example")
    one.certificate("a.example", "b.example")
    over(one.order("b.example", "c.example"))
    assert one.order("c.example").status_code == 201


def test_limit_holds_over_any_window_and_not_only_from_one_to_the_next(tmp_path: Path, valkey: Server) -> None:
    """What was counted a moment ago counts on when the next window has begun, and ever less as it goes by."""
    site = limited(tmp_path, valkey, orders_per_account="4 per hour")
    site.clock.now = site.clock.now.replace(minute=59)
    one = site.client()
    assert [one.order(f"{number}.example").status_code for number in range(4)] == [201] * 4
    site.clock.forward(minutes=2)
    assert [one.order("a.example").status_code for _ in range(2)] == [201, 429]
    site.clock.forward(minutes=30)
    assert [one.order("b.example").status_code for _ in range(3)] == [201, 201, 429]
    site.clock.forward(hours=2)
    assert one.order("c.example").status_code == 201


def test_issuers_count_apart(tmp_path: Path, valkey: Server) -> None:
    """One that is busy keeps nobody from another."""
    site = limited(tmp_path, valkey, orders_per_account="1 per hour")
    one, other = site.client(), site.client("lab")
    one.order("a.example")
    over(one.order("a.example"))
    assert [other.order("a.example").status_code for _ in range(3)] == [201] * 3


@pytest.mark.parametrize(("orders", "limit"), [(1_000, 100), pytest.param(10_000, 300, marks=pytest.mark.long)])
def test_thousands_of_orders_are_answered_each_rightly(tmp_path: Path, valkey: Server, orders: int, limit: int) -> None:
    """As many as the limit says are made, all others are told to come again."""
    site = limited(tmp_path, valkey, orders_per_account=f"{limit} per 3 hours")
    one = site.client()
    answers = [one.order(f"{number}.example") for number in range(orders)]
    made = [answer for answer in answers if answer.status_code == 201]
    assert len(made) == limit
    for answer in answers:
        if answer.status_code != 201:
            over(answer)


def test_nonce_is_in_valkey_for_its_time(tmp_path: Path, valkey: Server) -> None:
    """Under a name of its own, and taken once."""
    site = limited(tmp_path, valkey)
    nonce = site.nonce()
    (key,) = valkey.client().scan_iter("revocast:nonce:*")
    assert key.decode() == f"revocast:nonce:home:{nonce}"
    assert 0 < valkey.client().ttl(key) <= 900
    one = site.client()
    assert one.post(one.kid, nonce=nonce).status_code == 200
    assert problem(one.post(one.kid, nonce=nonce)) == "badNonce"


def test_queue_server_that_is_away_is_said_to_be_for_a_while(tmp_path: Path) -> None:
    """503 with Retry-After, and afterwards it goes on."""
    with Server(tmp_path) as own:
        site = limited(tmp_path, own, orders_per_account="10 per hour")
        one = site.client()
        assert site.app.test_client().get("/healthz").status_code == 200
        nonce = site.nonce()
        own.kill()
        answer = one.post("new-order", {"identifiers": [{"type": "dns", "value": "a.example"}]}, nonce=nonce)
        assert (answer.status_code, problem(answer)) == (503, "serverInternal")
        assert int(answer.headers["Retry-After"]) > 0
        assert site.app.test_client().get("/healthz").status_code == 503
        own.start()
        assert one.order("a.example").status_code == 201


def test_limit_of_the_default_configuration_is_one(tmp_path: Path) -> None:
    """Nobody has to configure any."""
    site = Site.build(tmp_path, issuer="")
    one = site.client()
    assert [one.order("a.example").status_code for _ in range(51)].count(429) == 1
