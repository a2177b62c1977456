"""`revocast issuer csr` and `sign`: a request travels, and becomes a certificate that says what the signer decided."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from revocation import clock
from revocation.errors import KeyUnavailable
from signer.look import look
from tests.building.softhsm import SoftHSM
from tests.signer.issuers.machine import ROOT, SUB, Machine, judged
from tests.signer.issuers.travelling import digest_of, named, request, sign
from tests.signer.reading import crl_serials


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_request_becomes_a_certificate_that_both_judges_verify(here: Machine, there: Machine) -> None:
    """Its subject and key are those of the request, its pointers those of the one who signs."""
    file = request(there)
    subprocess.run(["openssl", "req", "-verify", "-noout", "-in", str(file)], check=True, capture_output=True)
    made = x509.load_pem_x509_certificate(sign(here, file).read_bytes())
    asked = x509.load_pem_x509_csr(file.read_bytes())
    assert (made.subject, made.public_key()) == (asked.subject, asked.public_key())
    judged(here.pem("root"), here.folder / "sub.pem")
    points = made.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert here.signer.public.profile("root").complete_crls["all"].url in str(list(points))


@pytest.mark.parametrize("kind", ["p384", "rsa2048", "ed25519", "mldsa44"])
def test_request_of_each_kind_of_key_is_taken(here: Machine, there: Machine, kind: str) -> None:
    """Proof of possession is verified for all of them."""
    there.run("issuer", "csr", "sub", "--subject", SUB, *there.key("sub", kind))
    made = x509.load_pem_x509_certificate(sign(here, there.folder / "issuers/sub.csr").read_bytes())
    made.verify_directly_issued_by(here.certificate("root"))


def test_request_signed_with_rsassa_pss_is_taken_whatever_its_salt(here: Machine, tmp_path: Path) -> None:
    """OpenSSL's salt is as long as it can be, and that proves possession as well as any other."""
    pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH)
    builder = x509.CertificateSigningRequestBuilder().subject_name(named())
    key, file = rsa.generate_private_key(65537, 2048), tmp_path / "sub.csr"
    file.write_bytes(builder.sign(key, SHA256(), rsa_padding=pss).public_bytes(Encoding.PEM))
    sign(here, file)


@pytest.mark.judge("softhsm2-util")
@pytest.mark.judge("openssl")
def test_request_and_certificate_by_keys_on_a_token(here: Machine, there: Machine, token: SoftHSM) -> None:
    """Neither command wants more of a key than a signature."""
    pin = ("--passphrase", f"file:{token.pin_file}")
    for name in ("sub", "other"):
        token.put(ec.generate_private_key(ec.SECP256R1()), name)
    there.run("issuer", "csr", "sub", "--subject", SUB, "--key", token.uri("sub"), *pin)
    file = there.folder / "issuers/sub.csr"
    subprocess.run(["openssl", "req", "-verify", "-noout", "-in", str(file)], check=True, capture_output=True)
    other = ("--subject", "CN=Other", "--days", "3650", "--append", "--key", token.uri("other"), *pin)
    here.run("issuer", "create", "other", *other)
    usual = ("issuer", "sign", file, "--issued-by", "other", "--days", "10", "--out", here.folder / "x.pem")
    digest = digest_of(here, *usual)
    token.take_out()
    assert isinstance(here.refused(*usual, "--yes", digest), KeyUnavailable)
    assert here.run("audit", "show").count("sign CA certificate") == 2
    token.put_back()
    token.module.restart()
    here.run(*usual, "--yes", digest)


def test_revocation_of_what_was_signed_is_on_the_parents_crl(here: Machine, there: Machine) -> None:
    """The parent's ledger knows the certificate, so nothing has to be imported for it."""
    made = x509.load_pem_x509_certificate(sign(here, request(there)).read_bytes())
    here.revoke(made.serial_number)
    look(signer := here.signer, clock.now)
    assert crl_serials(signer) == [made.serial_number]


def test_nothing_but_subject_and_key_is_taken_from_a_request(here: Machine, tmp_path: Path) -> None:
    """Extensions that a request asks for, and those of an end entity, are not what it gets."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(named())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("evil.example")]), critical=False)
    file = tmp_path / "sub.csr"
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.DER))
    made = x509.load_pem_x509_certificate(sign(here, file).read_bytes())
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_subject_stays_octet_for_octet(here: Machine, tmp_path: Path) -> None:
    """CRLs repeat it and clients compare octets: another string type would be another issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old CA", _type=_ASN1Type.T61String)])
    file = tmp_path / "sub.csr"
    file.write_bytes(
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256()).public_bytes(Encoding.PEM)
    )
    made = x509.load_pem_x509_certificate(sign(here, file).read_bytes())
    assert b"\x14\x06Old CA" in made.tbs_certificate_bytes


