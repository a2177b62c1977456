"""What a certificate says against what was decided, octet by octet: nothing else is signed.

Its extensions are put together once more from the decision and the configuration, and not from what encoded it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from revocation import der, serials
from revocation.config import IssuerProfile
from signer.encoding.ca_certificate import CAProfile
from signer.encoding.certificate import CertificateFrame
from signer.encoding.extensions import NO_REV_AVAIL, extension, key_usage
from signer.issuers.pointers import pointers
from signer.issuing.draft import Draft, key_identifier

_Decided: TypeAlias = Iterator[tuple[x509.ExtensionType, bool]]
"""Extensions, and whether each is critical."""

_EXTENSIONS: Final = 0xA3


def as_decided(data: bytes, extensions: x509.Extensions, draft: Draft, profile: IssuerProfile) -> Iterator[str]:
    """What of a certificate is not as it was decided, but the fields that other rules hold against that.

    Args:
        extensions: as they were read from `data`.
    """
    tbs, _, _ = der.signed_parts(data)
    _, serial, _, _, _, subject, _, encoded, *others = _parts(bytes(tbs))
    if serial != der.tlv(der.INTEGER, draft.serial):
        yield "its serial is not what was decided"
    if subject != draft.name.public_bytes():
        yield "its subject is not what was decided, byte for byte"
    if others or encoded[0] != _EXTENSIONS:
        yield "it has a field that nobody decided"
        return
    found = dict(zip((one.oid.dotted_string for one in extensions), _parts(*_parts(encoded)), strict=True))
    decided = _extensions(draft, profile)
    wanted = {value.oid.dotted_string: extension(value, critical=critical) for value, critical in decided}
    for which in sorted(wanted.keys() | found.keys()):
        if found.get(which) != wanted.get(which):
            yield f"its extension {which} is not what was decided, byte for byte"


def _parts(value: bytes) -> list[bytes]:
    """Each value in one that is made of them."""
    _, start, end = der.read(value)
    if end != len(value):
        raise der.DERError("bytes left over")
    return [value[begin:stop] for _, begin, _, stop in der.values(value, start, end)]


def _extensions(draft: Draft, profile: IssuerProfile) -> _Decided:
    yield x509.AuthorityKeyIdentifier(profile.issuer.key_identifier, None, None), False
    if draft.frame is not None:
        yield from _of_end_entity(draft, draft.frame)
        yield from _places(draft, profile, says_none=draft.frame.has_no_status)
    elif draft.ca is not None:
        yield from _of_ca(draft, draft.ca)
        yield from _places(draft, profile, says_none=False)
    else:
        yield from _of_responder(draft)


def _of_end_entity(draft: Draft, frame: CertificateFrame) -> _Decided:
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield frame.key_usage, True
    yield from _usages(draft.kind.usages)
    yield from _policies(frame.policies)
    if draft.names:
        yield x509.SubjectAlternativeName([name.general_name for name in draft.names]), not draft.name.rdns
    if frame.subject_key is not None:
        yield x509.SubjectKeyIdentifier(key_identifier(draft.public_key_info)), False


def _of_ca(draft: Draft, ca: CAProfile) -> _Decided:
    yield x509.BasicConstraints(ca=True, path_length=ca.path_length), True
    yield key_usage(signs=ca.signs_responses, certifies=True), True
    yield from _usages(ca.usages)
    yield from _policies(ca.policies)
    yield x509.SubjectKeyIdentifier(key_identifier(draft.public_key_info)), False


def _of_responder(draft: Draft) -> _Decided:
    yield key_usage(signs=True), True
    yield from _usages([ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string])
    yield x509.OCSPNoCheck(), False
    yield x509.SubjectKeyIdentifier(key_identifier(draft.public_key_info)), False


def _usages(usages: Sequence[str]) -> _Decided:
    if usages:
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in usages]), False


def _policies(policies: Sequence[str]) -> _Decided:
    if policies:
        found = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in policies]
        yield x509.CertificatePolicies(found), False


def _places(draft: Draft, profile: IssuerProfile, *, says_none: bool) -> _Decided:
    """The URLs that are configured, in the CRL's shard for this serial."""
    places = pointers(profile, serials.to_int(draft.serial), is_ca=draft.kind.is_ca)
    access = [(AuthorityInformationAccessOID.CA_ISSUERS, places.issuer)]
    if says_none:
        yield x509.UnrecognizedExtension(x509.ObjectIdentifier(NO_REV_AVAIL), der.tlv(der.NULL)), False
    else:
        access.insert(0, (AuthorityInformationAccessOID.OCSP, str(places.ocsp)))
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(str(places.crl))], None, None, None)
        yield x509.CRLDistributionPoints([point]), False
    described = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
    yield x509.AuthorityInformationAccess(described), False
