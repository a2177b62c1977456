"""The CRLs of cryptography_vectors: the NIST's PKITS, and odd and broken ones that `cryptography` is tested with.

A CRL of PKITS is given to importer and gate as it is, with the certificate of the CA that it is to be of. The issuers
of the others are not there: they get ours, with its name, key identifier and signature, and a CRLNumber where they have
none; everything else stays. Those whose oddity is in what that would replace are given as they are.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from publisher.verify_crl import check_entries, verify_crl
from revocation import der
from revocation.artifacts import CRLName, Scope
from revocation.config import load_certificates
from revocation.crlprofile import CRLList
from revocation.crlspec import CRLSpec
from revocation.errors import RevocastError
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from signer.encoding.extensions import authority_key_identifier, extension
from signer.importers import crl as importer
from signer.importers.certificate import any_serial, issuer_name
from tests.authority import Authority

BASE = Path(cryptography_vectors.__path__[0])
PKITS, CERTIFICATES = BASE / "x509/PKITS_data/crls", BASE / "x509/PKITS_data/certs"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
AUTHORITY = Authority("Vectors CA", not_before=datetime(1999, 1, 1, tzinfo=UTC), days=36500)

_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_AS_THEY_ARE = {
    "crl_bad_version.pem",
    "crl_inner_outer_mismatch.der",
    "crl_invalid_time.der",
    "crl_issuer_invalid_printable_string.der",
}
_CAS = {
    "BadCRLIssuerNameCACRL.crl": CERTIFICATES / "BadCRLIssuerNameCACert.crt",
    "DSAParametersInheritedCACRL.crl": CERTIFICATES / "DSAParametersInheritedCACert.crt",
    "RolloverfromPrintableStringtoUTF8StringCACRL.crl": CERTIFICATES
    / "RolloverfromPrintableStringtoUTF8StringCACert.crt",
    "TwoCRLsCABadCRL.crl": CERTIFICATES / "TwoCRLsCACert.crt",
    "WrongCRLCACRL.crl": CERTIFICATES / "WrongCRLCACert.crt",
    "invalid_signature_crl.pem": BASE / "x509/custom/invalid_signature_cert.pem",
    "valid_signature_crl.pem": BASE / "x509/custom/valid_signature_cert.pem",
}
"""Of whom a CRL is to be, where its name and signature do not say that."""


@dataclass(frozen=True)
class Vector:
    """One CRL and whose it is to be."""

    file: Path
    data: bytes
    issuer: Issuer
    now: datetime = NOW


def every_file() -> set[str]:
    """The names of all CRLs of the package: what a parser takes for one, or is called one and is no certificate."""
    return {file.name for file in BASE.rglob("*") if file.is_file() and _is_crl(file)}


def vector(name: str) -> Vector:
    """The CRL of that file name.

    Raises:
        ConfigurationError: its CA cannot be an issuer here.
    """
    (file,) = BASE.rglob(name)
    if name in _CAS:
        return Vector(file, _der(file), Issuer.of("test", load_certificates(_CAS[name])))
    if file.parent == PKITS:
        return Vector(file, _der(file), Issuer.of("test", [_ca_of(file.read_bytes())]))
    if name in _AS_THEY_ARE:
        return Vector(file, _der(file), AUTHORITY.issuer())
    data = _of_ours(_der(file))
    return Vector(file, data, AUTHORITY.issuer(), x509.load_der_x509_crl(data).last_update_utc)


def by_importer(given: Vector, folder: Path) -> str:
    """What the importer says: `accepted`, or why not."""
    file = folder / given.file.name
    file.write_bytes(given.data)
    try:
        for _ in importer.read(file, given.issuer).entries:
            pass
    except RevocastError as error:
        return str(error)
    return "accepted"


def by_gate(given: Vector) -> str:
    """What the publisher's gate says of a CRL that is to be one of its scope, entries included."""
    spec = _spec(given)
    try:
        check_entries(verify_crl(given.data, spec, given.now), spec, None)
    except RevocastError as error:
        return str(error)
    return "accepted"


