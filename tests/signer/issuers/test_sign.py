"""`revocast issuer csr` and `sign`: a request travels, and becomes a certificate that says what the signer decided."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from revocation import clock
from revocation.errors import KeyUnavailable
from signer.look import look
from tests.authority import CAKey
from tests.building.softhsm import SoftHSM
from tests.signer.issuers.machine import PASSPHRASE, ROOT, SUB, Machine, judged
from tests.signer.reading import crl_serials


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """The machine of the root, which is there."""
    machine = Machine(tmp_path / "here")
    machine.create_root("--path-length", "1")
    return machine


@pytest.fixture
def there(tmp_path: Path) -> Machine:
    """The machine of a CA that wants a certificate."""
    return Machine(tmp_path / "there")


def request(machine: Machine, *words: str) -> Path:
    """The request of the CA."""
    machine.run("issuer", "csr", "sub", "--subject", SUB, *machine.key("sub"), *words)
    return machine.folder / "issuers/sub.csr"


def sign(machine: Machine, file: Path, *words: str | Path, days: str = "365") -> Path:
    """The certificate, by the agreement that the digest is."""
    out = machine.folder / "sub.pem"
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", days, "--out", out, *words)
    machine.run(*usual, "--yes", digest_of(machine, *usual))
    return out


def digest_of(machine: Machine, *words: str | Path) -> str:
    """The digest of the order, as the refusal without a terminal names it."""
    return str(machine.refused(*words).advice).removeprefix("--yes ")


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


def test_request_with_a_bad_signature_is_refused(here: Machine, there: Machine) -> None:
    """Whoever made it does not have the key, or it was damaged on its way."""
    file = request(there)
    data = bytearray(x509.load_pem_x509_csr(file.read_bytes()).public_bytes(Encoding.DER))
    data[-2] ^= 1
    file.write_bytes(data)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is not signed with the key that it names" in here.refused(*usual).what


def test_request_for_anothers_key_is_refused(here: Machine, there: Machine) -> None:
    """A valid request whose key was replaced by another's: no possession of that one is proven."""
    mine = load_pem_private_key((request(there).parent.parent / "sub.key").read_bytes(), PASSPHRASE.encode())
    theirs = ec.generate_private_key(ec.SECP256R1())
    spki = [key.public_key() for key in (mine, theirs)]
    octets = [key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in spki]  # type: ignore[union-attr]
    file = there.folder / "issuers/sub.csr"
    data = x509.load_pem_x509_csr(file.read_bytes()).public_bytes(Encoding.DER)
    file.write_bytes(data.replace(octets[0], octets[1]))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is not signed with the key that it names" in here.refused(*usual).what


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1())])  # noqa: S505
def test_request_with_a_weak_key_is_refused(here: Machine, tmp_path: Path, key: CAKey) -> None:
    """Whatever its sender's software made."""
    file = tmp_path / "sub.csr"
    builder = x509.CertificateSigningRequestBuilder().subject_name(named())
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is weak" in here.refused(*usual).what


@pytest.mark.judge("openssl")
def test_request_with_a_pss_key_that_no_service_would_take_is_refused(here: Machine, tmp_path: Path) -> None:
    """Its parameters bind all that it signs to SHA-384, and its own certificate would be refused at each start."""
    key, file = tmp_path / "pss.key", tmp_path / "sub.csr"
    options = ("rsa_pss_keygen_md:sha384", "rsa_pss_keygen_mgf1_md:sha384", "rsa_pss_keygen_saltlen:48")
    given = [word for one in options for word in ("-pkeyopt", one)]
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA-PSS", *given, "-out", key], check=True, capture_output=True
    )
    command = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=Sub", "-sha384", "-out", file]
    subprocess.run(command, check=True, capture_output=True)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "parameters of its own" in here.refused(*usual).what


@pytest.mark.filterwarnings("ignore:Attribute's length must be")  # of cryptography, which takes it all the same
@pytest.mark.parametrize(
    ("oid", "value", "what"),
    [
        (NameOID.COMMON_NAME, "x" * 65, "CN of its subject has 65 characters: 64 at most"),
        (NameOID.LOCALITY_NAME, "x" * 129, "L of its subject has 129 characters: 128 at most"),
        (NameOID.EMAIL_ADDRESS, "x" * 256, "emailAddress of its subject has 256 characters: 255 at most"),
        (NameOID.COUNTRY_NAME, "ee", "C=ee in its subject is no country"),
        (NameOID.COUNTRY_NAME, "Estonia", "C=Estonia in its subject is no country"),
    ],
)
def test_request_with_a_name_beyond_the_bounds_is_refused(
    here: Machine, tmp_path: Path, oid: x509.ObjectIdentifier, value: str, what: str
) -> None:
    """RFC 5280 appendix A.1: a CA's name stands in all that it issues, and clients may refuse every one of them."""
    name = x509.Name([x509.NameAttribute(oid, value, _validate=False), *named()])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    file = tmp_path / "sub.csr"
    key = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert what in here.refused(*usual).what


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE REQUEST-----\n", b"\x30\x03\x02\x01\x00", b"x" * 2**21]
)
def test_what_is_no_request_is_refused(here: Machine, tmp_path: Path, content: bytes) -> None:
    """In words, whatever lies there."""
    file = tmp_path / "sub.csr"
    file.write_bytes(content)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert here.refused(*usual).where == str(file)


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


def named() -> x509.Name:
    """A subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sub")])
