"""Accounts: contacts, terms, external accounts, key change, lists of orders (RFC 8555 section 7.3)."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from registrar.database import accounts
from registrar.database.rows import EABKey
from tests.authority import NOW
from tests.registrar.site import UNLIMITED, Raw, Site, b64, jwk, problem, sign


def test_account_is_found_by_its_key(site: Site) -> None:
    """A second newAccount is the first one's account."""
    one = site.client()
    again = Raw(site, one.key).post("new-account", {"contact": ["mailto:b@home.example"]})
    assert (again.status_code, again.headers["Location"]) == (200, one.kid)
    assert again.json["contact"] == []


def test_account_that_is_not_there_is_not_made_where_it_is_only_looked_for(site: Site) -> None:
    """onlyReturnExisting."""
    answer = Raw(site).post("new-account", {"onlyReturnExisting": True})
    assert (answer.status_code, problem(answer)) == (400, "accountDoesNotExist")


def test_account_of_one_issuer_is_none_of_another(site: Site) -> None:
    """Tenants are apart, with the same key too."""
    one = site.client()
    answer = Raw(site, one.key, issuer="lab").post("new-account", {})
    assert answer.status_code == 201
    assert answer.headers["Location"] != one.kid


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (["mailto:a@home.example", "tel:+12025551212"], "unsupportedContact"),
        (["mailto:a@home.example,b@home.example"], "invalidContact"),
        (["mailto:a@home.example?subject=x"], "invalidContact"),
        (["mailto:a%3Fb@home.example\n"], "invalidContact"),
        (["mailto:"], "invalidContact"),
        (["mailto:ä@home.example"], "invalidContact"),
        (["mailto:a@home.example"] * 11, "malformed"),
        ("mailto:a@home.example", "malformed"),
        ([7], "malformed"),
    ],
)
def test_contact_of_another_form_is_refused(site: Site, contact: object, expected: str) -> None:
    """One address of mail in each."""
    assert problem(Raw(site).post("new-account", {"contact": contact})) == expected


def test_contact_can_be_needed(tmp_path: Path) -> None:
    """contacts = "required", also of a change."""
    site = Site.build(tmp_path, issuer='contacts = "required"')
    assert problem(Raw(site).post("new-account", {})) == "invalidContact"
    one = site.client(contact=["mailto:a@home.example"])
    assert problem(one.post(one.kid, {"contact": []})) == "invalidContact"


def test_terms_have_to_be_agreed_to(tmp_path: Path) -> None:
    """With a link to them, in the directory and in the problem."""
    site = Site.build(tmp_path, issuer='terms = "https://ca.example/terms"')
    assert site.get("directory").json["meta"]["termsOfService"] == "https://ca.example/terms"
    answer = Raw(site).post("new-account", {})
    assert problem(answer) == "userActionRequired"
    assert answer.json["instance"] == "https://ca.example/terms"
    assert '<https://ca.example/terms>;rel="terms-of-service"' in answer.headers.getlist("Link")
    assert site.client().post("new-account", {}).status_code == 400  # signed with its kid


def test_account_of_another_is_not_shown(site: Site) -> None:
    """Not to other accounts."""
    one, other = site.client(), site.client()
    assert problem(one.post(other.kid)) == "unauthorized"
    assert problem(one.post(f"{other.kid}/orders")) == "unauthorized"


def test_deactivated_account_does_nothing_more(site: Site) -> None:
    """401, and its key makes no other one."""
    one = site.client()
    assert one.post(one.kid, {"status": "deactivated"}).json["status"] == "deactivated"
    answer = one.order("a.example")
    assert (answer.status_code, problem(answer)) == (401, "unauthorized")
    assert problem(Raw(site, one.key).post("new-account", {})) == "unauthorized"


def test_account_has_no_other_status(site: Site) -> None:
    """A client deactivates, and does no more."""
    one = site.client()
    assert problem(one.post(one.kid, {"status": "revoked"})) == "malformed"


def changing(one: Raw, new: Raw, **differences: Any) -> dict[str, str]:
    """The payload of a key change; `differences` are members of the inner header or payload."""
    url = one.site.url("key-change")
    header = {"alg": "ES256", "jwk": jwk(new.key), "url": url}
    payload = {"account": one.kid, "oldKey": jwk(one.key)}
    for name, value in differences.items():
        (payload if name in payload else header)[name] = value
    protected, body = (b64(json.dumps(part).encode()) for part in (header, payload))
    return {
        "protected": protected,
        "payload": body,
        "signature": b64(sign(new.key, "ES256", f"{protected}.{body}".encode())),
    }


def test_key_change(site: Site) -> None:
    """From then on the new key is the account's, and the old one is nobody's."""
    one, new = site.client(), Raw(site)
    answer = one.post("key-change", changing(one, new))
    assert answer.status_code == 200, answer.text
    new.kid = one.kid
    assert new.post(one.kid).status_code == 200
    assert problem(one.post(one.kid)) == "malformed"
    assert problem(Raw(site, one.key).post("new-account", {"onlyReturnExisting": True})) == "accountDoesNotExist"


