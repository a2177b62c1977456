"""Requests whose client never asks again: this server has them done, and what came of them is known."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.api.open_requests import OpenRequests
from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.pursuing import Pursuing
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import Desk, kind, pem
from tests.registrar.api.leaving import KEY, LIST, is_open, listed, look
from tests.registrar.api.test_certificates import certified
from tests.registrar.site import csr_for


@pytest.fixture
def desk(tmp_path: Path, place: str) -> Desk:
    """An API that is right by default, on either database, whose signer does not answer at first."""
    desk = Desk.build(tmp_path, database=place)
    desk.signer.silent = True
    return desk


class Later:
    """A certificate, and a request to hold or release it that the signer does once its client has gone."""

    def __init__(self, desk: Desk, act: str) -> None:
        self.desk, self.act, self.token, self.ca = desk, act, desk.token(), CA(desk.authority)
        desk.signer.silent = False
        self.serial = desk.issue(self.token, "a.example").json["serial"]
        self.place = f"{LIST}/{self.serial}"
        if act == "release":
            desk.ask("POST", f"{self.place}/hold", {}, token=self.token)
        self.tag = desk.ask("GET", self.place, token=self.token).headers["ETag"]
        desk.signer.silent = True

    def ask(self, **headers: str) -> Any:
        return self.desk.ask("POST", f"{self.place}/{self.act}", {}, token=self.token, Idempotency_Key=KEY, **headers)

    def do(self) -> None:
        """The signer does it, and nobody waits for its reply."""
        self.desk.signer.silent = False
        id_, verb, body = self.desk.signer.asked[-1]
        assert self.desk.signer.ask(self.desk.services.tenants["home"], verb, body, id_, 0.0)

    def publish(self, revocation: Revocation | None = None) -> None:
        options = {"this_update": self.desk.clock(), "lifetime": timedelta(days=30)}
        self.desk.responder.answer = response(self.ca, self.ca.responder(), int(self.serial, 16), revocation, **options)

    def state(self) -> str:
        """As lists have it, of one that was looked at before."""
        (one,) = listed(self.desk, self.token)
        return str(one["state"])


def test_certificate_of_a_client_that_never_comes_back_is_listed(desk: Desk) -> None:
    """With who asked; the signer hears one message, though nobody chose an Idempotency-Key."""
    token = desk.token(name="backup")
    assert desk.issue(token, "a.example", names=["dns:a.example"]).status_code == 202
    assert listed(desk, token) == []
    look(desk)
    (one,) = listed(desk, token)
    assert (one["names"], one["profile"], one["asked_by"]) == (["dns:a.example"], "server", "token backup")
    place = f"{LIST}/{one['serial']}"
    assert desk.ask("GET", place, token=token).status_code == 200
    assert len({id_ for id_, _, _ in desk.signer.asked}) == 1
    assert is_open(desk) == [False]


def test_client_that_comes_late_gets_its_certificate(desk: Desk) -> None:
    """Under its key: the one that is listed, and no other."""
    token, csr = desk.token(), pem(csr_for("a.example"))
    assert desk.issue(token, csr=csr, Idempotency_Key=KEY).status_code == 202
    look(desk)
    late = desk.issue(token, csr=csr, Idempotency_Key=KEY)
    assert (late.status_code, [late.json["serial"]]) == (201, [one["serial"] for one in listed(desk, token)])
    assert is_open(desk) == [False]


def test_request_is_left_to_its_client_while_that_waits(desk: Desk) -> None:
    """For as long as an answer takes at most; and what was answered is not asked again."""
    token = desk.token()
    desk.issue(token, "a.example")
    asked = len(desk.signer.asked)
    pursuing = Pursuing(OpenRequests(desk.services), 5.0, iter((0.0, 5.0)).__next__)
    pursuing.look()
    pursuing.look()
    assert len(desk.signer.asked) == asked
    desk.signer.silent = False
    desk.issue(token, "b.example")
    desk.signer.asked.clear()
    look(desk)
    assert len(desk.signer.asked) == 1


def test_import_that_nobody_asks_for_again_is_listed(desk: Desk) -> None:
    """Its certificates are the signer's to publish by then."""
    token = desk.token()
    body = {"certificates": [certified(desk.authority)]}
    assert kind(desk.ask("POST", "/issuers/home/imports", body, token=token)) == "unavailable"
    look(desk)
    assert [one["serial"] for one in listed(desk, token)] == ["1234"]


