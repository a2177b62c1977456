"""Every kind of responder key and of CA key: what is signed names its algorithm right, and passes the gate."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from publisher.gate import Checks
from publisher.verify_crl import verify_crl
from publisher.verify_ocsp import parts, verify_response
from publisher.verifying import Verifying
from revocation import der
from revocation.bundle import reader
from revocation.clock import fixed
from revocation.compliance import Compliance
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError, GateError
from revocation.keykind import KeyKind, kind_of
from revocation.messages import Verb
from signer import responses
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority, CAKey
from tests.building.passed import passed
from tests.estate import Estate
from tests.keykinds import ALGORITHMS, CA_KEYS
from tests.signer.reading import bundles, newest_crl

HOUR = timedelta(hours=1)
TASKS = (Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN)


def estate_with(folder: Path, ca: str, kind: str, more: str = "") -> Estate:
    """An installation with such a CA key and such responder keys, and two certificates, one of them revoked."""
    public = f'{more}\n[public.ocsp]\nresponder_key = "{kind}"\nslices = 1'
    return Estate.build(folder, authority=Authority(key=CA_KEYS[ca](), days=7300), public=public)


def responses_of(signer: Signer) -> list[bytes]:
    """What lies in the newest bundle of responses."""
    return list(bundles(signer, "ocsp"))[-1][1]


def key_of(response: bytes) -> KeyKind | None:
    """The kind of key of the certificate that is embedded in a response."""
    certificate = x509.load_der_x509_certificate(parts(response)[2])
    return kind_of(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def algorithm_of(signed: bytes) -> str:
    """The AlgorithmIdentifier of a SIGNED structure."""
    return bytes(der.signed_parts(signed)[1]).hex()


@pytest.mark.parametrize("kind", KeyKind)
def test_responses_of_a_responder_key_name_its_algorithm_and_pass_the_gate(tmp_path: Path, kind: KeyKind) -> None:
    """Octet for octet, in the response and in its certificate; one whose signature is changed does not pass."""
    ca = "mldsa87" if kind.is_post_quantum else "p384"
    estate = estate_with(tmp_path / "e", ca, kind)
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    estate.register(signer, [1, 2])
    assert look(signer, fixed(NOW)).problems == []
    found = responses_of(signer)
    assert len(found) == 4
    for data in found:
        basic = ocsp.load_der_ocsp_response(data)
        assert verify_response(data, profile.issuer, NOW).revocation is None
        assert basic.tbs_response_bytes + bytes.fromhex(ALGORITHMS[kind]) in data
        assert key_of(data) is kind
        assert algorithm_of(parts(data)[2]) == ALGORITHMS[ca]
    at = found[0].index(ocsp.load_der_ocsp_response(found[0]).signature) + 40
    changed = found[0][:at] + bytes((found[0][at] ^ 1,)) + found[0][at + 1 :]
    with pytest.raises(GateError, match="signature is not that of"):
        verify_response(changed, profile.issuer, NOW)


@pytest.mark.parametrize("ca", CA_KEYS)
def test_crl_and_responder_certificate_of_a_ca_key_name_its_algorithm_and_pass_the_gate(
    tmp_path: Path, ca: str
) -> None:
    """Each kind of CA key signs both."""
    estate = estate_with(tmp_path / "e", ca, "p256")
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    estate.register(signer, [1])
    assert look(signer, fixed(NOW)).problems == []
    ((_, (crl,)),) = bundles(signer, "crl")
    assert verify_crl(crl, profile.crls["all"], NOW).number == newest_crl(signer).extensions[1].value.crl_number
    assert algorithm_of(crl) == ALGORITHMS[ca]
    (response, _) = responses_of(signer)
    assert algorithm_of(parts(response)[2]) == ALGORITHMS[ca]
    assert verify_response(response, profile.issuer, NOW).serial == b"\x01"


def test_other_kind_of_responder_key_is_there_at_the_next_look_beside_the_old_one(tmp_path: Path) -> None:
    """A new key at once and once; what the old one signed stays until its turn, and is not cut short."""
    estate = estate_with(tmp_path / "e", "p256", "p256")
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    (before, _) = responses_of(signer)
    config = estate.folder / "revocast.toml"
    shorter = 'responder_key = "ed25519"\nresponder_certificate_expires = "3d"'  # it ends before the old one does
    config.write_text(config.read_text().replace('responder_key = "p256"', shorter))
    signer = estate.signer()
    (made,) = look(signer, fixed(NOW + HOUR)).made
    assert made == "test: responder certificate (its key is p256, and configured is ed25519)"
    assert len(list((estate.folder / "signer/keys").glob("*.pem"))) == 2
    assert look(signer, fixed(NOW + 2 * HOUR)).made == []
    assert responses_of(signer)[0] == before
    (profile,) = signer.public.profiles.values()
    assert verify_response(before, profile.issuer, NOW + 23 * HOUR).serial == b"\x01"
    look(signer, fixed(NOW + 12 * HOUR))
    assert {key_of(response) for response in responses_of(signer)} == {KeyKind.ED25519}


def test_old_responder_key_signs_on_while_the_ca_key_cannot_be_used(tmp_path: Path) -> None:
    """Another kind is configured where the CA key is away: that is told, and no response is late for it."""
    estate = estate_with(tmp_path / "e", "p256", "p256")
    estate.register(signer := estate.signer(), [1])
    look(signer, fixed(NOW))
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('responder_key = "p256"', 'responder_key = "p384"'))
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    report = look(signer := estate.signer(), fixed(NOW + 12 * HOUR))
    assert "test: ocsp slice 0" in report.made[0]
    assert "cannot be read: No such file" in str(report.problems[0])
    assert {key_of(response) for response in responses_of(signer)} == {KeyKind.P256}


def test_key_of_the_configured_kind_that_ends_soon_cuts_no_response_short_while_another_lives(tmp_path: Path) -> None:
    """The kind was configured back where the CA key is away: the other delegate lives for days."""
    estate = estate_with(tmp_path / "e", "p256", "p256")
    estate.register(estate.signer(), [1])
    look(estate.signer(), fixed(NOW))
    config, day = estate.folder / "revocast.toml", timedelta(days=1)
    before = config.read_text()
    config.write_text(before.replace('responder_key = "p256"', 'responder_key = "ed25519"'))
    look(estate.signer(), fixed(NOW + 5 * day))
    config.write_text(before)
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    signer = estate.signer()
    for days, kind in ((6, KeyKind.P256), (6.5, KeyKind.ED25519)):
        report = look(signer, fixed(NOW + days * day))
        assert "ocsp slice 0" in report.made[0]
        assert "cannot be read: No such file" in str(report.problems[0])
        for response in responses_of(signer):
            (said,) = ocsp.load_der_ocsp_response(response).responses
            assert (key_of(response), said.next_update_utc) == (kind, NOW + (days + 1) * day)
    (estate.folder / "away.key").rename(estate.folder / "ca.key")
    assert "responder certificate" in look(signer, fixed(NOW + 7 * day)).made[0]
    assert {key_of(response) for response in responses_of(signer)} == {KeyKind.P256}
    assert look(signer, fixed(NOW + 7 * day + HOUR)).made == []


def test_kind_that_is_configured_back_in_the_last_day_of_an_issuer_needs_no_other_certificate(tmp_path: Path) -> None:
    """Every delegate ends with the issuer then, so one that is there already cuts nothing short."""
    authority = Authority(not_before=NOW - timedelta(days=1), days=2)
    public = '[public.ocsp]\nresponder_key = "p256"\nslices = 1'
    estate = Estate.build(tmp_path / "e", authority=authority, public=public)
    estate.register(estate.signer(), [1])
    look(estate.signer(), fixed(NOW))
    config = estate.folder / "revocast.toml"
    before = config.read_text()
    config.write_text(before.replace('"p256"', '"ed25519"'))
    assert "responder certificate" in look(estate.signer(), fixed(NOW + HOUR)).made[0]
    config.write_text(before)
    (made,) = look(signer := estate.signer(), fixed(NOW + 12 * HOUR), TASKS).made
    assert "ocsp slice 0" in made
    assert {key_of(response) for response in responses_of(signer)} == {KeyKind.P256}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (CA_KEYS["ed25519"], "P-521 alone, and it is ed25519"),
        (CA_KEYS["mldsa65"], "and it is mldsa65"),
        (CA_KEYS["mldsa87"], "and it is mldsa87"),
        (lambda: rsa.generate_private_key(65537, 1024), "and it is RSA of 1024 bits"),  # noqa: S505 - that is why
        (lambda: rsa.generate_private_key(65537, 2050), "and it is RSA of 2050 bits"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "and it is on the curve secp256k1"),
    ],
)
def test_ca_key_that_the_brs_do_not_know_is_refused_at_the_start(
    tmp_path: Path, key: Callable[[], CAKey], words: str
) -> None:
    """Whoever signs the responses: the CRLs are the CA key's anyway. Without `br` it is none the worse."""
    authority = Authority(key=key())
    PublicConfig.read(Estate.build(tmp_path / "pkix", authority=authority).file)
    for number, ocsp_lines in enumerate(("", 'ocsp = { signed_by = "issuer" }')):
        estate = Estate.build(tmp_path / f"{number}", authority=authority, public=f'compliance = "br"\n{ocsp_lines}')
        with pytest.raises(ConfigurationError, match=f"the CA key: the BRs, section 6.1.5, .* {words}"):
            PublicConfig.read(estate.file)


