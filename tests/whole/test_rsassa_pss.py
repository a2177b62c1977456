"""RSASSA-PSS (RFC 4055): what a CA key signs so passes the gate and others' programs; what is only like it does not."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import ocsp

from publisher.responder_certificate import verify_responder_certificate
from publisher.verify_crl import verify_crl
from publisher.verify_ocsp import parts, verify_response
from revocation import clock, der, rsassa_pss
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError, GateError
from revocation.status import Reason, Revocation
from signer.keys import local
from signer.look import look
from signer.recovery.signed import _signed_crl
from signer.signer import Signer
from tests.authority import Authority, CAKey
from tests.building.passed import passed
from tests.estate import Estate, certificate
from tests.keykinds import CA_KEYS
from tests.signer.reading import bundles, newest_crl
from tests.whole.judges import Case, gnutls_verifies
from tests.whole.response_judges import Signed, ocsptool, ocsptool_told_the_signer, openssl, pyhanko

PSS = "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108"
PSS += "300d06096086480165030402010500a203020120"
"""The AlgorithmIdentifier, octet for octet as section 7.1.3.2.1 of the BRs has it."""

SERIALS = {"good": 0x1001, "revoked": 0x1002}
DIRECT = 'signed_by = "issuer"'
SHA256_TWICE = ("rsa_pss_keygen_md:sha256", "rsa_pss_keygen_mgf1_md:sha256")


def build(folder: Path, key: CAKey, *, signature: str = "rsassa-pss", public: str = "", ocsp_: str = "") -> Estate:
    """An installation of today with that key, and `signature` in the entry of its issuer; empty for none."""
    now = clock.now().replace(microsecond=0)
    authority = Authority(key=key, not_before=now - timedelta(days=10), days=40)
    public = f'{public}\n[public.ocsp]\nslices = 1\nhashes = ["sha1"]\n{ocsp_}'
    estate = Estate.build(folder, authority=authority, public=public)
    if signature:
        config = estate.folder / "revocast.toml"
        line = f'key = "file:ca.key"\nsignature = "{signature}"'
        config.write_text(config.read_text().replace('key = "file:ca.key"', line))
    return estate


def fill(estate: Estate) -> Signer:
    """Its signer, after a look at a good and a revoked certificate."""
    now = clock.now().replace(microsecond=0)
    signer = estate.signer(now)
    ends, revocation = now + timedelta(days=20), Revocation(now - timedelta(hours=1), Reason.keyCompromise)
    entries = [certificate(SERIALS["good"], not_after=ends)]
    entries.append(certificate(SERIALS["revoked"], not_after=ends, revocation=revocation))
    estate.import_(signer, entries, now)
    assert look(signer, fixed(now)).problems == []
    return signer


def for_pss_alone(estate: Estate, *options: str) -> None:
    """Give its issuer a key that is for RSASSA-PSS alone, with such `-pkeyopt` of OpenSSL."""
    parameters = [word for option in ("rsa_keygen_bits:2048", *options) for word in ("-pkeyopt", option)]
    key, ca = estate.folder / "ca.key", estate.folder / "ca.pem"
    new = ["-newkey", "rsa-pss", *parameters, "-noenc", "-keyout", key, "-out", ca]
    command = ["openssl", "req", "-x509", "-subj", "/CN=Test Issuing CA", "-days", "30", *new]
    subprocess.run(command, check=True, capture_output=True)


def responses_of(signer: Signer) -> dict[str, bytes]:
    """The newest, by status."""
    found = list(bundles(signer, "ocsp"))[-1][1]
    by_serial = {ocsp.load_der_ocsp_response(data).serial_number: data for data in found}
    return {name: by_serial[serial] for name, serial in SERIALS.items()}


def judged(folder: Path, estate: Estate, signer: Signer) -> Signed:
    """Its responses in files, for clients."""
    key = load_pem_private_key((estate.folder / "ca.key").read_bytes(), b"correct horse")
    authority = Authority.__new__(Authority)
    authority.key = key  # type: ignore[assignment]
    authority.certificate = x509.load_pem_x509_certificate((estate.folder / "ca.pem").read_bytes())
    return Signed.write(folder, authority, responses_of(signer), SERIALS, clock.now() + timedelta(days=20))


@pytest.mark.judge("openssl", "ocsptool", "certtool")
@pytest.mark.parametrize("direct", [False, True])
def test_what_a_ca_key_signs_with_pss_passes_the_gate_and_clients_verify_it(tmp_path: Path, direct: bool) -> None:
    """CRL, responder certificate and its responses, or responses of the CA key itself."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), ocsp_=DIRECT if direct else "")
    signer = fill(estate)
    (profile,), now = signer.public.profiles.values(), clock.now()
    ((_, (crl,)),) = bundles(signer, "crl")
    assert bytes(der.signed_parts(crl)[1]).hex() == PSS
    assert crl.count(bytes.fromhex(PSS)) == 2
    verify_crl(crl, profile.crls["all"], now)
    case = Case(tmp_path, estate.folder / "ca.pem", {}, {"all": crl}, {})
    assert gnutls_verifies(case, "all")
    command = ["openssl", "crl", "-in", case.pem(), "-CAfile", case.ca, "-noout"]
    assert "verify OK" in subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for data in responses_of(signer).values():
        taken = parts(data)
        signed = taken.algorithm if direct else der.signed_parts(taken.certificate or b"")[1]
        assert bytes(signed).hex() == PSS
        assert verify_response(data, profile.issuer, now).direct is direct
    found = judged(tmp_path, estate, signer)
    judges = [openssl, ocsptool_told_the_signer if direct else ocsptool, pyhanko]
    assert [judge(found, status) for status in SERIALS for judge in judges] == ["good"] * 3 + ["revoked"] * 3


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("options", [(), (*SHA256_TWICE, "rsa_pss_keygen_saltlen:20")])
@pytest.mark.parametrize("direct", [False, True])
def test_key_that_is_for_pss_alone_signs_so_without_being_told(
    tmp_path: Path, direct: bool, options: tuple[str, ...]
) -> None:
    """RFC 4055 section 1.2, with and without parameters in its certificate; OpenSSL refuses any other signature."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), signature="", ocsp_=DIRECT if direct else "")
    for_pss_alone(estate, *options)
    signer = fill(estate)
    (profile,), now = signer.public.profiles.values(), clock.now()
    ((_, (crl,)),) = bundles(signer, "crl")
    verify_crl(crl, profile.crls["all"], now)
    ca = ["-CAfile", estate.folder / "ca.pem"]
    (tmp_path / "all.crl").write_bytes(crl)
    command = ["openssl", "crl", "-inform", "DER", "-in", tmp_path / "all.crl", *ca, "-noout"]
    assert "verify OK" in subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for name, data in responses_of(signer).items():
        assert verify_response(data, profile.issuer, now).direct is direct
        (tmp_path / f"{name}.ocsp").write_bytes(data)
        asked = ["-issuer", estate.folder / "ca.pem", "-serial", str(SERIALS[name])]
        command = ["openssl", "ocsp", *ca, *asked, "-respin", tmp_path / f"{name}.ocsp", "-no_nonce"]
        said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
        assert said.startswith(f"Response verify OK\n{SERIALS[name]}: {name}\n"), said


@pytest.mark.judge("openssl")
def test_gate_refuses_pkcs1_v1_5_of_a_key_that_is_for_pss_alone(tmp_path: Path) -> None:
    """As every client does; CRL, responder certificate and response."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), signature="")
    for_pss_alone(estate)
    signer = estate.signer(now := clock.now().replace(microsecond=0))
    (profile,) = signer.public.profiles.values()
    key = load_pem_private_key((estate.folder / "ca.key").read_bytes(), None)
    signer.keyring._keys["test"] = local.of_private_key(key, "a key that signs as it should not")
    estate.register(signer, [1])
    assert look(signer, fixed(now)).problems == []
    ((_, (crl,)),) = bundles(signer, "crl")
    with pytest.raises(GateError, match="no RSASSA-PSS, and the key is for that alone"):
        verify_crl(crl, profile.crls["all"], now)
    ((_, responses),) = bundles(signer, "ocsp")
    with pytest.raises(GateError, match="no RSASSA-PSS, and the key is for that alone"):
        passed(profile, now, responses)