def test_revocation_that_nobody_asks_for_again_is_done_and_noted(desk: Desk) -> None:
    """As of when it was asked for."""
    desk.signer.silent = False
    token = desk.token()
    place = f"{LIST}/{desk.issue(token, 'a.example').json['serial']}"
    desk.signer.away = True
    assert kind(desk.ask("POST", f"{place}/revoke", {"reason": "superseded"}, token=token)) == "unavailable"
    desk.signer.away = False
    desk.clock.forward(hours=1)
    look(desk)
    (one,) = listed(desk, token)
    assert (one["state"], one["reason"], one["revoked_at"]) == ("revoked", "superseded", "2026-03-01T12:00:00Z")


@pytest.mark.parametrize("act", ["hold", "release"])
def test_hold_and_release_are_their_clients_to_ask_again(desk: Desk, act: str) -> None:
    """Who gave up may have had the contrary done since."""
    token = desk.token()
    assert kind(desk.ask("POST", f"{LIST}/0A1B/{act}", {}, token=token)) == "unavailable"
    desk.signer.asked.clear()
    look(desk)
    assert desk.signer.asked == []


@pytest.mark.parametrize(("act", "state"), [("hold", "held"), ("release", "live")])
def test_hold_and_release_that_were_done_later_are_noted(desk: Desk, act: str, state: str) -> None:
    """Though it was seen since that they were not done yet; whoever repeats one under its tag has it done already."""
    one = Later(desk, act)
    assert kind(one.ask(If_Match=one.tag)) == "unavailable"
    look(desk)
    assert one.state() != state
    one.do()
    look(desk)
    assert (one.state(), is_open(desk)[-1]) == (state, False)
    assert one.ask(If_Match=one.tag).status_code == 200


def test_hold_that_nobody_hears_of_is_looked_for_where_it_would_be_published(desk: Desk) -> None:
    """Its reply is gone from the queue after an hour; until then it may come."""
    one = Later(desk, "hold")
    assert kind(one.ask()) == "unavailable"
    one.publish()
    assert desk.ask("GET", one.place, token=one.token).json["seen_at"]
    desk.clock.forward(minutes=59)
    look(desk, silent=True)
    assert is_open(desk)[-1]
    one.publish(Revocation(desk.clock(), Reason.certificateHold))
    desk.clock.forward(minutes=2)
    look(desk, silent=True)
    assert (one.state(), is_open(desk)[-1]) == ("held", False)


def test_hold_that_is_asked_for_again_is_heard_of_for_another_hour(desk: Desk) -> None:
    """Its message was sent again."""
    one = Later(desk, "hold")
    for _ in range(2):
        assert kind(one.ask()) == "unavailable"
        desk.clock.forward(minutes=50)
    look(desk, silent=True)
    one.do()
    look(desk)
    assert one.state() == "held"


def test_hold_of_which_nothing_is_known_is_looked_for_with_the_next_request(desk: Desk) -> None:
    """The responder was away when the hour was over."""
    one = Later(desk, "hold")
    assert kind(one.ask()) == "unavailable"
    one.publish()
    assert desk.ask("GET", one.place, token=one.token).json["seen_at"]
    desk.clock.forward(minutes=61)
    desk.responder.answer = None
    look(desk, silent=True)
    assert is_open(desk)[-1] is False
    one.publish(Revocation(desk.clock(), Reason.certificateHold))
    assert desk.ask("GET", one.place, token=one.token).json["state"] == "held"


