"""The CA key in AWS KMS, as moto's server has it once it is repaired: what it signs passes the gate and OpenSSL."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from publisher.verify_crl import verify_crl
from publisher.verify_ocsp import verify_response
from revocation.clock import fixed
from revocation.errors import ConfigurationError, KeyUnavailable
from signer.key_commands import show
from signer.keys import BytesTBS
from signer.keys.kms.client import TRIES, client
from signer.keys.kms.key import AT_ONCE
from signer.keys.opening import open_key
from signer.keys.rsa_signature import RSASignature
from signer.look import look
from tests.authority import NOW, Authority
from tests.building.kms import KMS, SPECS, certify
from tests.estate import Estate
from tests.signer.reading import bundles

THROTTLED = (400, "ThrottlingException")
REGION = "us-east-1"


def build(folder: Path, uri: str, kind: str, signature: RSASignature | None = None, *, slices: int = 1) -> Estate:
    """An installation whose CA key is that one, and signs the responses too."""
    public = f'[public.ocsp]\nslices = {slices}\nsigned_by = "issuer"'
    estate = Estate.build(folder, public=public)
    certificate = certify(open_key(uri, None, signature), kind, signature)
    (estate.folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    lines = f'key = "{uri}"' + (f'\nsignature = "{signature}"' if signature else "")
    config = estate.folder / "revocast.toml"
    text = config.read_text().replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"', lines)
    config.write_text(text)
    return estate


def answer(
    monkeypatch: pytest.MonkeyPatch, operation: str, say: Callable[[int], tuple[int, str] | None]
) -> list[float]:
    """Have KMS answer with a status and a code, by how often it was asked; None for its own answer.

    Returns the pauses in between, which nobody waits for.
    """
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    asked = [0]

    def instead(request: Any, **_: object) -> AWSResponse | None:
        asked[0] += 1
        said = say(asked[0])
        if said is None:
            return None
        status, code = said
        raw = type("Raw", (), {"stream": lambda *_: iter([json.dumps({"__type": code}).encode()])})()
        return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, raw)

    client(REGION).meta.events.register(f"before-send.kms.{operation}", instead)
    return pauses


@pytest.mark.judge("openssl")
@pytest.mark.parametrize(
    ("kind", "signature"), [*((kind, None) for kind in SPECS if kind != "rsa3072"), ("rsa3072", RSASignature.PSS)]
)
def test_key_in_the_repaired_kms_of_moto_signs_what_gate_and_openssl_verify(
    tmp_path: Path, kms: KMS, kind: str, signature: RSASignature | None
) -> None:
    """CRL and responses of the CA key, by ARN; each kind, RSA-3072 with PSS."""
    estate = build(tmp_path / "e", f"awskms:{kms.create(kind)}", kind, signature)
    signer = estate.signer()
    estate.register(signer, [1, 2])
    assert look(signer, fixed(NOW)).problems == []
    (profile,) = signer.public.profiles.values()
    ((_, (crl,)),) = bundles(signer, "crl")
    verify_crl(crl, profile.crls["all"], NOW)
    (tmp_path / "all.crl").write_bytes(crl)
    ca = ["-CAfile", estate.folder / "ca.pem"]
    command = ["openssl", "crl", "-inform", "DER", "-in", tmp_path / "all.crl", *ca, "-noout"]
    assert "verify OK" in subprocess.run(command, capture_output=True, text=True, check=True).stderr
    ((_, responses),) = bundles(signer, "ocsp")
    assert len(responses) == 4
    for data in responses:
        assert verify_response(data, profile.issuer, NOW).direct
        assert not ocsp.load_der_ocsp_response(data).certificates


def test_alias_and_region_name_a_key(kms: KMS) -> None:
    """The key that the alias meant first signs on, where somebody lets it mean another one."""
    first, second = kms.create("p256"), kms.create("p256")
    kms.client.create_alias(AliasName="alias/issuing", TargetKeyId=first)
    key = open_key(f"awskms:alias/issuing?region={REGION}", None)
    kms.client.update_alias(AliasName="alias/issuing", TargetKeyId=second)
    assert key.sign(BytesTBS(b"data"))
    assert key.public_key_info == open_key(f"awskms:{first}", None).public_key_info


def test_kms_that_throttles_is_asked_again_with_pauses_that_grow_and_vary(
    kms: KMS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice refused, then signed; the pauses are botocore's, and random."""
    key = open_key(f"awskms:{kms.create('p256')}", None)
    pauses = answer(monkeypatch, "Sign", lambda asked: THROTTLED if asked <= 2 else None)
    assert key.sign(BytesTBS(b"data"))
    assert len(pauses) == 2
    assert all(0 <= pause <= 2**number for number, pause in enumerate(pauses))