@pytest.mark.judge("openssl")
def test_pkcs1_v1_5_is_not_configured_for_a_key_that_is_for_pss_alone(tmp_path: Path) -> None:
    """At the start, and not at the first signature."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), signature="rsassa-pkcs1-v1_5")
    for_pss_alone(estate)
    with pytest.raises(ConfigurationError, match="the key of its certificate is for RSASSA-PSS alone"):
        estate.signer(clock.now())


@pytest.mark.judge("openssl")
@pytest.mark.parametrize(
    "options",
    [
        ("rsa_pss_keygen_md:sha384",),
        ("rsa_pss_keygen_md:sha256", "rsa_pss_keygen_mgf1_md:sha512"),
        (*SHA256_TWICE, "rsa_pss_keygen_saltlen:48"),
    ],
)
def test_issuer_whose_certificate_wants_other_parameters_is_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    """RFC 4055 section 3.3: clients would refuse each signature that does not fit them."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), signature="")
    for_pss_alone(estate, *options)
    with pytest.raises(ConfigurationError, match="RSASSA-PSS with parameters of its own"):
        PublicConfig.read(estate.file)


@pytest.mark.judge("openssl")
def test_key_that_is_for_pss_alone_is_refused_under_the_brs(tmp_path: Path) -> None:
    """Section 7.1.3.1.1: a key is called rsaEncryption, whatever it signs with; and PSS with such a key is allowed."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), public='compliance = "br"')
    (profile,) = PublicConfig.read(estate.file).profiles.values()
    assert not rsassa_pss.is_pss_only(profile.issuer.public_key_info)
    for_pss_alone(estate)
    with pytest.raises(ConfigurationError, match=r"RSASSA-PSS alone, which section 7\.1\.3\.1\.1 forbids"):
        PublicConfig.read(estate.file)


OTHERS = pytest.mark.parametrize(
    ("mask", "digest", "salt"), [(SHA1(), SHA256(), 32), (SHA256(), SHA256(), 20), (SHA1(), SHA1(), 20)]
)
REFUSED = "parameters of its RSASSA-PSS signature are none that are accepted"


@OTHERS
def test_gate_refuses_a_crl_and_a_responder_certificate_with_other_parameters(
    tmp_path: Path, mask: HashAlgorithm, digest: HashAlgorithm, salt: int
) -> None:
    """As of responses, of which the same three identifiers are taken; clients may verify them all the same."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"]())
    signer = fill(estate)
    (profile,), now = signer.public.profiles.values(), clock.now()
    key = load_pem_private_key((estate.folder / "ca.key").read_bytes(), b"correct horse")
    assert isinstance(key, rsa.RSAPrivateKey)

    def signed_so(data: bytes) -> bytes:
        tbs, other = bytes(der.signed_parts(data)[0]), encoded(mask, digest, salt)
        content = tbs[slice(*der.expect(tbs, 0, der.SEQUENCE))]
        tbs = der.sequence(content.replace(bytes.fromhex(PSS), other, 1))
        signature = key.sign(tbs, padding.PSS(padding.MGF1(mask), salt), digest)
        return der.sequence(tbs, other, der.tlv(der.BIT_STRING, b"\0", signature))

    ((_, (crl,)),) = bundles(signer, "crl")
    with pytest.raises(GateError, match=REFUSED):
        verify_crl(signed_so(crl), profile.crls["all"], now)
    certificate_ = parts(responses_of(signer)["good"]).certificate
    assert certificate_
    with pytest.raises(GateError, match=REFUSED):
        verify_responder_certificate(signed_so(certificate_), profile.issuer.subject, profile.issuer.public_key_info)