def test_digest_of_another_order_is_no_agreement(here: Machine, there: Machine) -> None:
    """It covers request, days and what the CA may do: who agreed to one did not agree to another."""
    file = request(there)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--out", here.folder / "x.pem", "--days")
    agreed = digest_of(here, *usual, "365")
    for words in (
        ("366",),
        ("365", "--usage", "serverAuth"),
        ("365", "--signs-responses"),
        ("365", "--policy", "1.2.3"),
    ):
        assert "agrees to" in here.refused(*usual, *words, "--yes", agreed).what
    assert not (here.folder / "x.pem").exists()


def test_out_that_is_there_stays(here: Machine, there: Machine) -> None:
    """A certificate is not written over, nor is a request."""
    file, out = request(there), here.folder / "x.pem"
    out.write_text("mine")
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", out)
    assert "is there already" in here.refused(*usual).what
    assert out.read_text() == "mine"
    again = there.refused("issuer", "csr", "sub", "--subject", SUB, *there.key("other"))
    assert "is there already" in again.what


def test_key_that_is_not_for_certificates_signs_none(tmp_path: Path, there: Machine) -> None:
    """`purposes` of the key hold whatever the command wants; a request is a purpose of its own."""
    entry = '[[signer.issuers]]\nname = "root"\nkey = "file:root.key"\npassphrase = "file:pw"\n'
    machine = Machine(tmp_path / "limited", signer=entry)
    machine.key("root")
    machine.run("issuer", "create", "root", "--subject", ROOT, "--days", "3650", "--append")
    limits = '[signer.issuers.limits]\npurposes = ["crl", "ocsp", "responder_certificate"]\n'
    machine.config.write_text(machine.config.read_text().replace(entry, entry + limits))
    usual = (
        "issuer",
        "sign",
        request(there),
        "--issued-by",
        "root",
        "--days",
        "365",
        "--out",
        machine.folder / "x.pem",
    )
    digest = digest_of(machine, *usual)
    assert "and not for ca_certificate" in machine.refused(*usual, "--yes", digest).what
    assert "and not for csr" in machine.refused("issuer", "csr", "root").what


def test_approvals_of_ceremonies_are_wanted_for_a_certificate_too(tmp_path: Path, there: Machine) -> None:
    """Nothing of Revocast signs on that machine without them: two people agree to the digest of the order."""
    keys = [tmp_path / name for name in ("anna", "ben")]
    for key in keys:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    approvers = ", ".join(
        f'{{ name = "{key.name}", public_key = "{key.with_suffix(".pub").read_text().strip()}" }}' for key in keys
    )
    machine = Machine(tmp_path / "careful")
    machine.create_root()
    with machine.config.open("a") as file:
        file.write(f"[signer.ceremony]\napprovals = 2\napprovers = [{approvers}]\n")
    out = machine.folder / "x.pem"
    usual = ("issuer", "sign", request(there), "--issued-by", "root", "--days", "365", "--out", out)
    refused = machine.refused(*usual)
    assert "2 of 2 have to agree, and 0 did" in refused.what
    digest = str(refused.where).removeprefix("order ")
    for key in keys:
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "revocast-ceremony", "-f", str(key)]
        signed = subprocess.run(command, input=f"{digest}\n".encode(), capture_output=True, check=True)
        key.with_suffix(".sig").write_bytes(signed.stdout)
    one, both = (tuple(w for k in some for w in ("--approval", k.with_suffix(".sig"))) for some in (keys[:1], keys))
    assert "and 1 did" in machine.refused(*usual, "--yes", digest, *one).what
    other = ("--days", "366", "--yes", digest)
    assert "agrees to" in machine.refused(*usual, *other, *both).what
    told = json.loads(
        machine.run(*usual, "--yes", digest, *both, "--json").partition("order      ")[2].partition("\n")[2]
    )
    assert told["order"] == digest.removeprefix("sha256:")
    assert '"approvals":["anna","ben"]' in machine.run("audit", "show")
