"""What an issuer signed, read back: a CRL or an OCSP response that verifies with its key, and nothing else.

Who holds the exchange can put anything there. What the issuer's own key says of a certificate is believed, since
relying parties believe it too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation import serials
from revocation.artifacts import Scope
from revocation.certid import CertIDHash
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer import selfcheck
from signer.importers import crl as crls
from signer.importers.certificate import issuer_name
from signer.importers.entry import ImportEntry
from signer.keys import BytesTBS


@dataclass(frozen=True)
class SignedCRL:
    """A CRL of an issuer.

    Attributes:
        entries: what it lists; nothing of a delta.
        spec: the configured complete CRL that it is; None where that is not configured now.
    """

    profile: IssuerProfile
    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[ImportEntry, ...]
    spec: CRLSpec | None

    @cached_property
    def serials(self) -> frozenset[bytes]:
        """Those that it lists."""
        return frozenset(entry.serial for entry in self.entries)


@dataclass(frozen=True)
class SignedAnswer:
    """What an OCSP response says of a certificate.

    Attributes:
        revocation: None where it is good.
        responder: DER of the certificate of the delegate that signed it; None of the CA itself.
    """

    profile: IssuerProfile
    serial: bytes
    revocation: Revocation | None
    this_update: datetime
    next_update: datetime
    responder: bytes | None


class SignedReader:
    """Reads what these issuers signed."""

    def __init__(self, profiles: Iterable[IssuerProfile]) -> None:
        self._profiles = list(profiles)
        self._by_hashes = {
            (hash_.value, hash_.digest(profile.issuer.subject), hash_.digest(profile.issuer.key_octets)): profile
            for profile in self._profiles
            for hash_ in CertIDHash
        }
        self._delegates: dict[tuple[str, bytes], bytes] = {}

    def crl(self, data: bytes, place: str) -> SignedCRL | None:
        """The CRL in DER; None of what is none, or not one of these issuers'.

        Raises:
            InputError: one of these issuers', and what it says of a certificate cannot be understood.
        """
        try:
            found = x509.load_der_x509_crl(data)
            profile = next((one for one in self._profiles if _signed_crl(found, one.issuer)), None)
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
            return None
        if profile is None or found.next_update_utc is None:
            return None
        number = extension_value(found.extensions, x509.CRLNumber)
        is_delta = extension_value(found.extensions, x509.DeltaCRLIndicator) is not None
        if not is_delta:
            crls.require_complete(found, place)
        return SignedCRL(
            profile,
            number.crl_number if number is not None else 0,
            found.last_update_utc,
            found.next_update_utc,
            () if is_delta else tuple(crls.entries(found, place)),
            None if is_delta else _spec(found, profile),
        )

    def answers(self, data: bytes) -> Iterator[SignedAnswer]:
        """What an OCSP response in DER says; nothing of what is none, or not signed by one of these issuers."""
        try:
            response = ocsp.load_der_ocsp_response(data)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return
            said = [(self._profile(one), one) for one in response.responses]
            profile = next((profile for profile, _ in said if profile is not None), None)
            if profile is None:
                return
            responder = self._verify(response, profile.issuer)
            yield from (_answer(profile, one, responder) for owner, one in said if owner is profile)
        except (ValueError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
            return

    def _profile(self, one: ocsp.OCSPSingleResponse) -> IssuerProfile | None:
        return self._by_hashes.get((one.hash_algorithm.name, one.issuer_name_hash, one.issuer_key_hash))

    def _verify(self, response: ocsp.OCSPResponse, issuer: Issuer) -> bytes | None:
        key, der = issuer.public_key_info, None
        for embedded in response.certificates[:1]:
            der = embedded.public_bytes(Encoding.DER)
            key = self._delegates.get((issuer.id, der)) or _key_of_delegate(embedded, issuer)
            self._delegates[issuer.id, der] = key
        selfcheck.verify_response(key, response)
        return der


def _signed_crl(crl: x509.CertificateRevocationList, issuer: Issuer) -> bool:
    if issuer_name(crl.tbs_certlist_bytes) != issuer.subject:
        return False
    try:
        tbs = BytesTBS(crl.tbs_certlist_bytes)
        oid, hash_ = crl.signature_algorithm_oid, crl.signature_hash_algorithm
        selfcheck.verify(issuer.public_key_info, crl.signature, tbs, oid, hash_)
    except InvalidSignature:
        return False
    return True


def _key_of_delegate(certificate: x509.Certificate, issuer: Issuer) -> bytes:
    """The key of a responder that the issuer's key certified for that alone (RFC 6960 section 4.2.2.2)."""
    selfcheck.verify(
        issuer.public_key_info,
        certificate.signature,
        BytesTBS(certificate.tbs_certificate_bytes),
        certificate.signature_algorithm_oid,
        certificate.signature_hash_algorithm,
    )
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        raise InvalidSignature
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _answer(profile: IssuerProfile, one: ocsp.OCSPSingleResponse, responder: bytes | None) -> SignedAnswer:
    revocation = None
    if one.certificate_status is ocsp.OCSPCertStatus.REVOKED and one.revocation_time_utc is not None:
        flag = one.revocation_reason
        reason = Reason.unspecified if flag is None else Reason.parse(flag.value)
        revocation = Revocation(one.revocation_time_utc, reason)
    end = one.next_update_utc or one.this_update_utc
    serial = serials.from_int(one.serial_number)
    return SignedAnswer(profile, serial, revocation, one.this_update_utc, end, responder)


def _spec(crl: x509.CertificateRevocationList, profile: IssuerProfile) -> CRLSpec | None:
    """Which of the configured CRLs it is, as it says itself (RFC 5280 section 5.2.5)."""
    point = extension_value(crl.extensions, x509.IssuingDistributionPoint)
    urls = [name.value for name in (point.full_name or ())] if point is not None else []
    specs = profile.complete_crls.values()
    if point is None:
        return next((spec for spec in specs if spec.settings.scope is Scope.ALL), None)
    return next((spec for spec in specs if spec.settings.scope is not Scope.ALL and spec.url in urls), None)
