"""Responder keys that sign batches in processes of their own: the same signatures, also when these are killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation.clock import fixed
from revocation.keykind import KeyKind
from revocation.messages import Verb
from signer.keys import SigningKey, signing
from signer.keys.responder_keys import ResponderKeys
from signer.keys.signing import Signing
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate

BATCH = [b"%d" % number * number for number in range(300)]


@contextmanager
def abroad(keys: ResponderKeys, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A block in which everything is signed by processes; their ids."""
    monkeypatch.setattr(signing, "WORTH", 0)
    with keys.signing_many():
        keys._signing.signatures(Path("/nowhere"), [])
        yield keys._signing.pids


def require_signed(key: SigningKey, signatures: list[bytes]) -> None:
    """Each signature is that of its message, in the order of `BATCH`."""
    public = load_der_public_key(key.public_key_info)
    for signature, message in zip(signatures, BATCH, strict=True):
        match public:
            case ec.EllipticCurvePublicKey():
                public.verify(signature, message, ec.ECDSA(SHA256()))
            case rsa.RSAPublicKey():
                public.verify(signature, message, padding.PKCS1v15(), SHA256())
            case ed25519.Ed25519PublicKey() | mldsa.MLDSA44PublicKey():
                public.verify(signature, message)
            case _:
                raise AssertionError(public)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.RSA2048, KeyKind.ED25519, KeyKind.MLDSA44])
def test_processes_sign_each_message_in_its_order(
    kind: KeyKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key of the file, whatever its kind; this process signs none of them."""
    keys = ResponderKeys(tmp_path)
    key = keys.create("one.pem", kind)
    other = keys.create("two.pem", KeyKind.P256)
    with abroad(keys, monkeypatch):
        found = keys._signing.signatures(tmp_path / "one.pem", BATCH)
        assert found is not None
        require_signed(key, found)
        require_signed(other, other.sign_many(BATCH))


def test_killed_processes_hold_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What they were to sign is signed without them, and the log says that it takes longer."""
    keys = ResponderKeys(tmp_path)
    key = keys.create("one.pem", KeyKind.P256)
    with abroad(keys, monkeypatch) as pids:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for _ in range(2 * len(pids)):
            require_signed(key, key.sign_many(BATCH))
    assert "a process ended: signing takes longer without it" in caplog.text


def test_key_whose_file_was_destroyed_is_signed_with_no_longer_in_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has not loaded the file says so, and goes on with others."""
    keys = ResponderKeys(tmp_path)
    keys.create("one.pem", KeyKind.P256)
    other = keys.create("two.pem", KeyKind.P256)
    keys.destroy("one.pem")
    with abroad(keys, monkeypatch):
        assert keys._signing.signatures(tmp_path / "one.pem", BATCH) is None
        assert keys._signing.signatures(tmp_path / "two.pem", BATCH) is not None
        require_signed(other, other.sign_many(BATCH))


def test_processes_are_started_for_many_and_end_with_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred responses start none; thousands do, and no process with a key is left afterwards."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, range(1, 40))
    started: list[int] = []
    asked = Signing.signatures

    def noted(self: Signing, file: Path, batch: list[bytes]) -> list[bytes] | None:
        found = asked(self, file, batch)
        started.extend(self.pids)
        return found

    monkeypatch.setattr(Signing, "signatures", noted)
    assert look(signer, fixed(NOW), [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN]).problems == []
    assert started == []
    monkeypatch.setattr(signing, "WORTH", 20)
    report = look(signer, fixed(NOW + timedelta(hours=13)), [Verb.PRESIGN])
    assert report.made
    assert report.problems == []
    assert started
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
