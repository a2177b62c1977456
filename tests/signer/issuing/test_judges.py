"""What others' linters, OpenSSL and GnuTLS say of each profile, with keys of each kind, by both sets of rules."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock, der
from revocation.messages import Outcome
from tests.authority import Authority
from tests.building import keyforms, requests
from tests.signer.issuing.office import BR_PROFILES, NAMES, PROFILES, Office, SubjectKey, certificate_in
from tests.signer.issuing.test_public_names import REFUSED, TAKEN
from tests.signer.pkilint import pkilint_certificate

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PKIX = {
    "server": (("dns:www.example.com", "ip:192.168.0.1"), None, "sslserver"),
    "client": (("email:alice@example.com", "uri:https://example.com/alice"), "CN=Alice", "sslclient"),
    "server_client": (("dns:www.example.com",), "CN=www.example.com", "sslserver"),
    "email": (("email:alice@example.com",), None, "smimesign"),
    "code_signing": ((), "CN=Example Tool", "any"),
    "ocsp": ((), None, "ocsphelper"),
    "intermediate": ((), "CN=Example Sub CA, O=Example, C=EE", "any"),
    "short": (("dns:www.example.com",), None, "sslserver"),
}
BR = {
    "server": (("dns:www.example.com", "dns:*.example.com", "ip:8.8.8.8"), None),
    "server_client": (("dns:www.example.com",), None),
    "ocsp": ((), None),
    "intermediate": ((), "CN=Example Sub CA, O=Example, C=EE"),
}
KEYS: dict[str, SubjectKey] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "rsa2048": rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}

P521 = ec.generate_private_key(ec.SECP521R1())
RSA2056 = rsa.generate_private_key(65537, 2056)


@pytest.fixture(scope="module")
def pkix(tmp_path_factory: pytest.TempPathFactory) -> Office:
    issuance = NAMES + PROFILES.replace(".email]\n", '.email]\npolicies = ["2.23.140.1.5.1.3"]\n')
    return Office.build(tmp_path_factory.mktemp("pkix"), authority=Authority(crl_sign=True), issuance=issuance, now=NOW)


@pytest.fixture(scope="module")
def br(tmp_path_factory: pytest.TempPathFactory) -> Office:
    public = 'compliance = "br"'
    authority = Authority(organization="Example")
    folder = tmp_path_factory.mktemp("br")
    return Office.build(folder, authority=authority, public=public, issuance=NAMES + BR_PROFILES, now=NOW)


@pytest.fixture(scope="module")
def anything(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """By the BRs, with a policy that permits every name."""
    permitted = 'dns = ["*"]\nwildcards = true\nip = ["0.0.0.0/0", "::/0"]\nuri = ["https:"]\n'
    names = f"[signer.issuers.issuance.names]\n{permitted}"
    br = {"public": 'compliance = "br"', "authority": Authority(organization="Example")}
    return Office.build(tmp_path_factory.mktemp("anything"), issuance=names + BR_PROFILES, now=NOW, **br)


@pytest.mark.judge("lint_pkix_cert")
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("profile", PKIX)
def test_pkilint_finds_nothing_in_any_profile(pkix: Office, tmp_path: Path, profile: str, kind: str) -> None:
    """By RFC 5280."""
    names, subject, _ = PKIX[profile]
    issued = pkix.issue(profile, names, subject=subject, key=KEYS[kind], now=NOW)
    (tmp_path / "x.pem").write_bytes(issued.public_bytes(Encoding.PEM))
    assert pkilint_certificate(tmp_path / "x.pem", "lint_pkix_cert") == ""


@pytest.mark.judge("lint_cabf_serverauth_cert")
@pytest.mark.parametrize("kind", ["p256", "p384", "rsa2048"])
@pytest.mark.parametrize("profile", BR)
def test_pkilint_finds_nothing_by_the_brs(br: Office, tmp_path: Path, profile: str, kind: str) -> None:
    """But that a CA which signs no OCSP responses itself lacks digitalSignature, which is a note."""
    names, subject = BR[profile]
    issued = br.issue(profile, names, subject=subject, key=KEYS[kind], now=NOW)
    (tmp_path / "x.pem").write_bytes(issued.public_bytes(Encoding.PEM))
    found = pkilint_certificate(tmp_path / "x.pem", "lint_cabf_serverauth_cert", "-d").splitlines()
    assert [line for line in found if "cabf.ca_certificate_no_digital_signature_bit" not in line] == []


ODD_KEYS = {
    "explicit curve": (keyforms.EC, keyforms.EXPLICIT),
    "hybrid point": (keyforms.EC, keyforms.HYBRID),
    "compressed point": (keyforms.EC, keyforms.COMPRESSED),
    "RSA without NULL": (keyforms.RSA, keyforms.WITHOUT_NULL),
    "P-521": (P521, requests.info_of(P521)),
    "RSA of 2056 bits": (RSA2056, requests.info_of(RSA2056)),
}
ODD_NAMES = {
    f"common name as {tag:#x}": (tag, text.encode(codec))
    for tag, codec in {
        requests.UTF8: "utf-8",
        requests.PRINTABLE: "ascii",
        requests.IA5: "ascii",
        requests.VISIBLE: "ascii",
        requests.TELETEX: "ascii",
        requests.BMP: "utf-16-be",
        requests.UNIVERSAL: "utf-32-be",
        der.OCTET_STRING: "ascii",
        der.BIT_STRING: "ascii",
    }.items()
    for text in ("Alice",)
} | {
    f"common name {text!a}": (requests.UTF8, text.encode())
    for text in ("", " ", " x", "x\0", "x\x1b", "\u202ex", "Zoë")
}


def refused_or_certified(office: Office, profile: str, csr: bytes, file: Path) -> bool:
    """Whether a certificate is there to be judged."""
    reply = office.reply(office.ask(profile, (), csr=csr, now=NOW), NOW)
    if reply.outcome is Outcome.DONE:
        file.write_bytes(certificate_in(reply).public_bytes(Encoding.PEM))
        return True
    assert reply.outcome is Outcome.REFUSED, reply
    return False


def errors_in(found: str) -> list[str]:
    return [line for line in found.splitlines() if ",ERROR," in line or ",FATAL," in line or "Traceback" in line]


@pytest.mark.judge("lint_pkix_cert", "lint_cabf_serverauth_cert")
@pytest.mark.parametrize("what", ODD_KEYS)
def test_odd_key_is_refused_or_pkilint_finds_no_error(pkix: Office, br: Office, tmp_path: Path, what: str) -> None:
    """By RFC 5280, and by the BRs."""
    key, info = ODD_KEYS[what]
    csr = requests.signed_by(key, requests.request_info(info, extensions=[requests.names("www.example.com")]))
    for office, linter, options in ((pkix, "lint_pkix_cert", ()), (br, "lint_cabf_serverauth_cert", ("-d",))):
        if refused_or_certified(office, "server", csr, tmp_path / "x.pem"):
            assert errors_in(pkilint_certificate(tmp_path / "x.pem", linter, *options)) == []


@pytest.mark.judge("lint_pkix_cert")
@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize("profile", ["client", "code_signing", "intermediate"])
@pytest.mark.parametrize("what", ODD_NAMES)
def test_odd_subject_is_refused_or_pkilint_finds_no_error(
    pkix: Office, tmp_path: Path, profile: str, what: str
) -> None:
    """By RFC 5280: such requests are all that a requester may choose of a subject."""
    subject = der.sequence(requests.attribute("2.5.4.3", *ODD_NAMES[what]))
    info = requests.request_info(requests.info_of(keyforms.EC), subject=subject)
    if refused_or_certified(pkix, profile, requests.signed_by(keyforms.EC, info), tmp_path / "x.pem"):
        assert errors_in(pkilint_certificate(tmp_path / "x.pem", "lint_pkix_cert")) == []


@pytest.mark.judge("lint_pkix_cert", "lint_cabf_serverauth_cert")
def test_pkilint_finds_nothing_with_p_521_where_profiles_name_it(tmp_path: Path) -> None:
    """By RFC 5280, and by the BRs, whose section 6.1.5 has it."""
    issuance = NAMES + BR_PROFILES.replace("server]\n", 'server]\nkeys = ["p521"]\n')
    rules = {"lint_pkix_cert": ("", ()), "lint_cabf_serverauth_cert": ('compliance = "br"', ("-d",))}
    for linter, (public, options) in rules.items():
        authority = Authority(organization="Example")
        office = Office.build(tmp_path / linter, authority=authority, public=public, issuance=issuance, now=NOW)
        issued = office.issue("server", key=ec.generate_private_key(ec.SECP521R1()), now=NOW)
        (tmp_path / "x.pem").write_bytes(issued.public_bytes(Encoding.PEM))
        assert pkilint_certificate(tmp_path / "x.pem", linter, *options) == ""


@pytest.mark.judge("lint_cabf_serverauth_cert")
@pytest.mark.parametrize("name", [*REFUSED, *TAKEN])
def test_pkilint_finds_nothing_in_any_name_that_is_certified_by_the_brs(
    anything: Office, tmp_path: Path, name: str
) -> None:
    """Where the policy permits every name: those of which it would find something are refused here."""
    reply = anything.reply(anything.ask("server_client", (name,), now=NOW), NOW)
    assert (reply.outcome is Outcome.DONE) is (name in TAKEN), reply.detail
    if reply.outcome is Outcome.DONE:
        (tmp_path / "x.der").write_bytes(certificate_in(reply).public_bytes(Encoding.DER))
        assert pkilint_certificate(tmp_path / "x.der", "lint_cabf_serverauth_cert", "-d") == ""


@pytest.mark.judge("lint_cabf_smime_cert")
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_pkilint_takes_certificates_for_mail_with_that_policy_for_strict_ones(
    pkix: Office, tmp_path: Path, kind: str
) -> None:
    """By the S/MIME Baseline Requirements, of which nothing else is asked here."""
    issued = pkix.issue("email", ("email:alice@example.com",), key=KEYS[kind], now=NOW)
    (tmp_path / "x.pem").write_bytes(issued.public_bytes(Encoding.PEM))
    assert pkilint_certificate(tmp_path / "x.pem", "lint_cabf_smime_cert", "-d") == ""


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("profile", PKIX)
def test_openssl_takes_each_for_what_it_is(pkix: Office, tmp_path: Path, profile: str) -> None:
    """Strictly, for the purpose of its profile."""
    names, subject, purpose = PKIX[profile]
    issued = pkix.issue(profile, names, subject=subject, now=NOW)
    (tmp_path / "x.pem").write_bytes(issued.public_bytes(Encoding.PEM))
    root = str(pkix.estate.folder / "ca.pem")
    at = ["-attime", str(int(NOW.timestamp()))]
    usage = [] if purpose == "any" else ["-purpose", purpose]
    command = ["openssl", "verify", "-x509_strict", *at, *usage, "-CAfile", root, str(tmp_path / "x.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.judge("certtool")
def test_gnutls_takes_a_server_for_the_name_that_it_has(tmp_path: Path) -> None:
    """And for no other."""
    now = clock.now()
    office = Office.build(tmp_path, authority=Authority(crl_sign=True, not_before=now - timedelta(days=1)), now=now)
    issued = office.issue("server", ("dns:www.example.com",), now=now)
    for host, taken in (("www.example.com", True), ("example.org", False)):
        root = ["--load-ca-certificate", str(tmp_path / "ca.pem")]
        command = ["certtool", "--verify", *root, "--verify-hostname", host]
        done = subprocess.run(command, input=issued.public_bytes(Encoding.PEM), capture_output=True, check=False)
        assert (done.returncode == 0) is taken, done.stdout + done.stderr
