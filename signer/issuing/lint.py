"""Our own rules for certificates, held against one that a throw-away key signed, before the real key signs.

Each rule names where it comes from. What is wrong here would be refused by relying parties, when it is out already.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from revocation import der, serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.pkcs10 import UNREADABLE
from signer.encoding.crl import assemble
from signer.importers.certificate import any_serial
from signer.issuing.draft import Draft
from signer.issuing.lint_decided import as_decided
from signer.issuing.lint_extensions import by_which_policies, what_it_may, where_its_status_is, whose_keys
from signer.issuing.lint_subject import subject_key, subject_strings
from signer.issuing.window import longest_by_rule
from signer.keys import BytesTBS
from signer.keys.throwaway import throwaway_key
from signer.lint import LintFailed

_VERSION_3: Final = der.explicit(0, der.integer(2))
_LEAST_BITS: Final = 64
_MOST_BITS: Final = 159
_SECOND: Final = timedelta(seconds=1)


def lint_certificate(draft: Draft, profile: IssuerProfile, now: datetime) -> None:
    """Return if the certificate keeps the rules.

    Raises:
        LintFailed: it does not; names every rule that it breaks.
    """
    found = list(findings(sample(draft), draft, profile, now))
    if found:
        where = f"issuer {profile.issuer.name}"
        raise LintFailed("; ".join(found), where=where, advice="nothing was signed: correct the profile, or report it")


def sample(draft: Draft) -> bytes:
    """The certificate, signed with a throw-away key."""
    key = throwaway_key()
    tbs = draft.tbs(key.algorithm_identifier)
    return assemble(tbs, key.algorithm_identifier, key.sign(BytesTBS(tbs)))


def findings(data: bytes, draft: Draft, profile: IssuerProfile, now: datetime) -> Iterator[str]:
    """Every rule that a certificate breaks, in words."""
    try:
        yield from _findings(data, draft, profile, now)
    except UNREADABLE as error:
        yield f"it cannot be read: {error}"


def _findings(data: bytes, draft: Draft, profile: IssuerProfile, now: datetime) -> Iterator[str]:
    with any_serial():
        certificate = x509.load_der_x509_certificate(data)
        extensions = certificate.extensions
    key = certificate.public_key()
    yield from as_decided(data, extensions, draft, profile)
    yield from _fields(data, draft, profile.issuer)
    yield from _window(certificate, draft, profile, now)
    yield from _names(certificate, extensions, draft)
    yield from subject_strings(data, draft.kind)
    yield from subject_key(draft.public_key_info, profile.compliance)
    yield from what_it_may(extensions, draft.kind, key)
    yield from whose_keys(extensions, draft, profile)
    yield from where_its_status_is(extensions, draft, profile)
    yield from by_which_policies(extensions, draft.kind, profile.compliance)


def _fields(data: bytes, draft: Draft, issuer: Issuer) -> Iterator[str]:
    tbs, algorithm, _ = der.signed_parts(data)
    version, serial, inner, issued_by, validity, _subject, key, *_ = der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))
    if bytes(tbs[version[1] : version[3]]) != _VERSION_3:
        yield "it is not version 3 (RFC 5280 section 4.1.2.1)"
    if not 1 << _LEAST_BITS < serials.to_int(bytes(tbs[serial[2] : serial[3]])) < 1 << _MOST_BITS:
        yield "its serial is not positive, of 20 octets at most, with 64 random bits (RFC 5280 4.1.2.2, BRs 7.1)"
    if bytes(tbs[inner[1] : inner[3]]) != bytes(algorithm):
        yield "its two AlgorithmIdentifiers differ (RFC 5280 section 4.1.1.2)"
    if bytes(tbs[issued_by[1] : issued_by[3]]) != issuer.subject:
        yield "its issuer is not the CA's subject byte for byte (RFC 5280 section 4.1.2.4)"
    if bytes(tbs[key[1] : key[3]]) != draft.public_key_info:
        yield "its key is not that of the request, byte for byte"
    for tag, _, start, end in der.values(tbs, validity[2], validity[3]):
        text = bytes(tbs[start:end])
        late = tag == der.GENERALIZED_TIME and text < b"2050"
        if tag not in (der.UTC_TIME, der.GENERALIZED_TIME) or late or not text.endswith(b"Z") or b"." in text:
            yield f"it has the time {text!r} in the wrong form (RFC 5280 section 4.1.2.5)"


def _window(certificate: x509.Certificate, draft: Draft, profile: IssuerProfile, now: datetime) -> Iterator[str]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    newest = profile.issuer.certificates[0]
    if (begin, end) != (draft.window.not_before, draft.window.not_after):
        yield f"it is valid from {iso(begin)} to {iso(end)}, which is not what was decided"
    if end < begin:
        yield "it ends before it begins (RFC 5280 section 4.1.2.5)"
    if begin < newest.not_valid_before_utc or end > newest.not_valid_after_utc:
        yield "it is not valid within the window of its issuer"
    longest = longest_by_rule(profile.compliance, draft.kind, now)
    if longest is not None and end - begin + _SECOND > longest:
        yield f"it lasts {show(end - begin + _SECOND)}, and {show(longest)} is the longest (BRs section 6.3.2)"


def _names(certificate: x509.Certificate, extensions: x509.Extensions, draft: Draft) -> Iterator[str]:
    found = extension_value(extensions, x509.SubjectAlternativeName)
    if list(found or ()) != [name.general_name for name in draft.names]:
        yield "its subjectAltName is not what was decided (RFC 5280 section 4.2.1.6)"
    is_critical = found is not None and extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    if found is not None and is_critical != (not certificate.subject.rdns):
        yield "its subjectAltName is critical with a subject, or not without one (RFC 5280 section 4.2.1.6)"
    if not certificate.subject.rdns and not draft.names:
        yield "it has neither a subject nor names (RFC 5280 section 4.1.2.6)"
    if draft.kind.is_ca and not certificate.subject.rdns:
        yield "it is a CA's, and has no subject (RFC 5280 section 4.1.2.6)"
    common = [str(one.value) for one in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if draft.kind.is_server and not set(common) <= {name.value for name in draft.names}:
        yield f"its common name {common[0]!r} is none of its names (BRs section 7.1.4.3)"
