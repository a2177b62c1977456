"""The builders make what others accept: the tests that perturb one thing rest on it."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.certid import CertIDHash
from revocation.clock import now
from revocation.status import Reason, Revocation
from tests.authority import Authority
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.ocsp import response


@pytest.fixture
def built(tmp_path: Path) -> tuple[CA, Path]:
    """A CA whose certificate lies in a folder."""
    ca = CA(Authority(not_before=now() - timedelta(days=1)))
    ca.write(tmp_path)
    return ca, tmp_path


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("hash_", CertIDHash)
@pytest.mark.parametrize(("revocation", "word"), [(None, "good"), (Revocation(now(), Reason.keyCompromise), "revoked")])
def test_built_response_is_accepted_by_openssl(
    built: tuple[CA, Path], hash_: CertIDHash, revocation: Revocation | None, word: str
) -> None:
    """OpenSSL verifies the signature, the delegation and the window, and reads the status."""
    ca, folder = built
    responder = ca.responder(not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=7))
    (folder / "r.der").write_bytes(response(ca, responder, 0x1234, revocation, hashes=(hash_,), this_update=now()))
    told = _openssl(
        *("ocsp", "-respin", folder / "r.der", "-issuer", folder / "test.pem", f"-{hash_.value}", "-serial", "0x1234"),
        *("-CAfile", folder / "test.pem", "-no_nonce"),
    )
    assert "Response verify OK" in told
    assert f"0x1234: {word}" in told


@pytest.mark.judge("openssl")
def test_built_crl_is_accepted_by_openssl(built: tuple[CA, Path]) -> None:
    """OpenSSL verifies the signature and reads entry and number."""
    ca, folder = built
    data = crl(ca, 77, {0x1234: Revocation(now(), Reason.certificateHold)}, this_update=now())
    (folder / "c.der").write_bytes(data)
    told = _openssl(
        *("crl", "-inform", "DER", "-in", folder / "c.der", "-CAfile", folder / "test.pem", "-text", "-noout")
    )
    assert "verify OK" in told
    assert "Serial Number: 1234" in told
    assert "Certificate Hold" in told


@pytest.mark.judge("openssl")
def test_built_responder_certificate_is_accepted_by_openssl(built: tuple[CA, Path]) -> None:
    """OpenSSL verifies it as an OCSP helper."""
    ca, folder = built
    responder = ca.responder(not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=7))
    (folder / "responder.pem").write_bytes(responder.certificate.public_bytes(Encoding.PEM))
    told = _openssl("verify", "-purpose", "ocsphelper", "-CAfile", folder / "test.pem", folder / "responder.pem")
    assert ": OK" in told


def _openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], check=False, capture_output=True, text=True)
    return done.stdout + done.stderr