@pytest.mark.parametrize(
    "difference",
    [
        {"url": "https://ca.example/acme/home/new-order"},
        {"nonce": "AAAA"},
        {"kid": "https://ca.example/acme/home/account/1"},
        {"account": "https://ca.example/acme/home/account/1"},
        {"oldKey": jwk(ec.generate_private_key(ec.SECP256R1()))},
        {"jwk": jwk(ec.generate_private_key(ec.SECP256R1()))},
    ],
    ids=lambda difference: next(iter(difference)),
)
def test_key_change_that_says_something_else_is_refused(site: Site, difference: dict[str, Any]) -> None:
    """The inner JWS is about this account, its old key and this URL."""
    one = site.client()
    assert problem(one.post("key-change", changing(one, Raw(site), **difference))) == "malformed"
    assert one.post(one.kid).status_code == 200


def test_key_change_to_the_key_of_another_account_is_refused(site: Site) -> None:
    """409, with its URL."""
    one, other = site.client(), site.client()
    answer = one.post("key-change", changing(one, other))
    assert (answer.status_code, answer.headers["Location"]) == (409, other.kid)


def test_orders_of_an_account_come_in_pages(site: Site) -> None:
    """Each order once, those of other accounts not."""
    one, other = site.client(), site.client()
    made = [one.order("a.example").headers["Location"] for _ in range(205)]
    other.order("a.example")
    found, url, pages = [], f"{one.kid}/orders", 0
    while url:
        answer = one.post(url)
        found += answer.json["orders"]
        pages += 1
        links = [link for link in answer.headers.getlist("Link") if 'rel="next"' in link]
        url = links[0].partition(">")[0][1:] if links else ""
    assert sorted(found) == sorted(made)
    assert pages == 3


@pytest.mark.parametrize("after", ["x", "1-", "-1", "99999999999999999-a", "1-../../x"])
def test_page_that_is_none_is_refused(site: Site, after: str) -> None:
    """Not a traceback."""
    one = site.client()
    assert problem(one.post(f"{one.kid}/orders?after={after}")) == "malformed"


KEY = b"k" * 32


@pytest.fixture
def bound(tmp_path: Path, place: str) -> Site:
    """A server whose accounts are bound to external ones; `kid-1` may have one account, `many` several."""
    site = Site.build(tmp_path, issuer=f'external_accounts = "required"\n{UNLIMITED}', database=place)
    with site.services.database.write() as connection:
        for kid, reusable in (("kid-1", False), ("many", True)):
            accounts.add_eab_key(connection, EABKey("home", kid, KEY, "", reusable, None, NOW, None))
        accounts.add_eab_key(connection, EABKey("lab", "of-lab", KEY, "", False, None, NOW, None))
    return site


def binding(one: Raw, kid: str = "kid-1", key: bytes = KEY, **header: Any) -> dict[str, Any]:
    """A payload of newAccount with an external account binding."""
    said = {"alg": "HS256", "kid": kid, "url": one.site.url("new-account")} | header
    about = said.pop("about", jwk(one.key))
    protected, payload = (b64(json.dumps(part).encode()) for part in (said, about))
    signature = b64(hmac.digest(key, f"{protected}.{payload}".encode(), hashlib.sha256))
    return {"externalAccountBinding": {"protected": protected, "payload": payload, "signature": signature}}


def test_external_account_binding(bound: Site) -> None:
    """Needed, and good for one account, which finds itself again with it."""
    assert bound.get("directory").json["meta"]["externalAccountRequired"] is True
    assert problem(Raw(bound).post("new-account", {})) == "externalAccountRequired"
    one, other = Raw(bound), Raw(bound)
    assert one.post("new-account", binding(one)).status_code == 201
    assert one.post("new-account", binding(one)).status_code == 200
    assert problem(other.post("new-account", binding(other))) == "unauthorized"
    assert all(each.post("new-account", binding(each, "many")).status_code == 201 for each in (Raw(bound), Raw(bound)))


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ({"kid": "nobody"}, "unauthorized"),
        ({"kid": "of-lab"}, "unauthorized"),
        ({"key": b"x" * 32}, "unauthorized"),
        ({"alg": "none"}, "badSignatureAlgorithm"),
        ({"alg": "ES256"}, "badSignatureAlgorithm"),
        ({"url": "https://ca.example/acme/lab/new-account"}, "malformed"),
        ({"nonce": "AAAA"}, "malformed"),
        ({"about": jwk(ec.generate_private_key(ec.SECP256R1()))}, "malformed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_external_account_binding_that_is_wrong(bound: Site, difference: dict[str, Any], expected: str) -> None:
    """By another key, of another issuer, about another account."""
    one = Raw(bound)
    assert problem(one.post("new-account", binding(one, **difference))) == expected


def test_external_account_that_was_revoked_binds_nobody(bound: Site) -> None:
    """From then on."""
    with bound.services.database.write() as connection:
        assert accounts.revoke_eab_key(connection, "home", "kid-1", NOW)
    one = Raw(bound)
    assert problem(one.post("new-account", binding(one))) == "unauthorized"
