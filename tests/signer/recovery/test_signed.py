"""What is believed of what lies in an exchange or a web root: what the issuer's key signed, and nothing else."""

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation.config import IssuerProfile
from revocation.crlprofile import CRLProfile
from revocation.ocspprofile import OCSPProfile
from revocation.status import Reason, Revocation
from signer.recovery.signed import SignedReader
from tests.authority import NOW, Authority
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import response

REVOKED = Revocation(NOW, Reason.keyCompromise)
OURS, OTHER = CA(), CA(Authority())


@pytest.fixture(scope="module")
def reader() -> SignedReader:
    """Of one issuer; the other one has its name and another key."""
    return SignedReader([IssuerProfile(OURS.issuer, CRLProfile(), OCSPProfile(), "http://crl.example")])


def test_response_of_a_delegate_is_read(reader: SignedReader) -> None:
    """Serial, status and window, and who signed it."""
    delegate = OURS.responder()
    (answer,) = reader.answers(response(OURS, delegate, 7, REVOKED))
    assert (answer.serial, answer.revocation, answer.this_update) == (b"\x07", REVOKED, NOW)
    assert answer.responder is not None


@pytest.mark.parametrize(
    "signer",
    [
        Responder(OTHER.responder().key, OURS.responder().certificate),
        OURS.responder(signed_by=OTHER),
        OURS.responder(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        OURS.responder(usages=()),
    ],
    ids=["signed with another key", "certified by another", "certified for TLS", "certified for nothing"],
)
def test_response_that_the_issuer_did_not_have_signed_says_nothing(reader: SignedReader, signer: Responder) -> None:
    """Who writes to an exchange would have certificates revoked by it, or released."""
    assert list(reader.answers(response(OURS, signer, 7, REVOKED))) == []


def test_response_about_another_issuer_says_nothing(reader: SignedReader) -> None:
    """A delegate answers for its own issuer alone."""
    assert list(reader.answers(response(OURS, OURS.responder(), 7, REVOKED, about=OTHER))) == []


def test_crl_is_believed_with_the_issuers_signature_alone(reader: SignedReader) -> None:
    """The name is anybody's to write."""
    found = reader.crl(crl(OURS, 9, {7: REVOKED}), "a file")
    assert found is not None
    assert (found.number, found.serials) == (9, {b"\x07"})
    assert found.spec is not None
    assert reader.crl(crl(OURS, 9, {7: REVOKED}, signed_by=OTHER), "a file") is None
    assert reader.crl(b"\x30\x03no", "a file") is None
