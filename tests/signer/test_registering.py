"""The message `register`: certificates that the issuer signed elsewhere, verified one by one, all or none."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from revocation.clock import fixed
from revocation.messages import Outcome, Register, Reply, Revoke, Verb
from revocation.serials import from_int
from signer.change import change_together
from signer.ledger.schema import audit, certificates
from tests.authority import NOW, Authority
from tests.signer.issuing.office import Office


def leaf(authority: Authority, serial: int) -> x509.Certificate:
    """A certificate that an authority signed with another software."""
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(authority.certificate.subject)
    builder = builder.public_key(ec.generate_private_key(ec.SECP256R1()).public_key()).serial_number(serial)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=30))
    return builder.sign(authority.key, authority.digest)


class Place:
    """A signer whose operator may register."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(days=7300)
        self.office = Office.build(folder, authority=self.authority, requester="")
        config = folder / "revocast.toml"
        config.write_text(config.read_text().replace('verbs = ["issue", ', 'verbs = ["register", "issue", '))
        self.office.signer = self.office.estate.signer(NOW)

    def register(self, *found: x509.Certificate, id_: str | None = None) -> Reply:
        encoded = tuple(base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in found)
        body = Register(issuer="test", certificates=encoded, asked_by="token backup")
        return self.say(Verb.REGISTER, body, id_)

    def say(self, verb: Verb, body: Register | Revoke, id_: str | None = None) -> Reply:
        message = self.office.estate.ask(verb, body, NOW, id_=id_)
        ((_, reply),) = change_together(self.office.signer, [message.model_dump_json()], fixed(NOW))
        return reply

    def known(self) -> set[bytes]:
        with self.office.signer.ledger.read() as connection:
            return set(connection.execute(select(certificates.c.serial)).scalars())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty ledger."""
    return Place(tmp_path)


def test_certificate_that_is_registered_can_be_revoked(place: Place) -> None:
    """Once; the audit log has who asked, and the same message gets the same words."""
    one = leaf(place.authority, 0x77)
    first = place.register(one, id_="ab" * 16)
    assert (first.outcome, first.data["serials"]) == (Outcome.DONE, ["77"]), first.detail
    assert place.register(one, id_="ab" * 16) == first
    assert place.register(one).data.get("serials") is None
    assert place.say(Verb.REVOKE, Revoke(issuer="test", serial="77", reason="superseded")).outcome is Outcome.DONE
    with place.office.signer.ledger.read() as connection:
        rows = connection.execute(select(audit.c.action, audit.c.detail)).all()
    told = [json.loads(row.detail) for row in rows if row.action == "register"]
    assert (told[0]["asked_by"], told[0]["serials"]) == ("token backup", ["77"])


def test_certificate_that_the_issuer_did_not_sign_has_all_refused(place: Place) -> None:
    """Of a CA of the same name, too: nothing of the message is done."""
    ours, other = leaf(place.authority, 0x78), leaf(Authority(days=7300), 0x79)
    reply = place.register(ours, other)
    assert (reply.outcome, place.known()) == (Outcome.REFUSED, set())


def test_certificate_of_the_issuer_itself_is_refused(place: Place) -> None:
    """What would be recorded of it is what its own issuer has to publish."""
    reply = place.register(leaf(place.authority, 0x51), place.authority.certificate)
    assert (reply.outcome, "of the issuer itself" in reply.detail) == (Outcome.REFUSED, True), reply
    assert from_int(0x51) not in place.known()


def test_two_certificates_of_one_serial_are_refused_together_and_one_after_the_other(place: Place) -> None:
    """Revoking one would revoke both; the same one twice is no harm."""
    one, other = leaf(place.authority, 0x7A), leaf(place.authority, 0x7A)
    reply = place.register(one, other)
    assert (reply.outcome, place.known()) == (Outcome.REFUSED, set())
    assert "two certificates of one issuer with the serial 7A" in reply.detail
    assert place.register(one, one).outcome is Outcome.DONE
    assert "certificate 1 and one in the ledger" in place.register(other).detail
    assert place.register(one).outcome is Outcome.DONE


def test_what_is_no_certificate_is_refused(place: Place) -> None:
    """And the signer goes on."""
    body = Register(issuer="test", certificates=("AAAA",))
    assert place.say(Verb.REGISTER, body).outcome is Outcome.REFUSED
    assert place.register(leaf(place.authority, 0x80)).outcome is Outcome.DONE
    assert place.known() == {from_int(0x80)}
