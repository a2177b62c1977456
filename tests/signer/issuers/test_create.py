"""`revocast issuer create`: what a root and a CA below it say, and who verifies them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID

from revocation import serials
from signer.issuers.subject import parse_subject
from signer.ledger import facts
from tests.building.softhsm import PIN, SoftHSM
from tests.signer.issuers.machine import ROOT, Machine, judged
from tests.signer.pkilint import pkilint_certificate

NO_SIGNATURE_BIT = "cabf.ca_certificate_no_digital_signature_bit"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One without issuers."""
    return Machine(tmp_path)


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "rsa2048", "ed25519"])
def test_root_is_what_rfc_5280_wants_of_a_ca(machine: Machine, kind: str) -> None:
    """Critical basicConstraints and keyUsage, SKI, no EKU, no pointers; a positive serial with more than 64 bits."""
    machine.create_root(*machine.key("root", kind))
    root = machine.certificate("root")
    judged(machine.pem("root"))
    assert root.subject == root.issuer
    assert root.subject.rfc4514_string() == "CN=Example Root,O=Example,C=EE"
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=None))
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature
    kinds = {type(one.value) for one in root.extensions}
    expected = {x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier}
    assert kinds == expected
    assert root.serial_number.bit_length() > 64
    life = root.not_valid_after_utc - root.not_valid_before_utc + timedelta(seconds=1)
    assert life == timedelta(days=3650)
    assert pkilint_certificate(machine.pem("root"), "lint_pkix_cert") == ""


def test_root_with_a_post_quantum_key_verifies(machine: Machine) -> None:
    """ML-DSA-65, by cryptography: the judges at hand are older than it."""
    machine.create_root(*machine.key("root", "mldsa65"))
    root = machine.certificate("root")
    root.verify_directly_issued_by(root)


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_ca_below_a_root_says_where_its_status_is_and_is_in_the_ledger(machine: Machine) -> None:
    """Its pointers are the parent's configured URLs, and the parent's CRL and responses know it from then on."""
    machine.create_root()
    machine.create_sub()
    sub, parent = machine.certificate("sub"), machine.signer.public.profile("root")
    judged(machine.pem("root"), machine.pem("sub"))
    points = sub.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [point.full_name[0].value for point in points if point.full_name] == [parent.complete_crls["all"].url]
    access = {
        one.access_method: one.access_location.value
        for one in sub.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    }
    assert access == {
        AuthorityInformationAccessOID.OCSP: "http://pki.example.com/ocsp",
        AuthorityInformationAccessOID.CA_ISSUERS: f"http://pki.example.com/issuer/{parent.issuer.id}.cer",
    }
    assert sub.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert pkilint_certificate(machine.pem("sub"), "lint_pkix_cert") == ""
    with machine.signer.ledger.read() as connection:
        known = facts.find(connection, parent.issuer, serials.from_int(sub.serial_number))
    assert known is not None
    assert (known.is_ca, known.not_after) == (True, sub.not_valid_after_utc)


@pytest.mark.parametrize("who", ["root", "sub"])
def test_certificates_under_br_have_nothing_that_a_linter_minds(tmp_path: Path, who: str) -> None:
    """A root, and a TLS CA with its usage and policy; pkilint only notes that digitalSignature is not set."""
    machine = Machine(tmp_path, public='compliance = "br"')
    machine.create_root(*machine.key("root", "p384"), days=7300)
    machine.create_sub()
    found = pkilint_certificate(machine.pem(who), "lint_cabf_serverauth_cert", "-d").splitlines()
    assert all(NO_SIGNATURE_BIT in line for line in found), found
    assert pkilint_certificate(machine.pem(who), "lint_pkix_cert") == ""


def test_shard_of_a_ca_stands_in_it_and_in_the_ledger(tmp_path: Path) -> None:
    """Where CRLs are sharded, the URL in the certificate is that of the shard that will list it."""
    machine = Machine(tmp_path, public='crl = { scopes = ["user", "ca"], shards = 4 }')
    machine.create_root()
    machine.create_sub()
    sub, parent = machine.certificate("sub"), machine.signer.public.profile("root")
    (point,) = sub.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    with machine.signer.ledger.read() as connection:
        known = facts.find(connection, parent.issuer, serials.from_int(sub.serial_number))
    assert known is not None
    assert point.full_name is not None
    assert point.full_name[0].value == parent.complete_crls[f"ca.{known.shard}"].url
    assert known.shard == sub.serial_number % 4 + 1