@pytest.mark.parametrize("ca", ["p256", "p384", "p521", "rsa2048", "rsa3072"])
def test_ca_key_that_the_brs_know_is_taken(tmp_path: Path, ca: str) -> None:
    """The curves of NIST, and RSA of 2048 bits or more."""
    (profile,) = PublicConfig.read(estate_with(tmp_path / "e", ca, "p256", 'compliance = "br"').file).profiles.values()
    assert profile.compliance is Compliance.BR


def test_responder_key_of_before_the_brs_signs_no_more(tmp_path: Path) -> None:
    """Also while the CA key is away: that is told with what to do, and nothing that it signs passes the gate."""
    estate = estate_with(tmp_path / "e", "p256", "ed25519")
    estate.register(signer := estate.signer(), [1])
    look(signer, fixed(NOW))
    before = responses_of(signer)
    (pkix,) = signer.public.profiles.values()
    checks = Checks(pkix, NOW, Verifying())
    assert len(checks(before)) == 2
    config = estate.folder / "revocast.toml"
    text = config.read_text().replace('"ed25519"', '"p256"').replace("[public]\n", '[public]\ncompliance = "br"\n')
    config.write_text(text)
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    report = look(signer := estate.signer(), fixed(NOW + 12 * HOUR), [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN])
    told = [str(problem) for problem in report.problems]
    assert (report.made, "cannot be read: No such file" in told[0]) == ([], True)
    assert "no OCSP responder that can sign now and whose key the BRs allow" in told[1]
    assert "`revocast generate-ocsp-keys` makes one; it needs the CA key" in told[1]
    (profile,) = signer.public.profiles.values()
    with pytest.raises(GateError, match=r"the key that signed it: .* and it is ed25519"):
        passed(profile, NOW, before)
    (estate.folder / "away.key").rename(estate.folder / "ca.key")
    assert look(signer, fixed(NOW + 12 * HOUR), [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN]).problems == []
    assert {key_of(response) for response in responses_of(signer)} == {KeyKind.P256}
    assert len(passed(profile, NOW + 12 * HOUR, responses_of(signer))) == 2


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (
            "dsa",
            "",
            "must be 'p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'rsa4096', 'ed25519', 'mldsa44', 'mldsa65'",
        ),
        ("rsa1024", "", "must be 'p256'"),
        ("mldsa44", "", "wants an issuer with an ML-DSA key"),
        ("mldsa87", "", "wants an issuer with an ML-DSA key"),
        ("mldsa87", 'compliance = "br"', "section 6.1.5, know RSA and NIST's curves alone"),
        (
            "ed25519",
            'compliance = "br"',
            "section 6.1.5, know RSA and NIST's curves alone, which are p256, p384, p521, rsa2048",
        ),
    ],
)
def test_responder_key_that_cannot_be_is_refused_at_the_start(tmp_path: Path, kind: str, more: str, words: str) -> None:
    """An unknown kind with the list of those there are; one that the issuer's key or its rules forbid with why."""
    with pytest.raises(ConfigurationError, match=words):
        PublicConfig.read(estate_with(tmp_path / "e", "p256", kind, more).file)


