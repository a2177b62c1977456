"""Is this the CRL that the configured issuer is to have under that name? RFC 5280 section 5.

Parsed with a library other than the encoder; the signature is verified over the bytes as they came.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from publisher.crl_entries import Entries
from publisher.signature import verify_signature
from publisher.unreadable import unreadable
from publisher.window import check_length, check_window
from revocation import crlbytes, der
from revocation.artifacts import Scope
from revocation.crlspec import CRLSpec
from revocation.errors import GateError
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.status import Reason
from revocation.windows import SKEW

_V2: Final = b"\x01"
_LARGEST_NUMBER_BITS: Final = 159


@dataclass(frozen=True)
class VerifiedCRL:
    """A CRL that its issuer signed.

    Attributes:
        der: as it came.
        number: CRLNumber.
        sha256: of the DER, hexadecimal.
        revoked: its entries.
        scope: which certificates it is for, as it says itself.
        reasons: for which reasons it is, as it says itself; none where it is for all of them.
        url: where it is, as it says itself; None where it is for everything.
        base_number: of the complete CRL that a delta adds to; None for a complete one.
    """

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    sha256: str
    revoked: Entries
    scope: Scope
    reasons: frozenset[Reason]
    url: str | None = None
    base_number: int | None = None


def verify_crl(der_: bytes, spec: CRLSpec, now: datetime) -> VerifiedCRL:
    """The CRL, if it is that of `spec` and to be published now.

    Raises:
        NotYetValid: it starts within minutes.
        Expired: its nextUpdate has passed.
        GateError: anything else is wrong with it.
    """
    crl = read_crl(der_, spec)
    check_crl_window(crl, spec, now)
    return crl


def check_crl_window(crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> None:
    """Return if the CRL may be published now. Raises as `verify_crl` does."""
    try:
        check_window(crl.this_update, crl.next_update, now)
        if crl.next_update != spec.window(crl.this_update)[1]:
            check_length(crl.this_update, crl.next_update, spec.settings.expires)
        _check_compliance(crl, spec)
    except GateError as error:
        error.where = f"{spec}, number {crl.number}"
        raise


def _check_compliance(crl: VerifiedCRL, spec: CRLSpec) -> None:
    try:
        spec.compliance.check_crl_window(crl.this_update, crl.next_update, spec.settings.scope is Scope.CA)
    except ValueError as error:
        raise GateError(str(error)) from error


def check_entries(crl: VerifiedCRL, spec: CRLSpec, new: Collection[bytes] | None) -> None:
    """Return if relying parties can read each entry, its reason is allowed, and no serial stands on it twice.

    On a CRL for both kinds of certificate nobody sees which entry is a CA's: there they count as users'.

    Args:
        new: the entries (DER) that no CRL had which was checked before; None for all of them: seconds for a million.

    Raises:
        GateError: see `Entries.check`.
    """
    latest = crl.this_update + spec.settings.backdate + SKEW
    only_cas = spec.settings.scope is Scope.CA

    def forbids(reason: Reason) -> str | None:
        return spec.compliance.forbids(reason, only_cas)

    if new is None:
        crl.revoked.check(latest, forbids)
    elif new:
        part = x509.load_der_x509_crl(crlbytes.excerpt(crl.der, new))
        Entries(part, is_delta=spec.name.delta).check(latest, forbids)
    serials = [crlbytes.serial_of(entry) for entry in crlbytes.entries(crl.der)]
    if len(set(serials)) != len(serials):
        raise GateError("a serial stands twice on it")


def read_crl(der_: bytes, spec: CRLSpec, *, any_form: bool = False) -> VerifiedCRL:
    """The CRL, if it is that of `spec`, whatever the time.

    Args:
        any_form: whether it may be one of before its scope or its URLs were configured anew.

    Raises:
        GateError: malformed, of another issuer, another scope, or not what RFC 5280 wants of a complete CRL.
    """
    try:
        return _read(der_, spec, any_form=any_form)
    except GateError as error:
        error.where = str(spec)
        raise
    except UnsupportedAlgorithm as error:
        raise GateError(f"its signature algorithm is unknown: {error}", where=str(spec)) from error
    except Exception as error:  # what a parser raises on hostile bytes has no common class
        raise unreadable("it", error, str(spec)) from error


def _read(der_: bytes, spec: CRLSpec, *, any_form: bool) -> VerifiedCRL:
    crl = x509.load_der_x509_crl(der_)
    signed = der.signed_parts(der_)
    tbs, algorithm, _ = signed
    _check_header(tbs, bytes(algorithm), spec.issuer)
    verify_signature(
        spec.issuer.public_key_info, signed, crl.signature_algorithm_parameters, crl.signature_hash_algorithm
    )
    if crl.next_update_utc is None:
        raise GateError("it has no nextUpdate (RFC 5280 section 5.1.2.5)")
    number = _number(crl.extensions)
    _check_authority(crl.extensions, spec.issuer)
    if not spec.name.delta and extension_value(crl.extensions, x509.DeltaCRLIndicator) is not None:
        raise GateError("it is a delta CRL")
    if not any_form:
        _check_scope(crl.extensions, spec)
        _check_freshest(crl.extensions, spec)
    base = _base(crl.extensions, number) if spec.name.delta else None
    sha256 = hashlib.sha256(der_).hexdigest()
    entries = Entries(crl, is_delta=spec.name.delta)
    window = (crl.last_update_utc, crl.next_update_utc)
    scope, reasons, url = _scope_of(crl.extensions)
    return VerifiedCRL(der_, number, *window, sha256, entries, scope, reasons, url, base)


def _check_header(tbs: memoryview, algorithm: bytes, issuer: Issuer) -> None:
    """Version, inner AlgorithmIdentifier and issuer: the first three values of a TBSCertList (section 5.1.2)."""
    fields = der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))
    tag, _, start, end = next(fields)
    if tag != der.INTEGER or bytes(tbs[start:end]) != _V2:
        raise GateError("it is not version 2")
    _, begin, _, end = next(fields)
    if bytes(tbs[begin:end]) != algorithm:
        raise GateError("its two AlgorithmIdentifiers differ (RFC 5280 section 5.1.1.2)")
    _, begin, _, end = next(fields)
    if bytes(tbs[begin:end]) != issuer.subject:
        raise GateError("its issuer is not, byte for byte, the subject of the configured CA certificate")
    if any(tag == der.SEQUENCE and start == end for tag, _, start, end in fields):
        raise GateError("its revokedCertificates is there and empty (RFC 5280 section 5.1.2.6)")


def _number(extensions: x509.Extensions) -> int:
    extension = _the(extensions, x509.CRLNumber)
    number = extension.value.crl_number
    if extension.critical or number < 0 or number.bit_length() > _LARGEST_NUMBER_BITS:
        raise GateError(f"its CRLNumber {number} is critical or out of range (RFC 5280 section 5.2.3)")
    return number


def _check_authority(extensions: x509.Extensions, issuer: Issuer) -> None:
    authority = _the(extensions, x509.AuthorityKeyIdentifier).value
    if authority.authority_cert_issuer is not None or authority.authority_cert_serial_number is not None:
        raise GateError("its AuthorityKeyIdentifier names a certificate besides the key")
    found = authority.key_identifier
    if found != issuer.key_identifier:
        raise GateError(
            f"its AuthorityKeyIdentifier {found.hex() if found else 'without keyIdentifier'} "
            f"is not the issuer's {issuer.key_identifier.hex()}"
        )


def _check_scope(extensions: x509.Extensions, spec: CRLSpec) -> None:
    """`all` without IssuingDistributionPoint, the others with exactly theirs (section 5.2.5), and no other kind.

    A delta has the scope of its complete CRL, byte for byte (section 5.2.4).
    """
    known = (x509.IssuingDistributionPoint, *((x509.DeltaCRLIndicator,) if spec.name.delta else ()))
    for extension in extensions:
        if extension.critical and not isinstance(extension.value, known):
            raise GateError(f"it has a critical extension {extension.oid.dotted_string} that is not one of ours")
    found = [e for e in extensions if isinstance(e.value, x509.IssuingDistributionPoint)]
    scope = spec.settings.scope
    if scope is Scope.ALL:
        if found:
            raise GateError("it has an IssuingDistributionPoint; a CRL of scope `all` has none")
        return
    wanted = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(spec.url)],
        relative_name=None,
        only_contains_user_certs=scope is Scope.USER,
        only_contains_ca_certs=scope is Scope.CA,
        only_some_reasons=_flags(spec.settings.only_some_reasons),
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    if not found or not found[0].critical or found[0].value != wanted:
        raise GateError(f"it lacks the critical IssuingDistributionPoint for `{scope}` certificates at {spec.url}")


def _scope_of(extensions: x509.Extensions) -> tuple[Scope, frozenset[Reason], str | None]:
    """For which certificates and reasons a CRL says that it is, and where (section 5.2.5)."""
    point = extension_value(extensions, x509.IssuingDistributionPoint)
    if point is None:
        return Scope.ALL, frozenset(), None
    kind = Scope.USER if point.only_contains_user_certs else Scope.CA if point.only_contains_ca_certs else Scope.ALL
    reasons = frozenset(Reason.parse(flag.name) for flag in point.only_some_reasons or ())
    return kind, reasons, str(point.full_name[0].value) if point.full_name else None


def _check_freshest(extensions: x509.Extensions, spec: CRLSpec) -> None:
    """FreshestCRL names the delta, where there is one (section 5.2.6); never in a delta."""
    found = extension_value(extensions, x509.FreshestCRL)
    if found is not None and spec.freshest is None:
        raise GateError("it points to delta CRLs (FreshestCRL), of which there are none")
    if spec.freshest is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(spec.freshest)], None, None, None)
        if found != x509.FreshestCRL([point]):
            raise GateError(f"its FreshestCRL is not {spec.freshest}, where its delta is")


def _base(extensions: x509.Extensions, number: int) -> int:
    """BaseCRLNumber of a delta (section 5.2.4)."""
    indicator = _the(extensions, x509.DeltaCRLIndicator)
    base = indicator.value.crl_number
    if not indicator.critical or not 0 <= base < number:
        raise GateError(f"its DeltaCRLIndicator is not critical, or its base {base} is not before its number {number}")
    return base


def _flags(reasons: tuple[Reason, ...]) -> frozenset[x509.ReasonFlags] | None:
    """Reasons as an IDP has them (section 5.2.5); none where the CRL is for all of them."""
    return frozenset(x509.ReasonFlags(reason.name) for reason in reasons) or None


def _the(
    extensions: x509.Extensions, kind: type[x509.extensions.ExtensionTypeVar]
) -> x509.Extension[x509.extensions.ExtensionTypeVar]:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound as error:
        raise GateError(f"it has no {kind.__name__} (RFC 5280 section 5.2)") from error
