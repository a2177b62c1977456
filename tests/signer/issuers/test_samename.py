"""Which names are one to relying parties, and that nobody is certified under that of who certifies it."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from revocation import clock, der
from signer.issuers.samename import is_same_name
from tests.signer.issuers.machine import Machine

C, O, CN = NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME  # noqa: E741


def named(country: str, organization: str, common: str, type_: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    """A name."""
    values = ((O, organization), (CN, common))
    own = (x509.NameAttribute(oid, value, _type=type_) for oid, value in values)
    return x509.Name([x509.NameAttribute(C, country), *own])


ROOT = named("EE", "Example", "Example Root")
SAME = {
    "printable": named("EE", "Example", "Example Root", _ASN1Type.PrintableString),
    "two octets each": named("EE", "Example", "Example Root", _ASN1Type.BMPString),
    "case": named("EE", "EXAMPLE", "example root"),
    "spaces": named("EE", "Example", " Example  Root "),
    "unseen": named("EE", "Example", "Exam\u200bple Root"),
    "full width": named("EE", "Example", "\uff25xample Root"),
}


@pytest.mark.parametrize("name", SAME.values(), ids=SAME)
def test_name_in_another_encoding_is_the_same(name: x509.Name) -> None:
    """RFC 5280 section 7.1."""
    assert name.public_bytes() != ROOT.public_bytes()
    assert is_same_name(name.public_bytes(), ROOT.public_bytes())


@pytest.mark.parametrize(
    "name",
    [named("EE", "Example", "Example Root 2"), named("EE", "Example", "ExampleRoot"), x509.Name(list(ROOT)[:2])],
    ids=["number", "no space", "shorter"],
)
def test_other_name_is_another(name: x509.Name) -> None:
    """A space within counts, and so does each part."""
    assert not is_same_name(name.public_bytes(), ROOT.public_bytes())


def test_parts_of_one_rdn_have_no_order() -> None:
    """They are a set; RDNs themselves have one."""
    parts = (x509.NameAttribute(O, "Example"), x509.NameAttribute(CN, "Example Root"))
    one, other = (x509.Name([x509.RelativeDistinguishedName(some)]) for some in (parts, parts[::-1]))
    assert is_same_name(one.public_bytes(), other.public_bytes())
    assert not is_same_name(x509.Name(parts).public_bytes(), x509.Name(parts[::-1]).public_bytes())


@pytest.mark.parametrize("one", "\x00\x08\x1c\x7f\x84\u00ad\u034f\u1806\u180b\ufe0f\ufffc\U000e0041")
def test_character_that_nobody_sees_is_mapped_to_nothing(one: str) -> None:
    """RFC 4518 section 2.2: controls but white space, the soft hyphen, joiners and selectors of variants."""
    assert is_same_name(common_name(f"Example{one} Root".encode()), common_name(b"Example Root"))


@pytest.mark.parametrize("one", ["\t", "\n", "\r", "\x0b", "\x0c", "\x85", "\u00a0", "\u2028", "\u3000"])
def test_white_space_of_any_kind_is_a_space(one: str) -> None:
    """The same section: it parts words, and is not nothing."""
    assert is_same_name(common_name(f"Example{one}Root".encode()), common_name(b"Example Root"))
    assert not is_same_name(common_name(f"Example{one}Root".encode()), common_name(b"ExampleRoot"))


@pytest.mark.parametrize("parts", [(), (der.oid("2.5.4.3"),)], ids=["empty", "type alone"])
def test_attribute_without_a_value_is_no_name(parts: tuple[bytes, ...]) -> None:
    """The DER is whole, and an AttributeTypeAndValue has two parts."""
    with pytest.raises(der.DERError, match="attribute"):
        is_same_name(der.sequence(der.tlv(0x31, der.sequence(*parts))), common_name(b"a"))


def common_name(value: bytes) -> bytes:
    """DER of a name that is a UTF8String alone, whatever it holds."""
    return der.sequence(der.tlv(0x31, der.sequence(der.oid("2.5.4.3"), der.tlv(0x0C, value))))


@pytest.mark.parametrize("name", SAME.values(), ids=SAME)
def test_name_of_the_parent_is_refused_however_it_is_encoded(machine: Machine, tmp_path: Path, name: x509.Name) -> None:
    """Clients would take the certificate for one of the parent itself."""
    file = tmp_path / "sub.csr"
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    file.write_bytes(request.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "10", "--out", tmp_path / "sub.pem")
    assert "has the name of root, which is to certify it" in machine.refused(*usual).what


def test_same_issuer_in_another_case_is_no_new_one(machine: Machine) -> None:
    """With the key of the root it would be the root a second time."""
    key = ("--key", f"file:{machine.folder}/root.key", "--passphrase", f"file:{machine.folder}/pw")
    usual = ("--subject", "CN=example root, O=example, C=EE", "--days", "10", *key)
    assert "has subject and key of root" in machine.refused("issuer", "create", "again", *usual).what


def test_certificate_of_the_same_name_by_another_key_is_not_installed(machine: Machine, tmp_path: Path) -> None:
    """It says that it is self-issued, and somebody else signed it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    builder = x509.CertificateBuilder().subject_name(SAME["case"]).issuer_name(ROOT).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now.replace(year=now.year + 1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path / "brought.pem"
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    file.write_bytes(signed.public_bytes(Encoding.PEM))
    assert (
        "is not signed with that one's key" in machine.refused("issuer", "install", "brought", file, "--offline").what
    )
