"""An existing CRL, DER or PEM: what it revokes, and its number as the floor for ours (RFC 5280 section 5)."""

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation import serials
from revocation.errors import InputError
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.importers.certificate import issuer_name
from signer.importers.entry import ImportEntry, ImportSource, each_once

PEM_LABEL = b"-----BEGIN X509 CRL-----"

_KNOWN = (
    x509.AuthorityKeyIdentifier,
    x509.CRLNumber,
    x509.FreshestCRL,
    x509.IssuerAlternativeName,
    x509.IssuingDistributionPoint,
)
_KNOWN_OF_ENTRIES = (x509.CertificateIssuer, x509.CRLReason, x509.InvalidityDate)


def read(path: Path, issuer: Issuer) -> ImportSource:
    """The entries of a CRL of this issuer; when the certificates expire it does not say.

    One for some certificates or some reasons is as good as any: what it lists is true, and what it does not list is
    nowhere taken for valid.

    Raises:
        InputError: not one readable CRL, another issuer's, with a wrong signature, a delta CRL or an indirect one,
            about attribute certificates, or with a critical extension that is not known; of an entry while iterated.
    """
    crl = load(path, issuer)
    require_complete(crl, str(path))
    number = crl_number(crl, path)
    numbered = f", number {number}" if number is not None else ", without a number"
    return ImportSource(
        description=f"CRL {path}{numbered}{_limits(crl)}",
        entries=each_once(entries(crl, str(path))),
        crl_number=number,
        expected=len(crl),
    )


def load(path: Path, issuer: Issuer) -> x509.CertificateRevocationList:
    """A CRL that this issuer signed.

    Raises:
        InputError: not one readable CRL, another issuer's, or its signature is wrong.
    """
    crl = _parse(_bytes(path), path)
    if issuer_name(crl.tbs_certlist_bytes) != issuer.subject:
        name, ours = crl.issuer.rfc4514_string(), issuer.certificates[0].subject.rfc4514_string()
        how = ", byte for byte: it is written in another encoding" if name.casefold() == ours.casefold() else ""
        raise InputError(
            f"is the CRL of {name!r}, which is not the subject of issuer {issuer.name}{how}", where=str(path)
        )
    try:
        genuine = crl.is_signature_valid(load_der_public_key(issuer.public_key_info))  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"its signature cannot be checked: {error}", where=str(path)) from error
    if not genuine:
        raise InputError(
            f"its signature was not made with the key of issuer {issuer.name}",
            where=str(path),
            advice="a CA re-keyed under the same name is another issuer: configure it as one",
        )
    return crl


def crl_number(crl: x509.CertificateRevocationList, path: Path) -> int | None:
    """The number of the CRL of that file; None for one without, as Easy-RSA makes them.

    Raises:
        InputError: an extension is malformed.
    """
    values = (extension.value for extension in _extensions(crl, str(path)))
    return next((value.crl_number for value in values if isinstance(value, x509.CRLNumber)), None)


def _extensions(thing: x509.CertificateRevocationList | x509.RevokedCertificate, place: str) -> x509.Extensions:
    try:
        return thing.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise InputError(f"has a malformed extension: {error}", where=place) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _parse(data: bytes, path: Path) -> x509.CertificateRevocationList:
    if data.count(PEM_LABEL) > 1:
        raise InputError("holds several CRLs", where=str(path), advice="import one at a time, the newest complete one")
    try:
        return x509.load_pem_x509_crl(data) if PEM_LABEL in data else x509.load_der_x509_crl(data)
    except (ValueError, x509.InvalidVersion) as error:
        raise InputError("is not a CRL in DER or PEM", where=str(path)) from error


def require_complete(crl: x509.CertificateRevocationList, path: str) -> None:
    """Return if it says of certificates of its issuer all that it says.

    Raises:
        InputError: a delta CRL or an indirect one, about attribute certificates, or with an unknown critical extension.
    """
    for extension in _extensions(crl, path):
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            raise InputError(
                f"is a delta CRL: it says only what changed since number {extension.value.crl_number}, and takes back "
                "what an import cannot (removeFromCRL)",
                where=path,
                advice="import the complete CRL",
            )
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if extension.value.indirect_crl:
                raise InputError("is an indirect CRL: it speaks of certificates of other issuers", where=path)
            if extension.value.only_contains_attribute_certs:
                raise InputError("is about attribute certificates, which have serials of their own", where=path)
        _require_known(extension, _KNOWN, path)


def _require_known(extension: x509.Extension[x509.ExtensionType], known: tuple[type, ...], place: str) -> None:
    """RFC 5280 sections 5.2 and 5.3: with a critical extension that is not understood, nothing else may be believed."""
    if extension.critical and not isinstance(extension.value, known):
        raise InputError(
            f"has the critical extension {extension.oid.dotted_string}, which may change what it means", where=place
        )


def entries(crl: x509.CertificateRevocationList, path: str) -> Iterator[ImportEntry]:
    """What a complete CRL lists.

    Raises:
        InputError: an entry is malformed, or says what it does not know.
    """
    point = extension_value(crl.extensions, x509.IssuingDistributionPoint)
    only_cas = point is not None and point.only_contains_ca_certs
    only_users = point is not None and point.only_contains_user_certs
    names = (point.full_name or []) if point is not None else []
    urls = tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
    for number, entry in enumerate(crl, 1):
        place = f"{path} entry {number}"
        yield ImportEntry(
            serial=serials.from_int(entry.serial_number),
            not_after=None,
            is_ca=only_cas,
            revocation=_revocation(entry, place),
            certificate=None,
            place=place,
            says_kind=only_cas or only_users,
            listed_at=urls,
        )


def _limits(crl: x509.CertificateRevocationList) -> str:
    """Which reasons it is for, where it says so."""
    point = extension_value(crl.extensions, x509.IssuingDistributionPoint)
    if point is None or not point.only_some_reasons:
        return ""
    return f", only for {', '.join(sorted(flag.value for flag in point.only_some_reasons))}"


def _revocation(entry: x509.RevokedCertificate, place: str) -> Revocation:
    reason, invalidity = Reason.unspecified, None
    for extension in _extensions(entry, place):
        _require_known(extension, _KNOWN_OF_ENTRIES, place)
        match extension.value:
            case x509.CertificateIssuer():
                raise InputError("has a certificateIssuer: it speaks of another issuer's certificate", where=place)
            case x509.CRLReason(reason=x509.ReasonFlags.remove_from_crl):
                raise InputError("has the reason removeFromCRL, which only a delta CRL may have", where=place)
            case x509.CRLReason(reason=flag):
                reason = Reason.parse(flag.value)
            case x509.InvalidityDate(invalidity_date_utc=moment):
                invalidity = moment
    return Revocation(entry.revocation_date_utc, reason, invalidity)
