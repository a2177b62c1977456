"""An existing CRL: its entries and its number, once it was found to be this issuer's and complete."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.importers import crl as crl_reader
from signer.importers.entry import ImportEntry
from tests.authority import NOW, Authority
from tests.signer.importers.issuing import crl, revoked, write_pem

SINCE = datetime(2025, 12, 31, 1, 2, 3, tzinfo=UTC)


def idp(**fields: bool) -> tuple[x509.ExtensionType, bool]:
    flags = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    chosen = {flag: fields.get(flag, False) for flag in flags}
    return x509.IssuingDistributionPoint(full_name=None, relative_name=None, only_some_reasons=None, **chosen), True


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_entries_and_number_are_read(tmp_path: Path, authority: Authority, issuer: Issuer, encoding: Encoding) -> None:
    """DER or PEM; when the certificates expire a CRL does not say."""
    path = tmp_path / "old.crl"
    path.write_bytes(crl(authority, [revoked(10), revoked(1 << 159)], 4711).public_bytes(encoding))
    source = crl_reader.read(path, issuer)
    assert source.description == f"CRL {path}, number 4711"
    assert (source.crl_number, source.expected) == (4711, 2)
    assert list(source.entries) == [
        ImportEntry(b"\x0a", None, False, Revocation(NOW), None, f"{path} entry 1", says_kind=False),
        ImportEntry(b"\x00\x80" + bytes(19), None, False, Revocation(NOW), None, f"{path} entry 2", says_kind=False),
    ]


@pytest.mark.parametrize("flag", [flag for flag in x509.ReasonFlags if flag is not x509.ReasonFlags.remove_from_crl])
def test_every_reason_is_read(tmp_path: Path, authority: Authority, issuer: Issuer, flag: x509.ReasonFlags) -> None:
    """With the date since when the key is suspected."""
    entry = revoked(10, x509.CRLReason(flag), x509.InvalidityDate(SINCE.replace(tzinfo=None)))
    path = write_pem(tmp_path / "crl.pem", crl(authority, [entry]))
    (found,) = crl_reader.read(path, issuer).entries
    assert found.revocation == Revocation(NOW, Reason.parse(flag.value), SINCE)


def test_number_of_any_length_is_the_floor(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """Up to the twenty octets of RFC 5280 section 5.2.3."""
    path = write_pem(tmp_path / "crl.pem", crl(authority, [], (1 << 159) - 1))
    assert crl_reader.read(path, issuer).crl_number == (1 << 159) - 1


def test_crl_without_a_number_gives_no_floor(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """As Easy-RSA makes them."""
    source = crl_reader.read(write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1)], None)), issuer)
    assert source.crl_number is None
    assert source.description.endswith("without a number")


def test_crl_of_ca_certificates_says_that_they_are(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """onlyContainsCACerts of the IssuingDistributionPoint (RFC 5280 section 5.2.5)."""
    for flag, is_ca in (("only_contains_ca_certs", True), ("only_contains_user_certs", False)):
        path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1)], 7, idp(**{flag: True})))
        assert [entry.is_ca for entry in crl_reader.read(path, issuer).entries] == [is_ca]


def test_crl_for_some_reasons_is_taken_and_says_for_which(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """What it lists is true, and nothing that it does not list is taken for valid: it has no entry."""
    flags = frozenset({x509.ReasonFlags.superseded, x509.ReasonFlags.key_compromise})
    point = x509.IssuingDistributionPoint(None, None, False, False, flags, False, False)
    entry = revoked(10, x509.CRLReason(x509.ReasonFlags.superseded))
    source = crl_reader.read(write_pem(tmp_path / "crl.pem", crl(authority, [entry], 7, (point, True))), issuer)
    assert source.description == f"CRL {tmp_path}/crl.pem, number 7, only for keyCompromise, superseded"
    assert [one.revocation for one in source.entries] == [Revocation(NOW, Reason.superseded)]


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (
            (x509.DeltaCRLIndicator(6), True),
            r"since number 6.*\(removeFromCRL\).*import the complete",
        ),
        ((x509.DeltaCRLIndicator(6), False), "is a delta CRL"),
        (idp(indirect_crl=True), "is an indirect CRL"),
        (idp(only_contains_attribute_certs=True), "is about attribute certificates"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True), "critical extension 1.2.3.4"),
    ],
)
def test_crl_that_is_not_complete_or_not_understood_is_refused(
    tmp_path: Path, authority: Authority, issuer: Issuer, extension: tuple[x509.ExtensionType, bool], message: str
) -> None:
    """A delta leaves most out, others speak of other certificates, or say something that is not understood."""
    path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1)], 7, extension))
    with pytest.raises(InputError, match=message) as caught:
        crl_reader.read(path, issuer)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("critical", [True, False])
def test_entry_of_another_issuers_certificate_is_refused(
    tmp_path: Path, authority: Authority, issuer: Issuer, critical: bool
) -> None:
    """By certificateIssuer, though the CRL does not call itself indirect (RFC 5280 section 5.3.3)."""
    name = x509.CertificateIssuer([x509.DirectoryName(authority.certificate.subject)])
    path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1), revoked(2, name, critical=critical)]))
    with pytest.raises(InputError, match="has a certificateIssuer") as caught:
        list(crl_reader.read(path, issuer).entries)
    assert caught.value.where == f"{path} entry 2"


@pytest.mark.parametrize("critical", [True, False])
def test_unknown_extension_of_an_entry_is_refused_when_it_is_critical(
    tmp_path: Path, authority: Authority, issuer: Issuer, critical: bool
) -> None:
    """What may change the meaning of an entry must not be passed over (RFC 5280 section 5.3); the rest may."""
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
    path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1), revoked(2, odd, critical=critical)]))
    source = crl_reader.read(path, issuer)
    if not critical:
        assert len(list(source.entries)) == 2
        return
    with pytest.raises(InputError, match=r"critical extension 1\.2\.3\.4") as caught:
        list(source.entries)
    assert caught.value.where == f"{path} entry 2"


def test_remove_from_crl_is_refused(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """It belongs to delta CRLs alone (RFC 5280 section 5.3.1)."""
    entry = revoked(2, x509.CRLReason(x509.ReasonFlags.remove_from_crl))
    path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1), entry]))
    with pytest.raises(InputError, match="removeFromCRL, which only a delta CRL may have") as caught:
        list(crl_reader.read(path, issuer).entries)
    assert caught.value.where == f"{path} entry 2"


def test_malformed_extension_is_named(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """Of the CRL at once, of an entry with its place: 7 is no reason (RFC 5280 section 5.3.1)."""
    number = x509.UnrecognizedExtension(x509.CRLNumber.oid, b"\x04\x00")
    path = write_pem(tmp_path / "crl.pem", crl(authority, [], None, (number, False)))
    with pytest.raises(InputError, match="has a malformed extension") as caught:
        crl_reader.read(path, issuer)
    assert caught.value.where == str(path)
    reason = x509.UnrecognizedExtension(x509.CRLReason.oid, b"\x0a\x01\x07")
    source = crl_reader.read(write_pem(path, crl(authority, [revoked(1), revoked(2, reason)])), issuer)
    with pytest.raises(InputError, match="has a malformed extension") as caught:
        list(source.entries)
    assert caught.value.where == f"{path} entry 2"


def test_serial_that_comes_twice_is_an_error(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """Which of the two dates holds is not ours to choose."""
    path = write_pem(tmp_path / "crl.pem", crl(authority, [revoked(1), revoked(1)]))
    with pytest.raises(InputError, match="serial 01 appears a second time") as caught:
        list(crl_reader.read(path, issuer).entries)
    assert caught.value.where == f"{path} entry 2"


def test_crl_of_another_issuer_is_refused(tmp_path: Path, stranger: Authority, issuer: Issuer) -> None:
    """With the name that it has."""
    path = write_pem(tmp_path / "crl.pem", crl(stranger, []))
    with pytest.raises(InputError, match="is the CRL of 'CN=Another CA'"):
        crl_reader.read(path, issuer)


def test_crl_whose_name_is_written_otherwise_is_refused_and_says_so(
    tmp_path: Path, authority: Authority, issuer: Issuer
) -> None:
    """The same words in another string type look the same in every message."""
    name = x509.NameAttribute(x509.NameOID.COMMON_NAME, "Importing CA", x509.name._ASN1Type.PrintableString)
    builder = x509.CertificateRevocationListBuilder(x509.Name([name]), NOW, NOW + timedelta(days=1))
    path = write_pem(tmp_path / "crl.pem", builder.sign(authority.key, SHA256()))
    with pytest.raises(InputError, match="byte for byte: it is written in another encoding"):
        crl_reader.read(path, issuer)


def test_crl_with_a_foreign_signature_is_refused(tmp_path: Path, impostor: Authority, issuer: Issuer) -> None:
    """The issuer's name alone proves nothing."""
    path = write_pem(tmp_path / "crl.pem", crl(impostor, []))
    with pytest.raises(InputError, match="signature was not made with the key of issuer importing"):
        crl_reader.read(path, issuer)