def test_responder_key_may_differ_by_issuer(tmp_path: Path) -> None:
    """A key of [[public.issuers]] counts more than that of [public.ocsp]."""
    estate = estate_with(tmp_path / "e", "p256", "p256")
    config = estate.folder / "revocast.toml"
    text = config.read_text().replace('name = "test"\n', 'name = "test"\nocsp = { responder_key = "rsa3072" }\n', 1)
    config.write_text(text)
    (profile,) = PublicConfig.read(estate.file).profiles.values()
    assert profile.ocsp.responder_key is KeyKind.RSA3072


def test_large_responses_fill_files_that_publishers_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8,192 ML-DSA responses would be more than a publisher reads of one file: a file ends by its octets too."""
    assert 2 * responses._LARGEST <= reader._LARGEST_CHUNK
    monkeypatch.setattr(responses, "_LARGEST", 1 << 20)
    estate = estate_with(tmp_path / "e", "mldsa65", "mldsa65")
    estate.register(signer := estate.signer(), range(1, 600))
    assert look(signer, fixed(NOW)).problems == []
    ((found, objects),) = bundles(signer, "ocsp")
    assert len(objects) == 2 * 599
    assert len(found.manifest.entries) > 1
    assert max(entry.size for entry in found.manifest.entries) < 5 << 20
