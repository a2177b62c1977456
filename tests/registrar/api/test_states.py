"""What the API says of a certificate's state: the signer's word, until what is published says it, or something else."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from registrar.database.states import State, record_told
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import Desk, kind

HOUR = timedelta(hours=1)
SAID = {"detail": "is already revoked", "kind": RefusalKind.ALREADY_REVOKED}
REVOKED = Reply(id="0" * 32, outcome=Outcome.REFUSED, at=NOW, **SAID)
KEYS = {"hold": "1a" * 16, "release": "1b" * 16, "again": "1c" * 16}


class Watched:
    """A certificate, and what is published of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.token, self.ca = desk, desk.token(), CA(desk.authority)
        self.serial = desk.issue(self.token, "a.example").json["serial"]
        self.place = f"/issuers/home/certificates/{self.serial}"

    def act(self, act: str, key: str | None = None, **body: Any) -> Any:
        headers = {"Idempotency_Key": key} if key else {}
        return self.desk.ask("POST", f"{self.place}/{act}", body, token=self.token, **headers)

    def publish(self, revocation: Revocation | None = None, this_update: datetime | None = None) -> None:
        said = {"this_update": this_update or self.desk.clock(), "lifetime": timedelta(days=30)}
        octets = response(self.ca, self.ca.responder(), int(self.serial, 16), revocation, **said)
        self.desk.responder.answer = octets

    def shown(self) -> Any:
        return self.desk.ask("GET", self.place, token=self.token).json

    def state(self) -> tuple[str, str | None, str | None]:
        """The state, its reason, and when it was seen published."""
        shown = self.shown()
        return shown["state"], shown["reason"], shown["seen_at"]


@pytest.fixture
def one(desk: Desk) -> Watched:
    """A certificate that is live."""
    return Watched(desk)


def test_state_is_the_signers_word_until_it_is_seen_published(one: Watched) -> None:
    """And then has the date and the reason that relying parties see."""
    assert one.act("revoke", reason="superseded").status_code == 200
    assert one.state() == ("revoked", "superseded", None)
    one.publish(Revocation(NOW - HOUR, Reason.keyCompromise))
    assert one.state() == ("revoked", "keyCompromise", "2026-03-01T12:00:00Z")
    assert one.shown()["revoked_at"] == "2026-03-01T11:00:00Z"


def test_revocation_that_the_signer_never_did_is_forgotten_when_that_is_seen(one: Watched) -> None:
    """A response of before says nothing, and one that was signed well after says that the reply was forged."""
    one.act("revoke")
    one.publish(this_update=NOW - HOUR)
    assert one.state() == ("revoked", "unspecified", None)
    one.desk.clock.forward(minutes=4)
    one.publish()
    assert one.state() == ("revoked", "unspecified", None)
    one.desk.clock.forward(minutes=2)
    one.publish()
    assert one.state() == ("live", None, "2026-03-01T12:06:00Z")
    one.publish(Revocation(NOW))
    one.desk.ask("GET", f"{one.place}/status", token=one.token)
    assert one.state()[0] == "revoked"
    one.publish(this_update=NOW)
    one.desk.ask("GET", f"{one.place}/status", token=one.token)
    assert one.state()[0] == "revoked"


def test_revocation_of_others_is_noted_where_it_is_seen(one: Watched) -> None:
    """The operator's: at `status`, and a hold that ended too."""
    for revocation, state in (
        (Revocation(NOW, Reason.certificateHold), "held"),
        (None, "live"),
        (Revocation(NOW, Reason.superseded), "revoked"),
    ):
        one.desk.clock.forward(minutes=1)
        one.publish(revocation)
        one.desk.ask("GET", f"{one.place}/status", token=one.token)
        assert one.state()[0] == state


def test_certificate_that_others_had_revoked_is_told_and_noted(one: Watched) -> None:
    """Once it is published: until then the same is asked again, since a reply can be forged."""
    one.desk.signer.refusal = REVOKED
    early = one.act("revoke", KEYS["again"])
    assert (kind(early), early.headers["Idempotency-Key"]) == ("unavailable", KEYS["again"])
    assert one.state()[0] == "live"
    one.publish()
    assert kind(one.act("revoke", KEYS["again"])) == "unavailable"
    one.publish(Revocation(NOW - HOUR, Reason.superseded))
    for act in ("revoke", "hold"):
        assert kind(one.act(act)) == "revoked"
    assert one.state() == ("revoked", "superseded", "2026-03-01T12:00:00Z")
    foreign = one.desk.ask("POST", "/issuers/home/certificates/0A1B/revoke", {}, token=one.token)
    assert kind(foreign) == "unavailable"


def test_certificate_that_is_on_hold_is_not_revoked_already(one: Watched) -> None:
    """It is on hold already, and may be released: no forged reply ends that."""
    one.desk.signer.refusal = REVOKED
    one.publish(Revocation(NOW - HOUR, Reason.certificateHold))
    for act in ("revoke", "release"):
        assert kind(one.act(act)) == "unavailable"
    assert one.state()[0] == "live"
    assert kind(one.act("hold")) == "revoked"
    assert one.state() == ("held", "certificateHold", "2026-03-01T12:00:00Z")


def test_hold_that_is_answered_again_changes_nothing(one: Watched) -> None:
    """Nor a release: the signer did each once, in the order of its revisions."""
    one.act("hold", KEYS["hold"])
    one.act("release", KEYS["release"])
    assert one.act("hold", KEYS["hold"]).status_code == 200
    assert one.state()[0] == "live"
    one.act("hold", KEYS["again"])
    assert one.act("release", KEYS["release"]).status_code == 200
    assert one.state()[0] == "held"


def test_reply_without_a_revision_is_noted_nowhere(one: Watched) -> None:
    """Nobody could say what it is newer than."""
    ca = one.desk.services.tenants["home"].issuer.id
    with one.desk.services.database.write() as connection:
        record_told(connection, "home", ca, one.serial, State(revoked_at=NOW), None, NOW)
    assert one.state()[0] == "live"


def test_revocation_has_the_date_that_was_asked_for(one: Watched) -> None:
    """And not the one of the request; in the form of RFC 3339, whatever the signer would say of it."""
    for number, when in enumerate(("2026-03-01T10:00:00Z", "0848-10-03T05:26:13Z")):
        one.act("revoke", f"{number:032x}", revoked_at=when)
        assert one.shown()["revoked_at"] == when