@OTHERS
def test_gate_refuses_a_response_with_other_parameters(
    tmp_path: Path, mask: HashAlgorithm, digest: HashAlgorithm, salt: int
) -> None:
    """A weak mask, a short salt, a weak digest: the identifier is none of the three, though the signature fits it."""
    estate = build(tmp_path / "e", CA_KEYS["rsa2048"](), ocsp_=DIRECT)
    signer = fill(estate)
    (profile,) = signer.public.profiles.values()
    key = load_pem_private_key((estate.folder / "ca.key").read_bytes(), b"correct horse")
    assert isinstance(key, rsa.RSAPrivateKey)
    data, now = responses_of(signer)["good"], clock.now()
    taken = parts(data)
    other = encoded(mask, digest, salt)
    signature = key.sign(bytes(taken.tbs), padding.PSS(padding.MGF1(mask), salt), digest)
    basic = der.sequence(bytes(taken.tbs), other, der.tlv(der.BIT_STRING, b"\0", signature))
    changed = der.sequence(
        der.tlv(der.ENUMERATED, b"\0"),
        der.explicit(0, der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.tlv(der.OCTET_STRING, basic))),
    )
    with pytest.raises(GateError, match=REFUSED):
        verify_response(changed, profile.issuer, now)


def encoded(mask: HashAlgorithm, digest: HashAlgorithm, salt: int) -> bytes:
    """An AlgorithmIdentifier with those parameters; in DER what is the default (SHA-1, 20) stands nowhere."""
    sha256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(der.NULL))
    fields = b""
    if digest.name == "sha256":
        fields += der.explicit(0, sha256)
    if mask.name == "sha256":
        fields += der.explicit(1, der.sequence(der.oid("1.2.840.113549.1.1.8"), sha256))
    if salt != 20:
        fields += der.explicit(2, der.integer(salt))
    return der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence(fields))


def test_signature_of_rsa_is_not_configured_for_a_key_of_another_kind(tmp_path: Path) -> None:
    """Nothing is signed, and the message says what to take out."""
    signer = (estate := build(tmp_path / "e", CA_KEYS["p256"]())).signer(clock.now())
    estate.register(signer, [1], clock.now())
    (problem, *_) = look(signer, fixed(clock.now())).problems
    assert 'signature = "rsassa-pss" is for RSA keys' in str(problem)
    assert not list(bundles(signer, "crl"))


def test_rebuilt_ledger_reads_what_was_signed_with_pss(tmp_path: Path) -> None:
    """The signer verifies its own CRLs after a disaster, and takes no other scheme for them."""
    signer = fill(build(tmp_path / "e", CA_KEYS["rsa2048"]()))
    (profile,) = signer.public.profiles.values()
    assert _signed_crl(newest_crl(signer), profile.issuer)
