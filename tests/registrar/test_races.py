"""Several who ask at once, on both databases: one account for a key, one certificate for an order, one binding."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from registrar.acme.certid import certid_of
from registrar.database import accounts
from registrar.database.rows import EABKey
from tests.authority import NOW
from tests.registrar.site import UNLIMITED, Raw, Site, csr_for, problem
from tests.registrar.test_accounts import KEY, binding, changing

MANY = 8


@pytest.fixture
def site(tmp_path: Path, place: str) -> Site:
    """A server on either database, whose accounts may be bound to external ones."""
    return Site.build(tmp_path, issuer=f'external_accounts = "optional"\n{UNLIMITED}', database=place)


def at_once(do: Callable[[int], Any]) -> list[Any]:
    """What comes of doing it in several threads."""
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(do, range(MANY)))


def test_key_has_one_account(site: Site) -> None:
    """However often it is asked for at once; all hear of the same."""
    key = Raw(site).key
    answers = at_once(lambda _: Raw(site, key).post("new-account", {}))
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * (MANY - 1) + [201]


def test_external_account_is_bound_once(site: Site) -> None:
    """By the first of many keys."""
    with site.services.database.write() as connection:
        accounts.add_eab_key(connection, EABKey("home", "kid-1", KEY, "", False, None, NOW, None))
    clients = [Raw(site) for _ in range(MANY)]
    answers = at_once(lambda number: clients[number].post("new-account", binding(clients[number])))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * (MANY - 1)


def test_order_has_one_certificate(site: Site) -> None:
    """However many finalize it at once, with other keys each."""
    one = site.client()
    order = one.ready("a.example")
    clients = [Raw(site, one.key, kid=one.kid) for _ in range(MANY)]
    answers = at_once(lambda number: clients[number].finalize(order, csr_for("a.example")))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert [problem(answer) for answer in refused] == ["orderNotReady"] * (MANY - 1)
    assert len(site.ca.issued) == 1


def test_order_that_many_look_at_ends_once(site: Site) -> None:
    """Each look takes it further, and all see the same certificate."""
    site.ca.silent = True
    one = site.client()
    order = one.ready("a.example")
    one.finalize(order, csr_for("a.example"))
    site.ca.silent = False
    clients = [Raw(site, one.key, kid=one.kid) for _ in range(MANY)]
    answers = at_once(lambda number: clients[number].post(order.headers["Location"]))
    assert {answer.json["status"] for answer in answers} == {"valid"}


def test_certificate_is_replaced_by_one_order(site: Site) -> None:
    """Of many at once."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    clients = [Raw(site, one.key, kid=one.kid) for _ in range(MANY)]
    answers = at_once(lambda number: clients[number].order("a.example", replaces=certid_of(certificate)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (MANY - 1)


def test_account_takes_one_of_many_keys(site: Site) -> None:
    """All signed by the one that it has: one is told that it is the account's, and works."""
    one = site.client()
    keys = [Raw(site) for _ in range(MANY)]
    clients = [Raw(site, one.key, kid=one.kid) for _ in range(MANY)]
    answers = at_once(lambda number: clients[number].post("key-change", changing(clients[number], keys[number])))
    told = [key for key, answer in zip(keys, answers, strict=True) if answer.status_code == 200]
    assert len(told) == 1
    told[0].kid = one.kid
    assert told[0].post(one.kid).status_code == 200


def test_account_whose_key_changed_meanwhile_is_not_changed(site: Site) -> None:
    """What its former key signed a moment ago comes too late: 409."""
    one = site.client()
    with site.services.database.read() as connection:
        before = accounts.by_id(connection, "home", one.kid.rpartition("/")[2])
    new = Raw(site)
    assert one.post("key-change", changing(one, new)).status_code == 200
    assert before
    with site.services.database.write() as connection, pytest.raises(accounts.ChangedMeanwhile):
        accounts.change(connection, before, contacts=["mailto:a@a.example"], changed_at=NOW)
    new.kid = one.kid
    assert new.post(one.kid).json["contact"] == []


def test_nonce_is_good_for_one_of_many(site: Site) -> None:
    """A replay loses, however close it follows."""
    one = site.client()
    body = one.jws(one.kid, nonce=site.nonce())
    answers = at_once(lambda _: Raw(site).send(one.kid, body))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (MANY - 1)
