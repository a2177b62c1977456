"""The OCSP responses of cryptography_vectors before the gate: none is taken for ours, each for its reason.

As they are they are all of other issuers. So each that can be read is also put before the gate as if our responder had
said it: with our CertID, ResponderID, signature and certificate, and what it says unchanged.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from publisher.verify_ocsp import peek, read_response
from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.errors import GateError
from revocation.issuer import Issuer
from tests.building.ca import CA, Responder
from tests.building.ocsp import by_key

VECTORS = Path(cryptography_vectors.__path__[0]) / "x509" / "ocsp"
LETS_ENCRYPT_X3 = VECTORS.parent / "letsencryptx3.pem"
UNREADABLE = {
    "resp-invalid-version.der": "1 is not a valid OCSP response version",
    "resp-response-type-unknown-oid.der": "DER is malformed",
    "resp-successful-no-response-bytes.der": "does not contain a BasicResponse",
    "resp-unauthorized.der": "it is an error, UNAUTHORIZED",
    "resp-unknown-response-status.der": "unknown status code",
}
AS_OURS = {
    "ocsp-army.deps.mil-resp.der": ("SingleResponses do not say the same", "of twenty certificates"),
    "resp-delegate-unknown-cert.der": ("it says `unknown`", "never pre-signed"),
    "resp-invalid-signature-oid.der": ("producedAt is not its thisUpdate", "its signature is ours now"),
    "resp-responder-key-hash.der": (None, "as we would say it"),
    "resp-revoked-no-next-update.der": ("no nextUpdate", "RFC 9919 section 3.2.4"),
    "resp-revoked-reason.der": ("has the extension 1.3.6.1.5.5.7.48.1.2", "a nonce was never asked for"),
    "resp-revoked.der": (None, "as we would say it"),
    "resp-sct-extension.der": ("has the extension 1.3.6.1.5.5.7.48.1.2", "a nonce was never asked for"),
    "resp-sha256.der": ("producedAt is not its thisUpdate", "RFC 9919 sections 6 and 7.2"),
    "resp-single-extension-reason.der": ("producedAt is not its thisUpdate", "RFC 9919 sections 6 and 7.2"),
    "resp-unknown-extension.der": (None, "as we would say it"),
    "resp-unknown-hash-alg.der": ("its CertID is hashed with what nobody asks for", "RFC 9919 section 3.1.1"),
}
"""What the gate says of each after it was made ours, None where it passes; and why."""


@pytest.fixture(scope="module")
def ca() -> CA:
    """Ours."""
    return CA()


def read(name: str) -> bytes:
    """A vector."""
    return (VECTORS / name).read_bytes()


def every_response() -> list[str]:
    """All files that are not called requests."""
    return sorted(path.name for path in VECTORS.glob("*.der") if "req" not in path.name.replace("resp", ""))


def test_tables_have_every_response_of_the_package() -> None:
    """One that comes with a new version is judged by somebody."""
    assert sorted([*UNREADABLE, *AS_OURS]) == every_response()


@pytest.mark.parametrize("path", sorted(VECTORS.iterdir()), ids=lambda path: path.name)
def test_nothing_of_others_is_taken_for_ours(ca: CA, path: Path) -> None:
    """Requests too; and nothing but the gate's refusal is raised, also by the first look at what a bundle says."""
    with pytest.raises(GateError):
        read_response(path.read_bytes(), ca.issuer)
    with suppress(GateError):
        peek(path.read_bytes())


@pytest.mark.parametrize("name", ["resp-sha256.der", "resp-invalid-signature-oid.der"])
def test_response_that_its_issuer_signed_itself_is_not_what_is_pre_signed_here(name: str) -> None:
    """A right response of Let's Encrypt, and its issuer configured: byName, where RFC 9919 asks for byKey."""
    issuer = Issuer.of("x3", [x509.load_pem_x509_certificate(LETS_ENCRYPT_X3.read_bytes())])
    with pytest.raises(GateError, match="ResponderID is not byKey of the issuer"):
        read_response(read(name), issuer)


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_response_is_refused_with_what_is_wrong_with_it(ca: CA, name: str) -> None:
    """The message is what an operator goes by."""
    with pytest.raises(GateError, match=UNREADABLE[name]):
        read_response(read(name), ca.issuer)


@pytest.mark.parametrize("name", AS_OURS)
def test_what_others_answer_is_judged_as_if_it_were_ours(ca: CA, name: str) -> None:
    """The signature is right then, and what is said decides."""
    data, refusal = _ours(read(name), ca), AS_OURS[name][0]
    if refusal is None:
        theirs = next(iter(ocsp.load_der_ocsp_response(read(name)).responses))
        found = read_response(data, ca.issuer)
        assert (found.this_update, found.next_update) == (theirs.this_update_utc, theirs.next_update_utc)
        assert (found.revocation is None) == (theirs.certificate_status is ocsp.OCSPCertStatus.GOOD)
    else:
        with pytest.raises(GateError, match=refusal):
            read_response(data, ca.issuer)


@pytest.mark.parametrize("name", ["resp-sct-extension.der", "resp-single-extension-reason.der"])
def test_extensions_of_a_single_response_are_refused_also_where_all_else_is_right(ca: CA, name: str) -> None:
    """The reason does not stand there (BRs 7.3.2), and of timestamps nothing is pre-signed."""
    with pytest.raises(GateError, match="extension"):
        read_response(_ours(read(name), ca, bare=True), ca.issuer)


def _ours(data: bytes, ca: CA, *, bare: bool = False) -> bytes:
    """What it says, signed by us; `bare` of responseExtensions, and with a producedAt that is its thisUpdate."""
    response = ocsp.load_der_ocsp_response(data)
    begins = min(single.this_update_utc for single in response.responses)
    responder = ca.responder(not_before=begins - timedelta(days=1), not_after=begins + timedelta(days=400))
    _, produced_at, singles, *extensions = _values(response.tbs_response_bytes)
    answers = [_single(single, ca) for single in _values(singles)]
    if bare:
        extensions, (_, _, produced_at, *_) = [], _values(answers[0])
    return _signed(der.sequence(by_key(responder), produced_at, der.sequence(*answers), *extensions), responder)


def _single(single: bytes, ca: CA) -> bytes:
    """What it says, of the certificate of ours that has that serial."""
    cert_id, *rest = _values(single)
    algorithm, _name, _key, serial = _values(cert_id)
    ours = CertID.of(ca.issuer, b"", CertIDHash.SHA1)
    hashes = [der.tlv(der.OCTET_STRING, octets) for octets in (ours.issuer_name_hash, ours.issuer_key_hash)]
    return der.sequence(der.sequence(algorithm, *hashes, serial), *rest)


def _values(sequence: bytes) -> list[bytes]:
    return [sequence[start:end] for _, start, _, end in der.values(sequence, *der.expect(sequence, 0, der.SEQUENCE))]


def _signed(tbs: bytes, responder: Responder) -> bytes:
    basic = der.sequence(
        tbs,
        der.sequence(der.oid("1.2.840.10045.4.3.2")),
        der.tlv(der.BIT_STRING, b"\x00", responder.key.sign(tbs, ec.ECDSA(SHA256()))),
        der.explicit(0, der.sequence(responder.certificate.public_bytes(Encoding.DER))),
    )
    body = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.tlv(der.OCTET_STRING, basic))
    return der.sequence(der.tlv(der.ENUMERATED, b"\x00"), der.explicit(0, body))