def test_crl_that_was_changed_is_refused(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """One octet of a serial."""
    path = tmp_path / "old.crl"
    path.write_bytes(crl(authority, [revoked(0x1234)]).public_bytes(Encoding.DER).replace(b"\x12\x34", b"\x12\x35"))
    with pytest.raises(InputError, match="signature was not made with the key"):
        crl_reader.read(path, issuer)


VERSION_3 = Path(cryptography_vectors.__path__[0], "x509/custom/crl_bad_version.pem").read_bytes()


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x03", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", b"x", VERSION_3]
)
def test_file_that_is_no_crl_is_named(tmp_path: Path, issuer: Issuer, data: bytes) -> None:
    """Nothing, something else, a truncated one, or one of a version that does not exist."""
    path = tmp_path / "crl.pem"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a CRL in DER or PEM") as caught:
        crl_reader.read(path, issuer)
    assert caught.value.where == str(path)


def test_two_crls_in_a_file_are_refused(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """One would be ignored in silence."""
    path = write_pem(tmp_path / "crl.pem", crl(authority, []), crl(authority, [revoked(1)]))
    with pytest.raises(InputError, match="holds several CRLs"):
        crl_reader.read(path, issuer)


def test_missing_file_is_named(tmp_path: Path, issuer: Issuer) -> None:
    """With the system's reason."""
    with pytest.raises(InputError, match="cannot be read: No such file"):
        crl_reader.read(tmp_path / "missing.crl", issuer)
