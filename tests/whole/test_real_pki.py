"""A PKI of easyrsa and one of `openssl ca`: OpenSSL and GnuTLS agree with the index on every certificate."""

import csv
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pki import MAKERS, RealPKI
from tests.whole.service import Service, revocast, succeed

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=list(MAKERS))
def pki(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealPKI:
    """One of the two, unpacked."""
    return MAKERS[request.param](tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def service(pki: RealPKI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """It, in service."""
    started = Service.start(tmp_path_factory.mktemp("service") / "installation", pki)
    yield started
    started.stop()


def expected(pki: RealPKI) -> dict[int, str]:
    """What OCSP should say of each certificate: expired ones are no longer spoken of."""
    now = datetime.now(UTC)
    return {
        serial: "unauthorized" if truth.not_after <= now else "revoked" if truth.revoked_at else "good"
        for serial, truth in pki.truth.items()
    }


def test_pki_is_as_large_and_as_mixed_as_is_claimed(pki: RealPKI) -> None:
    """At least 300 certificates, 40 of them revoked with several reasons, some expired, each with its file."""
    now = datetime.now(UTC)
    assert len(pki.truth) >= 300
    assert sum(truth.revoked_at is not None for truth in pki.truth.values()) >= 40
    assert len({truth.reason for truth in pki.truth.values()}) >= 5
    assert any(truth.not_after <= now for truth in pki.truth.values())
    assert pki.truth.keys() <= pki.certificates.keys()


@pytest.mark.judge("openssl")
@pytest.mark.parametrize(
    ("nonce", "hash_"),
    [
        ("-nonce", "sha256"),
        ("-no_nonce", "sha1"),
        pytest.param("-nonce", "sha1", marks=pytest.mark.long),
        pytest.param("-no_nonce", "sha256", marks=pytest.mark.long),
    ],
)
def test_openssl_ocsp_agrees_with_the_index_on_every_certificate(
    pki: RealPKI, service: Service, nonce: str, hash_: str
) -> None:
    """By either hash, with and without nonce: good, revoked (with the date and reason of the index), or no answer."""
    assert {serial: openssl_ocsp(pki, service, serial, hash_, nonce) for serial in pki.truth} == expected(pki)


def openssl_ocsp(pki: RealPKI, service: Service, serial: int, hash_: str, nonce: str) -> str:
    """What `openssl ocsp` makes of the answer, signature and window verified."""
    command = ["openssl", "ocsp", "-url", f"{service.url}/ocsp/", "-issuer", pki.ca_certificate, "-CAfile"]
    command += [pki.ca_certificate, nonce, f"-{hash_}", "-cert", pki.certificates[serial]]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if "unauthorized (6)" in result.stdout + result.stderr:
        return "unauthorized"
    assert "Response verify OK" in result.stderr, result.stderr
    status = re.search(r": (good|revoked|unknown)\n", result.stdout)
    assert status, result.stdout
    truth = pki.truth[serial]
    if truth.revoked_at:
        assert f"{truth.revoked_at:%b} {truth.revoked_at.day:2d} {truth.revoked_at:%H:%M:%S %Y}" in result.stdout
        assert f"reason: {truth.reason}".lower() in result.stdout.lower() or truth.reason in (None, "unspecified", "")
    return status[1]


@pytest.mark.judge("ocsptool")
def test_ocsptool_agrees_with_the_index_on_every_certificate(pki: RealPKI, service: Service) -> None:
    """GnuTLS, a second client that others wrote."""
    assert {serial: gnutls_ocsp(pki, service, serial) for serial in pki.truth} == expected(pki)


def gnutls_ocsp(pki: RealPKI, service: Service, serial: int) -> str:
    """What `ocsptool` makes of the answer, verified against the CA."""
    command = ["ocsptool", f"--ask={service.url}/ocsp/", "--load-cert", pki.certificates[serial]]
    command += ["--load-issuer", pki.ca_certificate, "--load-signer", pki.ca_certificate]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    output = result.stdout + result.stderr
    if "unauthorized" in output.lower():
        return "unauthorized"
    assert "Verifying OCSP Response: Success." in output, output
    status = re.search(r"Certificate Status: (\w+)", output)
    assert status, output
    return status[1]


@pytest.mark.judge("openssl")
def test_openssl_verify_with_the_crl_agrees_on_every_certificate(
    pki: RealPKI, service: Service, tmp_path: Path
) -> None:
    """`-crl_check_all` with the published CRL refuses exactly what the index calls revoked or what has expired."""
    crl = pem_crl(service, tmp_path)
    command = ["openssl", "verify", "-crl_check_all", "-CAfile", pki.ca_certificate, "-CRLfile", crl]
    now, found = datetime.now(UTC), {}
    for serial in pki.truth:
        result = subprocess.run([*command, pki.certificates[serial]], capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found[serial] = "valid"
        else:
            found[serial] = "revoked" if "certificate revoked" in result.stderr else result.stderr
    for serial, truth in pki.truth.items():
        if truth.revoked_at:
            assert found[serial] == "revoked"
        elif truth.not_after <= now:
            assert "certificate has expired" in found[serial]
        else:
            assert found[serial] == "valid"


@pytest.mark.judge("certtool")
def test_certtool_verifies_the_crl_and_lists_what_the_index_calls_revoked(
    pki: RealPKI, service: Service, tmp_path: Path
) -> None:
    """GnuTLS accepts the signature, and reads the same serials."""
    crl = pem_crl(service, tmp_path)
    verify = ["certtool", "--verify-crl", "--load-ca-certificate", pki.ca_certificate, "--infile", crl]
    result = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert "Verification output: Verified." in result.stdout, result.stdout + result.stderr
    info = subprocess.run(["certtool", "--crl-info", "--infile", crl], capture_output=True, text=True, check=True)
    listed = {int(serial, 16) for serial in re.findall(r"Serial Number \(hex\): ([0-9a-f]+)", info.stdout)}
    assert listed == {serial for serial, truth in pki.truth.items() if truth.revoked_at}


@pytest.mark.judge("lint_crl")
def test_pkilint_finds_nothing_in_the_published_crl(pki: RealPKI, service: Service) -> None:
    """Mixed reasons and invalidity dates pass. A serial of over 20 octets is the certificate's fault, and named so."""
    (crl,) = service.files("crl/*/all.crl")
    command = ["lint_crl", "lint", "-t", "CRL", "-p", "PKIX", "-f", "CSV", crl]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = list(csv.DictReader(result.stdout.strip().splitlines()))
    too_long = [serial for serial, truth in pki.truth.items() if truth.revoked_at and serial.bit_length() > 159]
    assert {finding["code"] for finding in findings} <= {"pkix.certificate_serial_number_out_of_range"}
    assert sorted(int(finding["message"].rpartition('on content "')[2].strip('"')) for finding in findings) == too_long


@pytest.mark.parametrize("pki", ["openssl-ca"], indirect=True)  # Easy-RSA's `gen-crl` numbers none
def test_crl_number_is_above_what_the_pki_used(pki: RealPKI, service: Service, tmp_path: Path) -> None:
    """Relying parties that know an older CRL of that PKI see the number rise."""
    assert pki.crl_number is not None
    command = ["openssl", "crl", "-in", pem_crl(service, tmp_path), "-noout", "-crlnumber"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(result.stdout.partition("=")[2], 16) > pki.crl_number


def test_import_and_refresh_again_change_nothing(pki: RealPKI, service: Service) -> None:
    """A second import knows all, a second refresh finds nothing due, the files stay the same."""
    before = [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in service.files("*/**/*.c??")]
    assert f"{len(pki.truth)} known already" in succeed("import", pki.folder, folder=service.folder)
    succeed("refresh", folder=service.folder)
    assert [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in service.files("*/**/*.c??")] == before


def test_revocation_without_a_queue_is_served_at_once(pki: RealPKI, service: Service) -> None:
    """`revocast revoke` hands the message to the signer, publishes, and exits 0 when OCSP and CRL say so."""
    serial = next(serial for serial, status in expected(pki).items() if status == "good")
    result = revocast("revoke", f"{serial:X}", "--reason", "superseded", folder=service.folder)
    assert result.returncode == 0, result.stdout + result.stderr
    truth = pki.truth[serial]
    pki.truth[serial] = type(truth)("R", truth.not_after, reason="superseded")
    assert openssl_ocsp(pki, service, serial, "sha256", "-no_nonce") == "revoked"


def pem_crl(service: Service, folder: Path) -> Path:
    """The published CRL as PEM."""
    (crl,) = service.files("crl/*/all.crl")
    path = folder / "crl.pem"
    subprocess.run(["openssl", "crl", "-inform", "DER", "-in", crl, "-out", path], check=True)
    return path
