"""Keys of which a certificate is revoked: `issuer create`, `sign` and `renew` look before they certify one again."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from revocation import clock, der
from revocation.status import Reason, Revocation
from signer.encoding.certification_request import encode_info
from signer.importers.certificate import serial_of
from signer.keys.generating import KINDS
from signer.ledger import facts
from tests.authority import CAKey
from tests.signer.issuers.machine import SUB, Machine


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    """The request of a CA on another machine."""
    there = Machine(tmp_path / "there")
    there.run("issuer", "csr", "sub", "--subject", SUB, *there.key("sub"))
    return there.folder / "issuers/sub.csr"


def sign(machine: Machine, request: Path, out: str) -> tuple[str, ...]:
    """The command that signs it, with its agreement."""
    words = ("issuer", "sign", str(request), "--issued-by", "root", "--days", "10", "--out", str(machine.folder / out))
    return *words, "--yes", str(machine.refused(*words).advice).removeprefix("--yes ")


@pytest.mark.parametrize("reason", ["keyCompromise", "cACompromise"])
def test_stolen_key_gets_no_other_certificate(machine: Machine, reason: str) -> None:
    """Neither a renewal nor one under another name: the thief would have a CA that nobody has revoked."""
    machine.create_sub()
    machine.revoke(machine.certificate("sub").serial_number, reason)
    assert "its key is compromised" in machine.refused("issuer", "renew", "sub", "--days", "10").what
    again = ("--key", f"file:{machine.folder / 'sub.key'}", "--passphrase", f"file:{machine.folder / 'pw'}")
    other = ("issuer", "create", "other", "--issued-by", "root", "--subject", "CN=Other", "--days", "5", *again)
    assert "its key is compromised" in machine.refused(*other).what
    assert machine.run("audit", "show").count("sign CA certificate") == 2


def test_old_request_of_a_stolen_key_is_refused(machine: Machine, request_file: Path) -> None:
    """The stick still has it, and its issuer is in no configuration here: the ledger has its certificate."""
    machine.run(*sign(machine, request_file, "first.pem"))
    made = x509.load_pem_x509_certificate((machine.folder / "first.pem").read_bytes())
    machine.revoke(made.serial_number, "keyCompromise")
    words = ("issuer", "sign", request_file, "--issued-by", "root", "--days", "10", "--out", machine.folder / "x.pem")
    refused = machine.refused(*words)
    assert f"its certificate {made.serial_number:X} of root is revoked since" in refused.what


def test_root_whose_key_was_stolen_certifies_nothing_however_often_it_was_renewed(machine: Machine) -> None:
    """A revocation of its first certificate, in its own ledger, is one of the key."""
    first, root = machine.certificate("root"), machine.signer.public.profile("root").issuer
    machine.run("issuer", "renew", "root", "--days", "3000")
    signer, origin = machine.signer, facts.Origin("operator", "0" * 32, clock.now())
    with signer.ledger.write() as connection:
        facts.ensure_issuer(connection, root)
        facts.register(connection, root, serial_of(first), not_after=None, is_ca=False, der=None)
        facts.revoke(connection, root, serial_of(first), Revocation(clock.now(), Reason.cACompromise), origin)
    words = ("issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "5", *machine.key("sub"))
    for command in (words, ("issuer", "renew", "root", "--days", "3000")):
        assert "its key is compromised" in machine.refused(*command).what


def test_certificate_is_known_by_the_audit_log_where_its_octets_are_gone(machine: Machine, request_file: Path) -> None:
    """A ledger that was made anew from CRLs has serials alone."""
    machine.run(*sign(machine, request_file, "first.pem"))
    made = x509.load_pem_x509_certificate((machine.folder / "first.pem").read_bytes())
    machine.revoke(made.serial_number, "keyCompromise")
    with machine.signer.ledger.write() as connection:
        connection.execute(text("UPDATE certificates SET der = NULL, is_ca = false"))
    words = ("issuer", "sign", request_file, "--issued-by", "root", "--days", "10", "--out", machine.folder / "x.pem")
    assert "its key is compromised" in machine.refused(*words).what


def test_revocation_for_another_reason_is_shown(machine: Machine) -> None:
    """It may be right to go on with the key, and whoever agrees has to know."""
    machine.create_sub()
    serial = machine.certificate("sub").serial_number
    machine.revoke(serial, "superseded")
    said = machine.run("issuer", "renew", "sub", "--days", "10")
    assert f"revoked    its certificate {serial:X} of root is revoked since" in said
    assert "(superseded)" in said


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_stolen_key_is_known_in_another_encoding(machine: Machine, tmp_path: Path, kind: str) -> None:
    """A compressed point and the identifier of RSASSA-PSS name the same key: its thief chooses how."""
    key = KINDS[kind]()
    plain = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    machine.run(*sign(machine, requested(tmp_path / "first.csr", key, plain), "first.pem"))
    made = x509.load_pem_x509_certificate((machine.folder / "first.pem").read_bytes())
    machine.revoke(made.serial_number, "keyCompromise")
    again = requested(tmp_path / "again.csr", key, other_encoding(key, plain))
    words = ("issuer", "sign", again, "--issued-by", "root", "--days", "10", "--out", machine.folder / "x.pem")
    assert "its key is compromised" in machine.refused(*words).what


def other_encoding(key: CAKey, plain: bytes) -> bytes:
    """Of the same public key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        identifier = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    else:
        point, identifier = der.public_key_octets(plain), der.sequence(der.oid("1.2.840.113549.1.1.10"))
    return der.sequence(identifier, der.tlv(3, b"\0", point))


def requested(file: Path, key: CAKey, public_key_info: bytes) -> Path:
    """A request for the key in that encoding, signed with it; the subject is that of the file."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, file.stem)]).public_bytes()
    info = encode_info(subject, public_key_info)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm, signature = der.sequence(der.oid("1.2.840.10045.4.3.2")), key.sign(info, ec.ECDSA(SHA256()))
    else:
        assert isinstance(key, rsa.RSAPrivateKey)
        algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(5))
        signature = key.sign(info, padding.PKCS1v15(), SHA256())
    file.write_bytes(der.sequence(info, algorithm, der.tlv(3, b"\0", signature)))
    return file
