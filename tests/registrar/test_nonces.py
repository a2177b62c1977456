"""Nonces (RFC 8555 section 6.5): each once, for the issuer that gave it."""

import pytest

from tests.registrar.site import Site, b64, problem


def test_nonce_is_new_each_time(site: Site) -> None:
    """An answer has one, which the next request can have."""
    one = site.client()
    first, other = one.order("a.example").headers["Replay-Nonce"], site.nonce()
    assert first != other
    assert one.post(one.kid, nonce=other).status_code == 200
    assert one.post(one.kid, nonce=first).status_code == 200


def test_nonce_is_given_for_head_and_get(site: Site) -> None:
    """With the status and the header of section 7.2."""
    head = site.app.test_client().head(site.url("new-nonce"))
    get = site.get("new-nonce")
    assert (head.status_code, get.status_code) == (200, 204)
    assert head.headers["Replay-Nonce"] != get.headers["Replay-Nonce"]
    assert head.headers["Cache-Control"] == "no-store"
    assert f'<{site.url("directory")}>;rel="index"' in head.headers["Link"]


def test_replayed_nonce_is_refused_with_a_new_one(site: Site) -> None:
    """badNonce, and its client can go on at once."""
    one = site.client()
    nonce = site.nonce()
    assert one.post(one.kid, nonce=nonce).status_code == 200
    again = one.post(one.kid, nonce=nonce)
    assert (again.status_code, problem(again)) == (400, "badNonce")
    assert one.post(one.kid, nonce=again.headers["Replay-Nonce"]).status_code == 200


@pytest.mark.parametrize("nonce", ["never-given-out", "x" * 65])
def test_nonce_that_was_not_given_out_is_refused(site: Site, nonce: str) -> None:
    """Whatever stands in its place."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=nonce)) == "badNonce"


def test_nonce_of_another_issuer_is_refused(site: Site) -> None:
    """Issuers are kept apart."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=site.nonce("lab"))) == "badNonce"


def test_request_with_a_bad_signature_uses_no_nonce_up(site: Site) -> None:
    """The nonce of another one's request is still good after it."""
    one = site.client()
    nonce = site.nonce()
    body = one.jws(one.kid, nonce=nonce)
    forged = body | {"signature": b64(b"\0" * 64)}
    assert problem(one.send(one.kid, forged)) == "malformed"
    assert one.send(one.kid, body).status_code == 200


@pytest.mark.parametrize("nonce", ["a b", "ä", "AAAA=="])
def test_nonce_that_is_not_base64url_is_malformed(site: Site, nonce: str) -> None:
    """It could be none of ours (section 6.5.2)."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=nonce)) == "malformed"