@pytest.mark.parametrize(
    ("said", "words", "tries"),
    [
        (THROTTLED, f"still throttles after {TRIES} tries", TRIES),
        ((500, "KMSInternalException"), "KMS refuses kms:Sign: KMSInternalException", TRIES),
        ((400, "AccessDeniedException"), "AWS denies kms:Sign on ", 1),
    ],
)
def test_kms_that_does_not_sign_ends_the_batch_and_the_next_look_goes_on(
    tmp_path: Path, kms: KMS, monkeypatch: pytest.MonkeyPatch, said: tuple[int, str], words: str, tries: int
) -> None:
    """What was signed before stays, nothing of the slice in work is put, and KMS is given up once in a look."""
    estate = build(tmp_path / "e", f"awskms:{kms.create('p256')}", "p256", slices=8)
    signer, away = estate.signer(), [True]
    estate.register(signer, range(1, 40))
    pauses = answer(monkeypatch, "Sign", lambda asked: said if away[0] and asked > 40 else None)
    report = look(signer, fixed(NOW))
    assert [words in str(problem) for problem in report.problems] == [True]
    before = list(bundles(signer, "ocsp"))
    assert 1 <= len(before) < 6
    assert tries - 1 <= len(pauses) <= AT_ONCE * (tries - 1)  # those that were on their way as well
    away[0] = False
    assert look(signer, fixed(NOW + timedelta(minutes=1))).problems == []
    assert len(list(bundles(signer, "ocsp"))) == 8


@pytest.mark.parametrize(("operation", "action"), [("Sign", "kms:Sign"), ("GetPublicKey", "kms:GetPublicKey")])
def test_access_denied_says_which_action_on_which_key(
    kms: KMS, monkeypatch: pytest.MonkeyPatch, operation: str, action: str
) -> None:
    """What a policy has to allow; it is not tried again."""
    arn = kms.create("p256")
    pauses = answer(monkeypatch, operation, lambda _: (400, "AccessDeniedException"))
    with pytest.raises(KeyUnavailable, match=f"AWS denies {action} on ") as told:
        open_key(f"awskms:{arn}", None).sign(BytesTBS(b"data"))
    assert arn.split("/")[-1] in str(told.value)
    assert pauses == []


