"""What is published of a certificate: believed if the issuer signed it, or its responder, of now."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from registrar.api.verify import NoProof, verify
from registrar.published_status import NoPlace
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority, CAKey
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import Desk, kind

SERIAL = 0x0A1B
PLACE = "/issuers/home/certificates/0A1B/status"


def test_status_is_what_a_responder_of_the_issuer_signed(desk: Desk) -> None:
    """Good, revoked since when and why; and that the responder has nothing, in its own word."""
    token, ca = desk.token(), CA(desk.authority)
    desk.responder.answer = response(ca, ca.responder(), SERIAL, this_update=NOW)
    good = desk.ask("GET", PLACE, token=token)
    assert (good.status_code, good.json["status"], good.json["this_update"]) == (200, "good", "2026-03-01T12:00:00Z")
    revocation = Revocation(NOW - timedelta(hours=2), Reason.keyCompromise)
    desk.responder.answer = response(ca, ca.responder(), SERIAL, revocation, this_update=NOW)
    revoked = desk.ask("GET", PLACE, token=token).json
    assert (revoked["status"], revoked["revoked_at"], revoked["reason"]) == (
        *("revoked", "2026-03-01T10:00:00Z"),
        "keyCompromise",
    )
    desk.responder.answer = bytes.fromhex("30030a0106")
    assert desk.ask("GET", PLACE, token=token).json["status"] == "unpublished"


def test_what_proves_nothing_is_no_status(desk: Desk) -> None:
    """Another CA's, another certificate's, expired, of tomorrow, altered, an ordinary certificate's, noise, silence."""
    token, ca, other = desk.token(), CA(desk.authority), CA(Authority("Home CA"))
    right = response(ca, ca.responder(), SERIAL, this_update=NOW)
    wrong = [
        response(other, other.responder(), SERIAL, this_update=NOW),
        response(ca, other.responder(), SERIAL, this_update=NOW),
        response(ca, ca.responder(), SERIAL + 1, this_update=NOW),
        response(ca, ca.responder(), SERIAL, this_update=NOW, about=other),
        response(ca, ca.responder(), SERIAL, this_update=NOW - timedelta(days=2)),
        response(ca, ca.responder(), SERIAL, this_update=NOW + timedelta(days=1)),
        response(ca, ca.responder(), SERIAL, this_update=NOW, lifetime=None),
        response(ca, ca.responder(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), SERIAL, this_update=NOW),
        response(ca, ca.responder(not_after=NOW - timedelta(minutes=10)), SERIAL, this_update=NOW),
        response(ca, ca.responder(), SERIAL, this_update=NOW, certificates=[]),
        right[:-1] + bytes([right[-1] ^ 1]),
        *(b"", b"\x30" * 1000, bytes.fromhex("30030a0103"), None),
    ]
    for number, octets in enumerate(wrong):
        desk.responder.answer = octets
        assert kind(desk.ask("GET", PLACE, token=token)) == "no-answer", number
    desk.responder.answer = right
    assert desk.ask("GET", PLACE, token=token).status_code == 200


def test_who_finds_no_place_before_the_responder_comes_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and not that nothing can be verified; what else looks there shows what it knows."""
    token = desk.token()
    place = f"/issuers/home/certificates/{desk.issue(token, 'a.example').json['serial']}"

    def ask(*_: object) -> None:
        raise NoPlace

    monkeypatch.setattr(desk.responder, "ask", ask)
    answer = desk.ask("GET", f"{place}/status", token=token)
    assert (answer.status_code, kind(answer), answer.headers["Retry-After"]) == (503, "unavailable", "5")
    assert desk.ask("GET", place, token=token).json["seen_at"] is None


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_issuer_of_any_kind_of_key_certifies_responders(key: CAKey) -> None:
    """The responder's certificate is what its key signed; another issuer of that name has not."""
    authority = Authority("CA", key=key)
    ca = CA(authority)
    octets = response(ca, ca.responder(), SERIAL, this_update=NOW)
    proof = verify(octets, authority.issuer(), SERIAL, NOW)
    assert proof
    assert proof.status == "good"
    with pytest.raises(NoProof):
        verify(octets, Authority("CA").issuer(), SERIAL, NOW)
