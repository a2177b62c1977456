"""Which replies of the signer count, over a real Valkey: those to the very message that was sent."""

import base64

import pytest

from registrar.issuance import Issued, Processing
from revocation.messages import Revoke, Verb
from revocation.wire.route import ISSUES_QUEUE, REGISTRARS_QUEUE
from tests.registrar.asking import ID, WANTED, Desk


def test_reply_to_this_very_message_is_one(desk: Desk) -> None:
    """The signer says which one it did."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    (message,) = desk.messages(ISSUES_QUEUE)
    said = {"issuer": desk.tenant.issuer.id, "asked": message.content_digest()}
    desk.reply(ID, data={"certificate": base64.b64encode(b"DER").decode()}, **said)
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Issued(b"DER")


def test_reply_is_heard_without_asking(desk: Desk) -> None:
    """Of a message that was sent once: one of its time alone, and nothing is sent again."""
    body = Revoke(issuer=desk.tenant.issuer.id, serial="0A1B", reason="certificateHold")
    what = (desk.tenant, Verb.REVOKE, body, ID)
    assert desk.issuance.heard(*what) is None
    assert desk.messages(REGISTRARS_QUEUE) == []
    desk.reply(ID, asked="00" * 32)
    assert desk.issuance.heard(*what) is None
    desk.reply(ID, issuer=body.issuer)
    heard = desk.issuance.heard(*what)
    assert heard is not None
    assert heard.id == ID


@pytest.mark.parametrize("said", [{"issuer": "ABCDEF01"}, {"asked": "00" * 32}], ids=["issuer", "what was asked"])
def test_reply_to_something_else_is_none(desk: Desk, said: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """Of another issuer, or to a message of other content under the same id: it is logged, and waited on."""
    desk.issuance.issue(desk.tenant, WANTED, 0)
    desk.reply(ID, data={"certificate": base64.b64encode(b"DER").decode()}, **said)
    assert desk.issuance.issue(desk.tenant, WANTED, 0) == Processing()
    assert "is to something else, or forged" in caplog.text
    body = Revoke(issuer=desk.tenant.issuer.id, serial="0A1B", reason="superseded")
    assert desk.issuance.ask(desk.tenant, Verb.REVOKE, body, ID, 0) is None
