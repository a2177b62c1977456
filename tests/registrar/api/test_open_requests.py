"""Requests that wait for the signer: who asks with what, several at once, and while the configuration changes."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from registrar.api.open_requests import OpenRequests
from registrar.database import requests as requests_table
from registrar.database.rows import Request
from registrar.database.schema import requests
from revocation.messages import Revoke, Verb
from tests.authority import NOW, Authority
from tests.registrar.api.desk import Desk, kind, pem
from tests.registrar.api.leaving import KEY, LIST, is_open, listed, look
from tests.registrar.site import csr_for


@pytest.fixture
def desk(tmp_path: Path, place: str) -> Desk:
    """An API that is right by default, on either database, whose signer does not answer at first."""
    desk = Desk.build(tmp_path, database=place)
    desk.signer.silent = True
    return desk


def test_many_at_once_record_one_certificate(desk: Desk) -> None:
    """Two servers, and the client that asks again meanwhile: all hear of the same."""
    token, csr = desk.token(), pem(csr_for("a.example"))
    desk.issue(token, csr=csr, Idempotency_Key=KEY)
    desk.signer.silent = False
    (place,) = OpenRequests(desk.services).waiting(9)

    def do(number: int) -> str | None:
        if number % 2:
            OpenRequests(desk.services).pursue(place)
            return None
        return str(desk.issue(token, csr=csr, Idempotency_Key=KEY).json["serial"])

    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(do, range(8)))
    assert told == {None, *(one["serial"] for one in listed(desk, token))}
    assert len(listed(desk, token)) == 1
    assert (len(desk.signer.ca.issued), is_open(desk)) == (1, [False])


def test_requests_of_an_issuer_that_has_no_api_keep_no_others_waiting(desk: Desk) -> None:
    """However many there are, of before: nothing ends them."""
    desk.issue(desk.token(), "a.example")
    with desk.services.database.write() as connection:
        for number in range(3):
            gone = Request(f"{number:032x}", "gone", "0" * 64, NOW - timedelta(days=1), "00000000", "issue", "{}")
            requests_table.add(connection, gone)
    ((issuer, _),) = OpenRequests(desk.services).waiting(2)
    assert issuer == "home"


def test_request_waits_while_its_issuer_has_no_api(desk: Desk) -> None:
    """And is done when it has it again; by a server that was started since, of a token that was revoked since."""
    token = desk.token()
    desk.issue(token, "a.example")
    desk.revoke_token()
    home = desk.services.tenants.pop("home")
    desk.signer.asked.clear()
    look(desk)
    assert desk.signer.asked == []
    desk.services.tenants["home"] = home
    look(desk)
    assert len(listed(desk, desk.token(name="other"))) == 1


def test_defect_of_one_request_does_not_keep_others_waiting(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Such as a body of a later version: it is in the log, and tried again later."""
    token = desk.token()
    id_ = desk.issue(token, "a.example").json["id"]
    with desk.services.database.write() as connection:
        connection.execute(update(requests).values(body=json.dumps({"unknown": 1}), created_at=NOW - timedelta(1)))
    desk.issue(token, "b.example", names=["dns:b.example"])
    look(desk)
    assert f"request {id_} of home is not taken further" in caplog.text
    assert [one["names"] for one in listed(desk, token)] == [["dns:b.example"]]


def test_request_is_the_same_message_after_the_issuer_has_another_key(tmp_path: Path) -> None:
    """Its certificate is of the key that was asked: the signer's answer is to that, whoever asks again."""
    old = Authority("Home CA")
    desk = Desk.build(tmp_path, authority=old)
    desk.signer.silent = True
    token, csr = desk.token(), pem(csr_for("a.example"))
    (id_, ca) = desk.issue(token, csr=csr, Idempotency_Key=KEY).json["id"], desk.services.tenants["home"].issuer.id
    (tmp_path / "registrar.key").unlink()
    new = Desk.build(tmp_path, authority=Authority("Home CA G2"), public=former(tmp_path, old))
    new.signer.silent = True
    assert new.issue(token, csr=csr, Idempotency_Key=KEY).json["id"] == id_
    new.signer.ca.authority = old
    look(new)
    assert {(id_, body.issuer) for id_, _, body in new.signer.asked} == {(id_, ca)}
    assert len(listed(new, token)) == 1


def test_certificate_is_handed_out_again_after_its_key_is_gone(tmp_path: Path) -> None:
    """It is in the list: nobody has to be asked, and the request is not open again."""
    desk = Desk.build(tmp_path, authority=Authority("Home CA"))
    token, csr = desk.token(), pem(csr_for("a.example"))
    first = desk.issue(token, csr=csr, Idempotency_Key=KEY)
    (tmp_path / "registrar.key").unlink()
    new = Desk.build(tmp_path, authority=Authority("Home CA G2"))
    again = new.issue(token, csr=csr, Idempotency_Key=KEY)
    assert (again.status_code, again.json["certificate"]) == (201, first.json["certificate"])
    assert again.headers["Location"] == first.headers["Location"]
    assert (new.signer.asked, is_open(new)) == ([], [False])


def test_request_of_a_key_that_is_gone_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody here could tell the certificate from a forged one; its client hears why, until the CA is there again."""
    caplog.set_level("INFO")
    old = Authority("Home CA")
    desk = Desk.build(tmp_path, authority=old)
    desk.signer.silent = True
    token, csr = desk.token(), pem(csr_for("a.example"))
    desk.issue(token, csr=csr, Idempotency_Key=KEY)
    (tmp_path / "registrar.key").unlink()
    new = Desk.build(tmp_path, authority=Authority("Home CA G2"))
    look(new)
    assert (new.signer.asked, is_open(new)) == ([], [False])
    assert "asked by token test, ends: the CA that was to issue it is not configured here any more" in caplog.text
    answer = new.issue(token, csr=csr, Idempotency_Key=KEY)
    assert kind(answer) == "issuer"
    assert "Idempotency-Key" in answer.json["advice"]
    assert (new.signer.asked, is_open(new)) == ([], [False])
    (tmp_path / "registrar.key").unlink()
    back = Desk.build(tmp_path, authority=Authority("Home CA G3"), public=former(tmp_path, old))
    back.signer.ca.authority = old
    assert back.issue(token, csr=csr, Idempotency_Key=KEY).status_code == 201


def former(folder: Path, authority: Authority) -> str:
    """The lines of [public] by which the former key is an issuer too."""
    authority.write(folder / "former.pem")
    return '[[public.issuers]]\nname = "former"\ncertificates = ["former.pem"]'


def test_message_is_what_was_asked(desk: Desk) -> None:
    """All of it: names, profile, times, subject, reason."""
    token = desk.token()
    times = {"not_before": "2026-03-01T12:00:00Z", "not_after": "2026-04-01T12:00:00Z"}
    desk.issue(token, "a.example", names=["dns:a.example"], subject="CN=a", profile="client", **times)
    body = {"reason": "keyCompromise", "revoked_at": "2026-02-01T00:00:00Z", "invalidity_date": "2026-01-01T00:00:00Z"}
    desk.ask("POST", f"{LIST}/0A1B/revoke", body, token=token)
    first = list(desk.signer.asked)
    assert [verb for _, verb, _ in first] == [Verb.ISSUE, Verb.REVOKE]
    assert isinstance(first[1][2], Revoke)
    desk.signer.asked.clear()
    look(desk, silent=True)
    assert sorted(desk.signer.asked, key=str) == sorted(first, key=str)
