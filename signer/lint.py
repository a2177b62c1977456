"""Our own rules for CRLs, held against a skeleton before the real key signs: all of the CRL but its entries.

Each rule names where it comes from. What is wrong here would be refused by relying parties or by the publisher, when a
number was already used up.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography import x509

from revocation import der
from revocation.artifacts import Scope
from revocation.clock import iso
from revocation.crlspec import CRLSpec
from revocation.errors import RevocastError
from revocation.extensions import extension_value
from signer.encoding import crl as encoding
from signer.keys import BytesTBS
from signer.keys.throwaway import throwaway_key

_NUMBER_BITS: Final = 159


class LintFailed(RevocastError):
    """What was about to be signed breaks a rule; nothing was signed."""


def lint_crl(frame: encoding.CRLFrame, now: datetime) -> None:
    """Return if a CRL with that frame keeps the rules.

    Raises:
        LintFailed: it does not; names every rule that it breaks.
    """
    found = list(findings(skeleton(frame), frame.spec, now))
    if found:
        raise LintFailed("; ".join(found), where=str(frame.spec), advice="nothing was signed: correct the profile")


def skeleton(frame: encoding.CRLFrame) -> bytes:
    """The CRL without entries, signed with a throw-away key."""
    key = throwaway_key()
    tbs = b"".join(encoding.around(frame, 0, key.algorithm_identifier))
    return encoding.assemble(tbs, key.algorithm_identifier, key.sign(BytesTBS(tbs)))


def findings(data: bytes, spec: CRLSpec, now: datetime) -> Iterator[str]:
    """Every rule that a CRL breaks, in words."""
    try:
        crl = x509.load_der_x509_crl(data)
        extensions = crl.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        yield f"it cannot be read: {error}"
        return
    yield from _header(data, spec)
    yield from _window(crl, spec, now)
    yield from _extensions(extensions, spec)
    yield from _point(extensions, spec)


def _header(data: bytes, spec: CRLSpec) -> Iterator[str]:
    tbs, algorithm, _ = der.signed_parts(data)
    version, inner, issuer, *rest = der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))
    if bytes(tbs[version[2] : version[3]]) != b"\x01":
        yield "it is not version 2 (RFC 5280 section 5.1.2.1)"
    if bytes(tbs[inner[1] : inner[3]]) != bytes(algorithm):
        yield "its two AlgorithmIdentifiers differ (RFC 5280 section 5.1.1.2)"
    if bytes(tbs[issuer[1] : issuer[3]]) != spec.issuer.subject:
        yield "its issuer is not the CA's subject byte for byte (RFC 5280 section 5.1.2.3)"
    for tag, _, start, end in rest[:2]:
        text = bytes(tbs[start:end])
        late = tag == der.GENERALIZED_TIME and text < b"2050"
        if tag not in (der.UTC_TIME, der.GENERALIZED_TIME) or late or not text.endswith(b"Z") or b"." in text:
            yield f"it has the time {text!r} in the wrong form (RFC 5280 section 5.1.2.4)"


def _window(crl: x509.CertificateRevocationList, spec: CRLSpec, now: datetime) -> Iterator[str]:
    this_update, next_update = crl.last_update_utc, crl.next_update_utc
    if next_update is None:
        yield "it has no nextUpdate (RFC 5280 section 5.1.2.5)"
        return
    if not this_update <= now < next_update:
        yield f"its window from {iso(this_update)} to {iso(next_update)} is not around {iso(now)}"
    try:
        spec.compliance.check_crl_window(this_update, next_update, spec.settings.scope is Scope.CA)
    except ValueError as error:
        yield str(error)


def _extensions(extensions: x509.Extensions, spec: CRLSpec) -> Iterator[str]:
    critical = {extension.oid: extension.critical for extension in extensions}
    authority = extension_value(extensions, x509.AuthorityKeyIdentifier)
    if authority is None or authority.key_identifier != spec.issuer.key_identifier:
        yield "it lacks the issuer's AuthorityKeyIdentifier (RFC 5280 section 5.2.1)"
    number = extension_value(extensions, x509.CRLNumber)
    if number is None or critical[number.oid] or not 0 <= number.crl_number < 1 << _NUMBER_BITS:
        yield "it lacks a non-critical CRLNumber of at most 20 octets (RFC 5280 section 5.2.3)"
    known = (x509.IssuingDistributionPoint, x509.DeltaCRLIndicator)
    for extension in extensions:
        if extension.critical and not isinstance(extension.value, known):
            yield f"{extension.oid.dotted_string} is critical, which clients must reject (RFC 5280 section 5.2)"
    yield from _delta(extensions, spec, number.crl_number if number else 0)


def _delta(extensions: x509.Extensions, spec: CRLSpec, number: int) -> Iterator[str]:
    indicator = extension_value(extensions, x509.DeltaCRLIndicator)
    if (indicator is not None) != spec.name.delta:
        yield f"it {'has' if indicator else 'lacks'} a DeltaCRLIndicator (RFC 5280 section 5.2.4)"
    if indicator is not None:
        if not extensions.get_extension_for_class(x509.DeltaCRLIndicator).critical:
            yield "its DeltaCRLIndicator is not critical (RFC 5280 section 5.2.4)"
        if not 0 <= indicator.crl_number < number:
            yield f"its base {indicator.crl_number} is not before its own number {number}"
    points = extension_value(extensions, x509.FreshestCRL)
    urls = [name.value for point in points or () for name in point.full_name or ()]
    if urls != ([spec.freshest] if spec.freshest else []):
        yield f"its FreshestCRL is not {spec.freshest or 'absent'} (RFC 5280 section 5.2.6)"


def _point(extensions: x509.Extensions, spec: CRLSpec) -> Iterator[str]:
    point = extension_value(extensions, x509.IssuingDistributionPoint)
    scope = spec.settings.scope
    if scope is Scope.ALL:
        if point is not None:
            yield "it has an IssuingDistributionPoint, and covers everything"
        return
    if point is None:
        yield "it lacks the IssuingDistributionPoint of a partitioned CRL (RFC 5280 section 5.2.5)"
        return
    if not extensions.get_extension_for_class(x509.IssuingDistributionPoint).critical:
        yield "its IssuingDistributionPoint is not critical (RFC 5280 section 5.2.5)"
    if [name.value for name in point.full_name or ()] != [spec.url]:
        yield f"its IssuingDistributionPoint is not {spec.url}, byte for byte (RFC 5280 section 5.2.5)"
    if (point.only_contains_user_certs, point.only_contains_ca_certs) != (scope is Scope.USER, scope is Scope.CA):
        yield f"its IssuingDistributionPoint is not that of {scope} certificates"
    if point.indirect_crl or point.only_contains_attribute_certs:
        yield "it is indirect, or for attribute certificates"
    reasons = {flag.value for flag in point.only_some_reasons or ()}
    if reasons != {reason.name for reason in spec.settings.only_some_reasons}:
        yield f"its onlySomeReasons are {', '.join(sorted(reasons)) or 'none'}"
