"""Who may do what: tokens, scopes, tenants, and bodies that are none."""

import hashlib
from pathlib import Path

import pytest

from registrar.api.app import LARGEST
from registrar.database.schema import tokens
from tests.registrar.api.desk import ALL, Desk, kind
from tests.registrar.site import ROOT

LIST = "/issuers/home/certificates"
ONE = f"{LIST}/0A1B"
NEEDED = {
    ("POST", LIST): "issue:server",
    ("GET", LIST): "read",
    ("GET", ONE): "read",
    ("GET", f"{ONE}/status"): "read",
    ("POST", f"{ONE}/revoke"): "revoke",
    ("POST", f"{ONE}/hold"): "hold",
    ("POST", f"{ONE}/release"): "hold",
    ("POST", "/issuers/home/imports"): "import",
}


def body_of(method: str, path: str) -> dict[str, object] | None:
    if method == "GET":
        return None
    if path == LIST:
        return {"profile": "server", "csr": "AAAA"}
    return {"certificates": ["AAAA"]} if path.endswith("imports") else {}


@pytest.mark.parametrize(("method", "path"), NEEDED)
def test_every_scope_but_the_right_one_is_not_enough(desk: Desk, method: str, path: str) -> None:
    """Whatever else the token is for; and the signer hears of nothing."""
    others = [scope for scope in ALL if scope != NEEDED[method, path]]
    answer = desk.ask(method, path, body_of(method, path), token=desk.token(*others))
    assert kind(answer) == "scope"
    assert desk.signer.asked == []


@pytest.mark.parametrize(("method", "path"), NEEDED)
def test_another_tenant_is_not_there(desk: Desk, method: str, path: str) -> None:
    """As one that does not exist: not even that it is there is told."""
    token, body = desk.token(), body_of(method, path)
    other = desk.ask(method, path.replace("home", "lab"), body, token=token)
    none = desk.ask(method, path.replace("home", "none"), body, token=token)
    assert (kind(other), other.json) == ("not-found", none.json)
    assert desk.signer.asked == []


def test_tenants_see_each_their_own(desk: Desk) -> None:
    """A certificate of one is in no list and under no serial of the other."""
    home, lab = desk.token(name="h"), desk.token(name="l", issuers=("lab",))
    serial = desk.issue(home, "a.example").json["serial"]
    listed = desk.ask("GET", "/issuers/lab/certificates", token=lab)
    assert (listed.status_code, listed.json["certificates"]) == (200, [])
    assert kind(desk.ask("GET", f"/issuers/lab/certificates/{serial}", token=lab)) == "not-found"
    assert [one["name"] for one in desk.ask("GET", "/issuers", token=lab).json["issuers"]] == ["lab"]


def test_token_that_is_revoked_expired_or_altered_holds_no_more(desk: Desk) -> None:
    """All with the same words."""
    token = desk.token(expires_at=desk.later(hours=1))
    assert desk.ask("GET", LIST, token=token).status_code == 200
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    answers = [desk.ask("GET", LIST, token=one) for one in (altered, "rvc_", "x" * 10_000, f"{token} ")]
    desk.clock.forward(hours=1)
    answers.append(desk.ask("GET", LIST, token=token))
    other = desk.token(name="other")
    desk.revoke_token("other")
    answers.append(desk.ask("GET", LIST, token=other))
    del answers[3]  # white space around a token is none of it
    assert {(one.status_code, one.json["detail"]) for one in answers} == {(401, "the token is none, or holds no more")}
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("given", ["", "Basic YTpi", "Bearer", "bearer", "Token x"])
def test_who_says_nothing_is_nobody(desk: Desk, given: str) -> None:
    """401, also for what does not exist behind it."""
    headers = {"Authorization": given} if given else {}
    assert kind(desk.ask("GET", LIST, **headers)) == "unauthenticated"


def test_secret_is_stored_as_its_digest(desk: Desk) -> None:
    """What the database has cannot be sent as a token."""
    token = desk.token()
    with desk.services.database.read() as connection:
        (row,) = connection.execute(tokens.select()).all()
    secret = token.split("_", 2)[2]
    assert row.digest == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(tuple(row))
    assert kind(desk.ask("GET", LIST, token=f"rvc_{row.prefix}_{row.digest.hex()[:43]}")) == "unauthenticated"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"reason": "unspecified", "reason": "superseded"}'),
        *(b'{"reason": 1}', b'{"reason": "certificateHold"}', b'{"more": 1}', b'{"revoked_at": 1700000000}'),
        *(b'{"revoked_at": "2026-01-01"}', b'{"revoked_at": "0001-01-01T00:00:00+14:00"}', b'{"reason": NaN}'),
    ],
)
def test_body_of_another_form_is_refused(desk: Desk, body: bytes) -> None:
    """A problem document; the signer hears of nothing."""
    assert kind(desk.ask("POST", f"{ONE}/revoke", body, token=desk.token())) == "bad-request"
    assert desk.signer.asked == []


def test_body_that_is_too_large_or_no_json_is_refused(desk: Desk) -> None:
    """A megabyte is; so is what one octet is over, and a form."""
    token = desk.token()
    for size in (1 << 20, LARGEST + 1):
        assert kind(desk.ask("POST", f"{ONE}/revoke", b" " * size, token=token)) == "too-large"
    client = desk.app.test_client()
    form = client.post(f"{ROOT}/api/v1{ONE}/revoke", data={"reason": "superseded"}, headers=bearer(token))
    assert kind(form) == "media-type"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_method_that_is_not_there_is_told(desk: Desk) -> None:
    """405 with Allow."""
    answer = desk.ask("DELETE", ONE, token=desk.token())
    assert (kind(answer), answer.headers["Allow"]) == ("method", "GET, HEAD")
    assert kind(desk.ask("GET", "/nothing", token=desk.token(name="b"))) == "not-found"


def test_rate_is_of_each_token(tmp_path: Path) -> None:
    """Who is over it is told when to come again; others go on."""
    desk = Desk.build(tmp_path, api="[registrar.api]\nrate = '3 per minute'\n")
    one, other = desk.token(name="a"), desk.token(name="b")
    for _ in range(3):
        assert desk.ask("GET", LIST, token=one).status_code == 200
    answer = desk.ask("GET", LIST, token=one)
    assert (kind(answer), int(answer.headers["Retry-After"]) >= 1) == ("too-many", True)
    assert desk.ask("GET", LIST, token=other).status_code == 200
