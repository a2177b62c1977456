"""The rules on what is signed: the window, whose status it is, and who says so."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp

from tests.conformance.question import Question, key_octets

Found = Iterator[tuple[str, str, str]]
_TIMES, _RULES = "RFC 9919 section 3.2.4", "RFC 9919 section 3.2.1"
_HOUR = timedelta(hours=1)


def status(body: bytes) -> ocsp.OCSPResponseStatus | None:
    """The responseStatus; None where there is no OCSPResponse."""
    try:
        return ocsp.load_der_ocsp_response(body).response_status
    except ValueError:
        return None


def says(body: bytes) -> str:
    """The first certStatus, with date and reason."""
    single = next(iter(ocsp.load_der_ocsp_response(body).responses))
    return f"{single.certificate_status.name} {single.revocation_time_utc} {single.revocation_reason}"


def windows(body: bytes, asked: datetime, came: datetime, *, br: bool) -> Found:
    """thisUpdate ≤ now < nextUpdate, producedAt = thisUpdate, none outlives its signer; and the BRs' lengths."""
    response = ocsp.load_der_ocsp_response(body)
    until = min((c.not_valid_after_utc for c in response.certificates), default=datetime.max.replace(tzinfo=UTC))
    for single in response.responses:
        begins, ends = single.this_update_utc, single.next_update_utc
        if begins > came:
            yield "window.this-update", "RFC 6960 section 4.2.2.1", f"thisUpdate {begins} is after {came}"
        if response.produced_at_utc != begins:
            yield "window.produced-at", "RFC 9919 sections 6 and 7.2", f"{response.produced_at_utc}, not {begins}"
        if ends is None:
            yield "window.next-update", _TIMES, "there is no nextUpdate"
            continue
        if ends <= asked:
            yield "window.expired", "RFC 6960 section 4.2.2.1", f"nextUpdate {ends} is not after {asked}"
        if ends > until:
            yield "window.outlives", "Mozilla Root Store Policy", f"nextUpdate {ends} is after {until}"
        if br:
            yield from _baseline(begins, ends, came)


def _baseline(begins: datetime, ends: datetime, now: datetime) -> Found:
    """TLS Baseline Requirements 4.9.10; a period includes both of its ends."""
    lasts, source = ends - begins + timedelta(seconds=1), "BRs 4.9.10"
    if not 8 * _HOUR <= lasts <= 240 * _HOUR:
        yield "window.br-length", source, f"{lasts} is not between 8 hours and 10 days"
    due = begins + lasts / 2 if lasts < 16 * _HOUR else min(ends - 8 * _HOUR, begins + 96 * _HOUR)
    if now > due:
        yield "window.br-renewal", source, f"a newer response was due at {due}"


def binding(body: bytes, question: Question) -> Found:
    """The CertID that was asked for, in its hash, and nobody else's."""
    singles = list(ocsp.load_der_ocsp_response(body).responses)
    names = [single.hash_algorithm.name for single in singles]
    if question.hash not in names:
        yield "cert-id.hash", _RULES, f"answered {names}, asked {question.hash}"
    for single in singles:
        its = Question(question.issuer, question.serial, single.hash_algorithm.name)
        if single.serial_number != question.serial:
            yield "cert-id.serial", "RFC 6960 section 4.2.2.3", f"{single.serial_number:x}"
        if (single.issuer_name_hash, single.issuer_key_hash) != (its.name_hash, its.key_hash):
            yield "cert-id.issuer", "RFC 6960 section 4.2.2.3", f"its {its.hash} hashes name another issuer"


def signer(body: bytes, issuer: x509.Certificate) -> Found:
    """byKey, no nonce, and signed by a delegate of the issuer, or by the issuer itself."""
    response = ocsp.load_der_ocsp_response(body)
    certificate = response.certificates[0] if response.certificates else issuer
    if certificate != issuer:
        yield from _delegate(certificate, issuer)
    if response.responder_key_hash != hashlib.sha1(key_octets(certificate)).digest():
        yield "signer.by-key", "RFC 9919 section 3.2.2", "the ResponderID is not byKey of the signer"
    if len(list(response.extensions)):
        yield "signer.extensions", _RULES, "responseExtensions SHOULD NOT be present"
    try:
        _verify(response, certificate)
    except (InvalidSignature, TypeError) as error:
        yield "signer.signature", "RFC 6960 section 3.2", f"does not verify: {type(error).__name__}"


def _delegate(certificate: x509.Certificate, issuer: x509.Certificate) -> Found:
    source, found = "RFC 6960 section 4.2.2.2", {extension.oid for extension in certificate.extensions}
    usages = [e.value for e in certificate.extensions if isinstance(e.value, x509.ExtendedKeyUsage)]
    if not usages or x509.ExtendedKeyUsageOID.OCSP_SIGNING not in usages[0]:
        yield "signer.delegate", source, "the embedded certificate is not for OCSP signing"
    if x509.OCSPNoCheck.oid not in found:
        yield "signer.no-check", source, "the embedded certificate has no id-pkix-ocsp-nocheck"
    if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        yield "signer.validity", source, "the embedded certificate is not valid now"
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError) as error:
        yield "signer.issued", source, f"the embedded certificate is not of the issuer: {type(error).__name__}"


def _verify(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> None:
    key, hash_ = certificate.public_key(), response.signature_hash_algorithm
    signed = (response.signature, response.tbs_response_bytes)
    if isinstance(key, ec.EllipticCurvePublicKey) and hash_:
        key.verify(*signed, ec.ECDSA(hash_))
    elif isinstance(key, rsa.RSAPublicKey) and hash_:
        key.verify(*signed, padding.PKCS1v15(), hash_)
    else:
        key.verify(*signed)  # type: ignore[call-arg, union-attr]  # Ed25519 and ML-DSA hash by themselves