def _spec(given: Vector) -> CRLSpec:
    """As the CRL says; where it cannot be read, any."""
    try:
        point = extension_value(x509.load_der_x509_crl(given.data).extensions, x509.IssuingDistributionPoint)
    except (ValueError, x509.InvalidVersion):
        point = None
    scope = Scope.ALL if point is None else Scope.CA if point.only_contains_ca_certs else Scope.USER
    names = [name.value for name in (point.full_name if point else None) or ()]
    url = next((name for name in names if isinstance(name, str)), "http://crl.example/none.crl")
    return CRLSpec(given.issuer, CRLName(scope), CRLList(name=scope, scope=scope, expires="20000d", renewal="1d"), url)


def _is_crl(file: Path) -> bool:
    data = file.read_bytes()
    try:
        x509.load_der_x509_crl(data)
    except (ValueError, x509.InvalidVersion):
        called = "crl" in file.name.lower() and file.suffix in (".crl", ".der", ".pem")
        return importer.PEM_LABEL in data or (called and b"-----BEGIN" not in data and file.parent != CERTIFICATES)
    return True


def _der(file: Path) -> bytes:
    data = file.read_bytes()
    if importer.PEM_LABEL not in data:
        return data
    return base64.b64decode(data.partition(importer.PEM_LABEL)[2].partition(b"-----")[0])


@cache
def _cas() -> list[x509.Certificate]:
    found = []
    for file in sorted(CERTIFICATES.iterdir()):
        with any_serial():
            try:
                found.append(x509.load_der_x509_certificate(file.read_bytes()))
            except ValueError:  # two of them inherit the parameters of their DSA key
                continue
    return found


def _ca_of(data: bytes) -> x509.Certificate:
    """The CA of that name that signed it; else one of that name."""
    crl = x509.load_der_x509_crl(data)
    named = [ca for ca in _cas() if ca.subject.public_bytes() == issuer_name(crl.tbs_certlist_bytes)]
    return next((ca for ca in named if _signed(ca, crl)), named[0])


def _signed(ca: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    try:
        return crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _of_ours(data: bytes) -> bytes:
    begin, _ = der.expect(data, 0, der.SEQUENCE)
    fields = [data[start:end] for _, start, _, end in der.values(data, *der.expect(data, begin, der.SEQUENCE))]
    algorithm, issuer, *_ = (number for number, field in enumerate(fields) if field[0] == der.SEQUENCE)
    fields[algorithm], fields[issuer] = _ECDSA_SHA256, AUTHORITY.issuer().subject
    if fields[-1][0] == der.explicit(0)[0]:
        fields[-1] = der.explicit(0, der.sequence(*_extensions(fields[-1])))
    elif fields[0][0] == der.INTEGER:
        fields.append(der.explicit(0, der.sequence(*_extensions(der.explicit(0, der.sequence())))))
    tbs = der.sequence(*fields)
    assert isinstance(AUTHORITY.key, ec.EllipticCurvePrivateKey)
    signature = AUTHORITY.key.sign(tbs, ec.ECDSA(SHA256()))
    return der.sequence(tbs, _ECDSA_SHA256, der.tlv(der.BIT_STRING, b"\0", signature))


def _extensions(tagged: bytes) -> list[bytes]:
    """Those of a CRL, with our key identifier, and a number if there was none."""
    inside, _ = der.expect(tagged, 0, tagged[0])
    all_ = [tagged[start:end] for _, start, _, end in der.values(tagged, *der.expect(tagged, inside, der.SEQUENCE))]
    authority, number = (der.oid(kind.oid.dotted_string) for kind in (x509.AuthorityKeyIdentifier, x509.CRLNumber))
    kept = [one for one in all_ if authority not in one]
    numbered = [] if any(number in one for one in kept) else [extension(x509.CRLNumber(1))]
    return [*kept, authority_key_identifier(AUTHORITY.issuer()), *numbered]
