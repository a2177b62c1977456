"""What the API says of a certificate's state: the signer's word, until what is published says it, or something else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from registrar.database.schema import certificate_names, certificates
from registrar.database.states import State, record_told
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import Desk, kind, pem
from tests.registrar.api.test_certificates import certified
from tests.registrar.site import csr_for

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
    assert one.state()[0] == "held"
    assert kind(one.act("hold")) == "held"
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


@pytest.mark.parametrize("revoked_by", ["revoke", "hold"])
def test_certificate_that_was_revoked_before_it_is_known_is_shown_so(one: Watched, revoked_by: str) -> None:
    """By its serial, before its client asks again under its key: in that answer, and in the list."""
    desk, csr, key = one.desk, pem(csr_for("b.example")), KEYS["again"]
    serial = desk.issue(one.token, csr=csr, Idempotency_Key=key).json["serial"]
    with desk.services.database.write() as connection:
        connection.execute(delete(certificates).where(certificates.c.serial == serial))
        connection.execute(delete(certificate_names).where(certificate_names.c.name == "dns:b.example"))
    one.serial, one.place = serial, f"/issuers/home/certificates/{serial}"
    assert one.act(revoked_by).status_code == 200
    state, reason = ("held", Reason.certificateHold) if revoked_by == "hold" else ("revoked", Reason.keyCompromise)
    one.publish(Revocation(NOW, reason))
    assert desk.issue(one.token, csr=csr, Idempotency_Key=key).json["state"] == state
    listed = desk.ask("GET", f"/issuers/home/certificates?state={state}", token=one.token).json["certificates"]
    assert [each["serial"] for each in listed] == [serial]


def test_certificate_that_was_revoked_elsewhere_is_imported_as_such(one: Watched) -> None:
    """The ledger knew it; where the responder does not answer, it is seen when it is looked at."""
    desk, body = one.desk, {"certificates": [certified(one.desk.authority)]}
    one.serial, one.place = "1234", "/issuers/home/certificates/1234"
    desk.responder.answer = None
    assert desk.ask("POST", "/issuers/home/imports", body, token=one.token).status_code == 200
    one.publish(Revocation(NOW, Reason.superseded))
    assert one.state()[0] == "revoked"
    with desk.services.database.write() as connection:
        connection.execute(delete(certificates).where(certificates.c.serial == "1234"))
    assert desk.ask("POST", "/issuers/home/imports", body, token=one.token).status_code == 200
    listed = desk.ask("GET", "/issuers/home/certificates?state=revoked", token=one.token).json["certificates"]
    assert [each["serial"] for each in listed] == ["1234"]


def test_import_waits_once_for_a_responder_that_does_not_answer(one: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not for each certificate."""
    asked: list[int] = []
    monkeypatch.setattr(one.desk.responder, "ask", lambda _, serial: asked.append(serial))
    body = {"certificates": [certified(one.desk.authority, serial=number) for number in (1, 2, 3)]}
    for known in ([], ["01", "02", "03"]):
        answer = one.desk.ask("POST", "/issuers/home/imports", body, token=one.token)
        assert answer.json["known"] == known
    assert asked == [1]


@pytest.mark.parametrize(("this_update", "state"), [(NOW - HOUR / 2, "revoked"), (NOW, "live")])
def test_state_of_before_the_fourth_schema_gives_way_to_what_is_published(
    one: Watched, this_update: datetime, state: str
) -> None:
    """Nobody knows as of when it is but by its date: what was signed earlier says nothing of it."""
    before = {"revoked_at": NOW - timedelta(minutes=30), "revision": None, "state_at": None, "seen_at": None}
    with one.desk.services.database.write() as connection:
        connection.execute(update(certificates).values(**before))
    one.publish(this_update=this_update)
    assert one.state()[0] == state
    one.publish(Revocation(NOW, Reason.superseded))
    one.desk.ask("GET", f"{one.place}/status", token=one.token)
    assert one.state()[:2] == ("revoked", "superseded")


def test_hold_of_what_is_on_hold_has_a_problem_of_its_own(one: Watched) -> None:
    """Once that is published: it can be revoked all the same."""
    one.act("hold")
    one.publish(Revocation(NOW, Reason.certificateHold))
    one.desk.signer.refusal = REVOKED
    again = one.act("hold")
    assert (again.status_code, kind(again), again.json["title"]) == (
        *(409, "held"),
        "The certificate is on hold already, and nothing was changed",
    )
