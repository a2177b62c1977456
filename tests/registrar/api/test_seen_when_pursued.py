"""What is seen published of what was left alone, and that a responder that is away keeps nothing of it waiting."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind
from revocation.status import Revocation
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import Desk
from tests.registrar.api.leaving import KEY, LIST, is_open, listed, look


@pytest.fixture
def desk(tmp_path: Path, place: str) -> Desk:
    """An API that is right by default, on either database, whose signer does not answer at first."""
    desk = Desk.build(tmp_path, database=place)
    desk.signer.silent = True
    return desk


def test_certificate_that_was_revoked_meanwhile_is_listed_as_such(desk: Desk) -> None:
    """By the operator, who saw it in the ledger."""
    token, ca = desk.token(), CA(desk.authority)
    id_ = desk.issue(token, "a.example").json["id"]
    desk.signer.silent = False
    (_, verb, body) = desk.signer.asked[0]
    assert desk.signer.ask(desk.services.tenants["home"], verb, body, id_, 0.0)
    issued = x509.load_der_x509_certificate(desk.signer.ca.issued[id_])
    options = {"this_update": NOW, "lifetime": timedelta(days=30)}
    desk.responder.answer = response(ca, ca.responder(), issued.serial_number, Revocation(NOW), **options)
    look(desk)
    assert [one["state"] for one in listed(desk, token)] == ["revoked"]


def test_responder_that_is_away_is_asked_once_for_all_that_was_left_alone(desk: Desk) -> None:
    """One that hangs takes its second each time: a thousand certificates would wait for a thousand of them."""
    token, asked = desk.token(), desk.responder.asked
    for number in range(3):
        desk.issue(token, f"h{number}.example")
    look(desk)
    assert len(listed(desk, token)) == 3
    assert desk.responder.asked == asked + 1


def test_responder_that_is_away_is_asked_once_for_all_that_are_said_to_be_revoked(desk: Desk) -> None:
    """They wait until that is seen, each for as long as it would hang."""
    token = desk.token()
    for number in range(3):
        desk.ask("POST", f"{LIST}/0A1{number}/revoke", {}, token=token)
    said = {"detail": "is already revoked", "kind": RefusalKind.ALREADY_REVOKED}
    desk.signer.refusal, asked = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, **said), desk.responder.asked
    look(desk)
    assert (desk.responder.asked, is_open(desk)) == (asked + 1, [True] * 3)