def test_key_that_cannot_be_used_says_why(kms: KMS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not there, disabled, for something else, in no region, and without credentials."""
    arn = kms.create("p256")
    with pytest.raises(KeyUnavailable, match="the key is not there"):
        open_key(f"awskms:{arn[:-4]}0000", None)
    other = kms.create("RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    with pytest.raises(KeyUnavailable, match="is for ENCRYPT_DECRYPT, and SIGN_VERIFY is wanted"):
        open_key(f"awskms:{other}", None)
    answer(monkeypatch, "Sign", lambda _: (400, "DisabledException"))
    with pytest.raises(KeyUnavailable, match="the key is disabled"):
        open_key(f"awskms:{arn}", None).sign(BytesTBS(b"data"))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(KeyUnavailable, match="cannot be set up: You must specify a region"):
        open_key("awskms:alias/issuing", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(KeyUnavailable, match="there are no AWS credentials"):
        open_key("awskms:alias/issuing?region=eu-north-1", None)


@pytest.mark.parametrize(
    ("key", "words"),
    [(ed25519.Ed25519PrivateKey, "4,096 octets at most"), (mldsa.MLDSA65PrivateKey, "EXTERNAL_MU alone")],
)
def test_key_that_kms_signs_no_digest_with_is_refused_at_opening(
    kms: KMS, monkeypatch: pytest.MonkeyPatch, key: Any, words: str
) -> None:
    """Before anything is due, and with what to take; moto has no such keys, so its answer is made here."""
    info = key.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    told = {"KeyId": "arn", "KeyUsage": "SIGN_VERIFY", "PublicKey": info}
    monkeypatch.setattr(client(REGION), "get_public_key", lambda **_: told, raising=False)
    with pytest.raises(KeyUnavailable, match=words):
        open_key(f"awskms:some-key?region={REGION}", None)


@pytest.mark.parametrize("place", range(12))
def test_signature_that_does_not_verify_is_not_used(kms: KMS, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """As of moto before its repair, which hashes a digest again; wherever it stands among others."""
    key, other = (open_key(f"awskms:{kms.create('p256')}", None) for _ in range(2))
    wrong, right = (one.sign(BytesTBS(b"data")) for one in (other, key))
    answers = iter([right] * place + [wrong] + [right] * (11 - place))
    monkeypatch.setattr(client(REGION), "sign", lambda **_: {"Signature": next(answers)}, raising=False)
    with pytest.raises(KeyUnavailable, match="its public key does not verify"):
        key.sign_many([b"data"] * 12)
    answers = iter([wrong, *[right] * 12])
    with pytest.raises(KeyUnavailable, match="its public key does not verify"):
        key.sign(BytesTBS(b"data"))
    assert key.sign_many([b"data"] * 12) == [right] * 12


def test_key_that_is_not_the_certificates_signs_nothing(tmp_path: Path, kms: KMS) -> None:
    """As with files."""
    estate = build(tmp_path / "e", f"awskms:{kms.create('p256')}", "p256")
    Authority(days=7300).write(estate.folder / "ca.pem")
    signer = estate.signer()
    assert "is not the key of its CA certificate" in str(look(signer, fixed(NOW)).problems[0])
    assert list(bundles(signer, "crl")) == []


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("awskms:alias/a?zone=x", "zone: not known here"),
        ("awskms:arn:aws:kms:eu-north-1:1:key/a?region=us-east-1", "region is us-east-1, and the ARN says eu-north-1"),
    ],
)
def test_uri_that_is_not_understood_is_refused_at_the_start(tmp_path: Path, uri: str, words: str) -> None:
    """What is not known might have mattered."""
    config = Estate.build(tmp_path / "e").folder / "revocast.toml"
    text = config.read_text().replace('\npassphrase = "file:ca.passphrase"', "")
    config.write_text(text.replace("file:ca.key", uri))
    with pytest.raises(ConfigurationError, match=words):
        Estate.at(tmp_path / "e").signer()


def test_passphrase_of_a_key_in_kms_is_refused_at_the_start(tmp_path: Path) -> None:
    """It would be looked at by nobody, and who wrote it believes that it guards something."""
    config = Estate.build(tmp_path / "e").folder / "revocast.toml"
    config.write_text(config.read_text().replace("file:ca.key", "awskms:alias/issuing?region=eu-north-1"))
    with pytest.raises(ConfigurationError, match="a key of AWS KMS has no passphrase"):
        Estate.at(tmp_path / "e").signer()


def test_key_in_kms_is_shown_and_nobody_is_asked_for_a_passphrase(kms: KMS) -> None:
    """`key show` asks where a key needs one."""
    told = CliRunner().invoke(show, [f"awskms:{kms.create('p256')}", "--passphrase", "env:NOT_SET"])
    assert told.exit_code == 0, told.exception
    assert "kind         p256" in told.output