def test_ca_that_is_to_sign_responses_itself_may(tmp_path: Path) -> None:
    """`signed_by = "issuer"` wants digitalSignature in the keyUsage: the configuration is read before it is made."""
    public = 'ocsp = { signed_by = "issuer" }'
    machine = Machine(tmp_path, public=public)
    machine.create_root()
    assert machine.signer.public.profile("root").issuer.signs_responses


def test_tables_are_printed_where_they_are_not_to_be_appended(machine: Machine) -> None:
    """And whoever puts them there has a configuration that works."""
    before = machine.config.read_text()
    words = ("issuer", "create", "root", "--subject", ROOT, "--days", "3650", *machine.key("root"))
    printed = machine.run(*words)
    assert machine.config.read_text() == before
    tables = printed[printed.index("[[public.issuers]]") :]
    machine.config.write_text(before + tables)
    assert machine.signer.public.profile("root").issuer.certificates == (machine.certificate("root"),)


def test_entries_that_are_configured_already_say_key_file_and_limits(tmp_path: Path) -> None:
    """Then the command needs neither --key nor --append, and the key's limits hold for its own certificate too."""
    entry = """[[signer.issuers]]
name = "root"
key = "file:root.key"
passphrase = "file:pw"
[signer.issuers.limits]
certificate_validity = "3000d"
[[public.issuers]]
name = "root"
certificates = ["pki/own.pem"]"""
    machine = Machine(tmp_path, signer=entry)
    machine.key("root")
    words = ("issuer", "create", "root", "--subject", ROOT, "--days")
    assert "lasts 3000d at most" in machine.refused(*words, "3650").what
    assert not (tmp_path / "pki/own.pem").exists()
    told = json.loads(machine.run(*words, "3000", "--json").partition("order")[2].partition("\n")[2])
    assert told["certificate"] == str(tmp_path / "pki/own.pem")
    assert told["problem"] is None


@pytest.mark.judge("softhsm2-util")
@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_root_whose_key_is_on_a_token(machine: Machine, token: SoftHSM) -> None:
    """The key is used where it is."""
    uri = token.put(ec.generate_private_key(ec.SECP256R1()), "root")
    machine.create_root("--key", uri, "--passphrase", f"file:{token.pin_file}")
    judged(machine.pem("root"))
    assert PIN not in machine.config.read_text()


def test_every_certificate_is_in_the_audit_log_with_who_asked(machine: Machine) -> None:
    """Key, purpose, serial and the operators as they were named."""
    machine.create_root("--operator", "Anna", "--operator", "Ben")
    entry = machine.run("audit", "show")
    serial = f"{machine.certificate('root').serial_number:X}"
    for word in ("sign CA certificate", '"purpose":"ca_certificate"', '"requester":"Anna, Ben"', serial):
        assert word in entry


def test_certificate_that_is_there_is_never_written_over(machine: Machine) -> None:
    """Nor is a key used to make another."""
    machine.create_root()
    before = machine.pem("root").read_bytes()
    refused = machine.refused("issuer", "create", "root", "--subject", ROOT, "--days", "10")
    assert "is there already" in refused.what
    assert machine.pem("root").read_bytes() == before
    assert machine.run("audit", "show").count("sign CA certificate") == 1


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_root_that_signs_with_rsassa_pss(tmp_path: Path) -> None:
    """`signature` of the entry holds for certificates too."""
    entry = '[[signer.issuers]]\nname = "root"\nkey = "file:root.key"\npassphrase = "file:pw"\n'
    machine = Machine(tmp_path, signer=entry + 'signature = "rsassa-pss"\n')
    machine.key("root", "rsa2048")
    machine.run("issuer", "create", "root", "--subject", ROOT, "--days", "3650", "--append")
    assert machine.certificate("root").signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS
    judged(machine.pem("root"))


@pytest.mark.parametrize(
    "text",
    ["CN=A B, O=Acme\\, Inc., C=EE", "C=EE, O=Acme\\, Inc., CN=A B", "/C=EE/O=Acme, Inc./CN=A B"],
)
def test_subject_is_the_same_in_whichever_way_it_is_written(text: str) -> None:
    """From country to common name, as most CAs have it and pkilint wants it."""
    assert parse_subject(text).rfc4514_string() == "CN=A B,O=Acme\\, Inc.,C=EE"