def test_refusal_ends_a_request_and_is_what_its_client_hears(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Whenever it comes."""
    caplog.set_level(logging.INFO)
    token, csr = desk.token(name="ops"), pem(csr_for("a.example"))
    desk.issue(token, csr=csr, Idempotency_Key=KEY)
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, detail="no such name", kind=RefusalKind.NAME)
    look(desk)
    assert "asked by token ops, is refused: no such name" in caplog.text
    assert is_open(desk) == [False]
    assert kind(desk.issue(token, csr=csr, Idempotency_Key=KEY)) == "name"


@pytest.mark.parametrize(
    ("more", "again"),
    [({"kind": RefusalKind.LATER}, 12.0), ({"data": {"retry_at": "2026-03-01T12:10:00Z"}}, 601.0)],
)
def test_request_that_the_signer_has_no_room_for_waits(desk: Desk, more: dict[str, Any], again: float) -> None:
    """Until the signer says that there is, or a while longer than before."""
    token = desk.token()
    desk.issue(token, "a.example")
    desk.signer.silent = False
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, detail="enough", **more)
    seconds = [0.0]
    pursuing = Pursuing(OpenRequests(desk.services), 5.0, lambda: seconds[0])
    pursuing.look()
    seconds[0] = 6.0
    pursuing.look()
    desk.signer.refusal = None
    seconds[0] = 6.0 + again - 1
    pursuing.look()
    assert listed(desk, token) == []
    seconds[0] = 6.0 + again
    pursuing.look()
    assert len(listed(desk, token)) == 1


def test_client_that_was_told_to_come_later_is_not_gone_ahead_of(desk: Desk) -> None:
    """429: it may come with another request, and nothing is issued for the one that was refused."""
    token = desk.token()
    desk.signer.silent = False
    data = {"retry_at": "2026-03-01T12:10:00Z"}
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, detail="enough", data=data)
    assert kind(desk.issue(token, "a.example")) == "too-many"
    desk.signer.refusal = None
    look(desk)
    assert listed(desk, token) == []


def test_forged_reply_ends_no_request(desk: Desk) -> None:
    """A certificate for another key: the true one is recorded when it comes."""
    token = desk.token()
    desk.issue(token, "a.example")
    other = x509.load_pem_x509_certificate(certified(desk.authority).encode())
    desk.signer.forged = other.public_bytes(Encoding.DER)
    look(desk)
    assert (listed(desk, token), is_open(desk)) == ([], [True])
    desk.signer.forged = None
    desk.signer.replies.clear()
    look(desk)
    assert len(listed(desk, token)) == 1


def test_revocation_that_is_said_to_be_old_goes_on_until_that_is_seen(desk: Desk) -> None:
    """Published and for good: replies can be forged. Then it is noted."""
    desk.signer.silent = False
    token, ca = desk.token(), CA(desk.authority)
    serial = desk.issue(token, "a.example").json["serial"]
    desk.signer.silent = True
    desk.ask("POST", f"{LIST}/{serial}/revoke", {}, token=token)
    said = {"detail": "is already revoked", "kind": RefusalKind.ALREADY_REVOKED}
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, **said)
    for revocation in (None, Revocation(NOW)):
        options = {"this_update": NOW, "lifetime": timedelta(days=30)}
        desk.responder.answer = response(ca, ca.responder(), int(serial, 16), revocation, **options)
        look(desk)
        assert is_open(desk) == [False, revocation is None]
    assert listed(desk, token)[0]["state"] == "revoked"


def test_revocation_that_is_refused_in_the_end_is_looked_for(desk: Desk) -> None:
    """It may be done nevertheless, as one that was asked for under a requester's former name."""
    desk.signer.silent = False
    token, ca = desk.token(), CA(desk.authority)
    serial = desk.issue(token, "a.example").json["serial"]
    options = {"this_update": NOW, "lifetime": timedelta(days=30)}
    desk.responder.answer = response(ca, ca.responder(), int(serial, 16), None, **options)
    assert desk.ask("GET", f"{LIST}/{serial}", token=token).json["seen_at"]
    desk.signer.silent = True
    desk.ask("POST", f"{LIST}/{serial}/revoke", {}, token=token)
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, detail="this id was used for another message")
    desk.responder.answer = response(ca, ca.responder(), int(serial, 16), Revocation(NOW), **options)
    look(desk)
    assert (listed(desk, token)[0]["state"], is_open(desk)) == ("revoked", [False, False])


def test_request_that_waits_outlives_its_retention(desk: Desk) -> None:
    """It alone knows of a certificate that may be issued; once it has ended it goes."""
    token = desk.token()
    desk.issue(token, "a.example")
    later = NOW + timedelta(days=40)
    assert clean_up(desk.services.database, Retention(), later, 0)["requests"] == 0
    look(desk)
    assert len(listed(desk, token)) == 1
    assert clean_up(desk.services.database, Retention(), later, 0)["requests"] == 1
