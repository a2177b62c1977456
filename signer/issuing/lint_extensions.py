"""The rules for extensions: what a certificate may be used for, by which keys, and where its status is to be had."""

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.extensions import extension_value
from signer.encoding.extensions import NO_REV_AVAIL
from signer.issuing.draft import DOMAIN_VALIDATED, Draft, key_identifier
from signer.issuing.kinds import Kind

_MAY_BE_CRITICAL: Final = (
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
)
_ANY_POLICY: Final = "2.5.29.32.0"
_STATUS_TOO: Final = (ExtensionOID.FRESHEST_CRL,)


def what_it_may(extensions: x509.Extensions, kind: Kind, key: CertificatePublicKeyTypes) -> Iterator[str]:
    """basicConstraints, keyUsage, extKeyUsage (RFC 5280 sections 4.2.1.9, 4.2.1.3, 4.2.1.12)."""
    for one in extensions:
        if one.critical and one.oid not in _MAY_BE_CRITICAL:
            yield f"{one.oid.dotted_string} is critical, and no client need know it"
    yield from _constraints(extensions, kind)
    usage = extension_value(extensions, x509.KeyUsage)
    if usage is None or not extensions.get_extension_for_class(x509.KeyUsage).critical:
        yield "it has no critical keyUsage (RFC 5280 section 4.2.1.3)"
    else:
        yield from _usage(usage, kind, key)
    found = {one.dotted_string for one in extension_value(extensions, x509.ExtendedKeyUsage) or ()}
    wanted = {ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string} if kind is Kind.OCSP else set(kind.usages)
    if found != wanted and not kind.is_ca:
        yield f"its extended key usages are not those of the kind `{kind}` (RFC 5280 section 4.2.1.12)"
    if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string in found:
        yield "it may be used for anything (anyExtendedKeyUsage)"
    if (extension_value(extensions, x509.OCSPNoCheck) is not None) != (kind is Kind.OCSP):
        yield "ocsp-nocheck is of responders alone, and each has it (RFC 6960 section 4.2.2.2.1)"


def _constraints(extensions: x509.Extensions, kind: Kind) -> Iterator[str]:
    found = extension_value(extensions, x509.BasicConstraints)
    if found is None:
        if kind is not Kind.OCSP:
            yield "it has no basicConstraints (RFC 5280 section 4.2.1.9)"
        return
    if not extensions.get_extension_for_class(x509.BasicConstraints).critical:
        yield "its basicConstraints are not critical (RFC 5280 section 4.2.1.9)"
    if found.ca != kind.is_ca:
        yield f"it is {'' if found.ca else 'not '}a CA's, and its kind is `{kind}`"


def _usage(usage: x509.KeyUsage, kind: Kind, key: CertificatePublicKeyTypes) -> Iterator[str]:
    if (usage.key_cert_sign or usage.crl_sign) != kind.is_ca:
        yield "keyCertSign and cRLSign are of CAs alone (RFC 5280 section 4.2.1.3)"
    if not kind.is_ca and not usage.digital_signature:
        yield "it lacks digitalSignature, and may sign nothing"
    if usage.key_encipherment and not isinstance(key, rsa.RSAPublicKey):
        yield "it has keyEncipherment, which keys of its kind cannot do"
    if usage.key_agreement and not isinstance(key, ec.EllipticCurvePublicKey):
        yield "it has keyAgreement, which keys of its kind cannot do"
    if usage.content_commitment or usage.data_encipherment:
        yield "it has nonRepudiation or dataEncipherment, which nothing here is for"


def whose_keys(extensions: x509.Extensions, draft: Draft, profile: IssuerProfile) -> Iterator[str]:
    """authorityKeyIdentifier and subjectKeyIdentifier (sections 4.2.1.1 and 4.2.1.2)."""
    authority = extension_value(extensions, x509.AuthorityKeyIdentifier)
    if authority is None or authority.key_identifier != profile.issuer.key_identifier:
        yield "it lacks the issuer's authorityKeyIdentifier (RFC 5280 section 4.2.1.1)"
    elif authority.authority_cert_issuer is not None:
        yield "its authorityKeyIdentifier names more than the key (BRs section 7.1.2.11.1)"
    subject = extension_value(extensions, x509.SubjectKeyIdentifier)
    if subject is None:
        if profile.compliance is Compliance.PKIX or draft.kind.is_ca:
            yield "it lacks a subjectKeyIdentifier (RFC 5280 section 4.2.1.2)"
    elif subject.digest != key_identifier(draft.public_key_info):
        yield "its subjectKeyIdentifier is not that of its key (RFC 5280 section 4.2.1.2)"


def where_its_status_is(extensions: x509.Extensions, draft: Draft, profile: IssuerProfile) -> Iterator[str]:
    """CRLDistributionPoints and authorityInfoAccess, or noRevAvail (sections 4.2.1.13, 4.2.2.1; RFC 9608)."""
    if draft.kind is Kind.OCSP:
        return
    points = extension_value(extensions, x509.CRLDistributionPoints)
    crls = [name.value for point in points or () for name in point.full_name or ()]
    ocsp, issuers = (_access(extensions, method) for method in _METHODS)
    says_none = any(one.oid.dotted_string == NO_REV_AVAIL for one in extensions)
    if says_none:
        if crls or ocsp or any(one.oid in _STATUS_TOO for one in extensions):
            yield "it says that it has no status, and where that is (RFC 9608 section 3)"
        if draft.kind.is_ca:
            yield "it is a CA's, and says that it has no status (RFC 9608 section 3)"
    elif len(crls) != 1 or len(ocsp) != 1:
        yield "it has not one CRL and one OCSP responder, and does not say that it has no status"
    known = {spec.url for spec in profile.complete_crls.values()}
    if not set(crls) <= known:
        yield f"its CRL {crls[0]} is none that is made here"
    if not issuers:
        yield "it does not say where the certificate of its issuer is (RFC 5280 section 4.2.2.1)"
    for url in (*crls, *ocsp, *issuers):
        if not str(url).startswith("http://"):
            yield f"{url} is no http URL (BRs sections 7.1.2.7.7 and 7.1.2.11.2)"


_METHODS: Final = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)


def _access(extensions: x509.Extensions, method: x509.ObjectIdentifier) -> list[str]:
    found = extension_value(extensions, x509.AuthorityInformationAccess) or ()
    return [str(one.access_location.value) for one in found if one.access_method == method]


def by_which_policies(extensions: x509.Extensions, kind: Kind, compliance: Compliance) -> Iterator[str]:
    """certificatePolicies (section 4.2.1.4)."""
    found = [one.policy_identifier.dotted_string for one in extension_value(extensions, x509.CertificatePolicies) or ()]
    if len(set(found)) != len(found):
        yield "it has a policy twice (RFC 5280 section 4.2.1.4)"
    if kind.is_ca or kind is Kind.OCSP:
        return
    if _ANY_POLICY in found:
        yield "it has anyPolicy, which is of CAs (BRs section 7.1.2.7.9)"
    if compliance is Compliance.BR and DOMAIN_VALIDATED not in found:
        yield f"it lacks the policy {DOMAIN_VALIDATED} (BRs section 7.1.2.7.9)"
