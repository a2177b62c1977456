"""Certificates of an issuer that has another key by now: shown, revoked and looked at under the CA that signed them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import update

from registrar.database.schema import certificates
from revocation.issuer import Issuer
from revocation.messages import Outcome, Reply
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import ALL, Desk, kind
from tests.registrar.site import Raw, Site
from tests.registrar.test_certificates import FORMER


class ResponderOf:
    """Answers in place of an OCSP responder, for one CA alone."""

    def __init__(self, authority: Authority, revocation: Revocation | None = None) -> None:
        self.ca, self.revocation = CA(authority), revocation

    def ask(self, issuer: Issuer, serial: int) -> bytes | None:
        if issuer.id != self.ca.issuer.id:
            return None
        return response(self.ca, self.ca.responder(), serial, self.revocation, this_update=NOW)


class Renamed:
    """An issuer that had one key when it issued a certificate, and has another; the former one has another name."""

    def __init__(self, folder: Path, public: str = FORMER) -> None:
        self.before, self.after = Authority("Home CA"), Authority("Home CA 2")
        desk = Desk.build(folder, authority=self.before)
        self.token = desk.token()
        issued = desk.issue(self.token, "a.example").json
        self.serial, self.chain = issued["serial"], issued["chain"]
        self.place = f"/issuers/home/certificates/{self.serial}"
        self.before.write(folder / "before.pem")
        (folder / "registrar.key").unlink()
        self.desk = Desk.build(folder, authority=self.after, public=public)

    def publish(self, revocation: Revocation | None = None) -> None:
        answers: Callable[[Issuer, int], bytes | None] = ResponderOf(self.before, revocation).ask
        self.desk.responder.ask = answers  # type: ignore[method-assign]

    def act(self, act: str, token: str | None = None, **body: str) -> object:
        return self.desk.ask("POST", f"{self.place}/{act}", body, token=token or self.token)


@pytest.fixture
def one(tmp_path: Path) -> Renamed:
    """The former key stands among the issuers under another name."""
    return Renamed(tmp_path)


def test_certificate_of_a_former_key_is_shown_with_its_own_chain(one: Renamed) -> None:
    """As the list has it; what is issued now has the chain of now."""
    shown = one.desk.ask("GET", one.place, token=one.token)
    assert (shown.status_code, shown.json["issuer"], shown.json["chain"]) == (200, "home", one.chain)
    (listed,) = one.desk.ask("GET", "/issuers/home/certificates", token=one.token).json["certificates"]
    assert listed == shown.json
    assert one.desk.issue(one.token, "b.example").json["chain"] != one.chain


def test_certificate_of_a_former_key_is_changed_under_its_own_ca(one: Renamed) -> None:
    """Held, released, revoked: the signer is asked for the CA that signed it, and its word is noted."""
    for act, state in (("hold", "held"), ("release", "live"), ("revoke", "revoked")):
        assert one.act(act).status_code == 200
        assert one.desk.signer.asked[-1][2].issuer == one.before.issuer().id
        assert one.desk.ask("GET", one.place, token=one.token).json["state"] == state


def test_status_of_a_former_key_is_what_its_own_responder_says(one: Renamed) -> None:
    """Under the name of the issuer that was asked; also where it settles what the signer says was done before."""
    one.publish(Revocation(NOW, Reason.superseded))
    status = one.desk.ask("GET", f"{one.place}/status", token=one.token).json
    assert (status["issuer"], status["status"]) == ("home", "revoked")
    assert one.desk.ask("GET", one.place, token=one.token).json["reason"] == "superseded"
    said = {"detail": "is already revoked", "kind": "already_revoked"}
    one.desk.signer.refusal = Reply(id="0" * 32, outcome=Outcome.REFUSED, at=NOW, **said)
    assert kind(one.act("revoke")) == "revoked"


def test_certificate_of_a_former_key_is_its_tenants_alone(one: Renamed) -> None:
    """No token of another issuer gets at it, under no name."""
    other = one.desk.token(*ALL, name="other", issuers=("lab",))
    for name in ("home", "lab", "home-before"):
        place = f"/issuers/{name}/certificates/{one.serial}"
        assert kind(one.desk.ask("GET", place, token=other)) == "not-found"
    before = len(one.desk.signer.asked)
    assert kind(one.act("revoke", other)) == "not-found"
    assert len(one.desk.signer.asked) == before
    lab = one.desk.services.tenants["lab"].issuer.id
    one.desk.ask("POST", f"/issuers/lab/certificates/{one.serial}/revoke", {}, token=other)
    assert one.desk.signer.asked[-1][2].issuer == lab


def test_row_that_names_the_ca_of_another_tenant_reaches_nothing_of_it(one: Renamed) -> None:
    """Who writes the database has nothing revoked of a CA that did not sign the certificate, nor keeps one from it."""
    lab = one.desk.services.tenants["lab"].issuer.id
    own = one.desk.issue(one.token, "b.example").json["serial"]
    with one.desk.services.database.write() as connection:
        connection.execute(update(certificates).values(ca=lab))
    for serial in (one.serial, own):
        one.desk.ask("POST", f"/issuers/home/certificates/{serial}/revoke", {}, token=one.token)
        assert one.desk.signer.asked[-1][2].issuer == one.after.issuer().id


def test_certificate_of_a_key_that_is_gone_is_shown_and_its_operators_to_revoke(tmp_path: Path) -> None:
    """Nobody here can say by which chain, and the signer is asked all the same: its refusal says what to do."""
    one = Renamed(tmp_path, public="")
    shown = one.desk.ask("GET", one.place, token=one.token)
    assert (shown.status_code, shown.json["chain"]) == (200, [])
    said = {"detail": "there is no such certificate"}
    one.desk.signer.refusal = Reply(id="0" * 32, outcome=Outcome.REFUSED, at=NOW, **said)
    answer = one.act("revoke")
    assert kind(answer) == "refused"
    assert "[[public.issuers]]" in answer.json["advice"]


def test_serial_that_two_keys_used_is_the_newer_ones(one: Renamed) -> None:
    """The former is reached under its own name."""
    with one.desk.services.database.write() as connection:
        connection.execute(update(certificates).values(serial="0A1B"))
    own = one.desk.issue(one.token, "b.example", names=["dns:b.example"]).json["serial"]
    with one.desk.services.database.write() as connection:
        connection.execute(update(certificates).where(certificates.c.serial == own).values(serial="0A1B"))
    shown = one.desk.ask("GET", "/issuers/home/certificates/0A1B", token=one.token)
    assert shown.json["names"] == ["dns:b.example"]


def test_acme_hands_a_certificate_of_a_former_key_out_with_its_own_chain(tmp_path: Path) -> None:
    """Not with the certificates of the key that the issuer has now."""
    before, after = Authority("Home CA"), Authority("Home CA 2")
    site = Site.build(tmp_path, authority=before)
    client = site.client()
    order = client.certificate("a.example")[1]
    url = client.post(order.headers["Location"]).json["certificate"]
    before.write(tmp_path / "before.pem")
    after.write(tmp_path / "home.pem")
    config = tmp_path / "revocast.toml"
    config.write_text(config.read_text().replace("[registrar]", f"{FORMER}[registrar]", 1))
    again = Raw(Site.of(tmp_path, after), client.key, kid=client.kid).post(url)
    assert x509.load_pem_x509_certificates(again.data)[1:] == [before.certificate]
