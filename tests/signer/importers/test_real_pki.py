"""PKIs that the real easyrsa and `openssl ca` made: what is read is what their indexes and certificates say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import serials
from revocation.config import load_certificates
from revocation.issuer import Issuer
from revocation.pkifolder import PKIKind, describe
from signer.importers.detect import read_source
from signer.importers.entry import ImportEntry
from tests.pki import MAKERS, RealPKI, Truth

_RESPONSE = re.compile(
    r"Serial Number: (\w+)\s+Cert Status: (\w+)(?:\s+Revocation Time: (.*)(?:\s+Revocation Reason: .*\(0x(\w)\))?)?"
)


def run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=sorted(MAKERS))
def pki(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealPKI:
    return MAKERS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def issuer(pki: RealPKI) -> Issuer:
    return Issuer.of("real", load_certificates(pki.ca_certificate))


@pytest.fixture(scope="module")
def entries(pki: RealPKI, issuer: Issuer) -> dict[int, ImportEntry]:
    return {serials.to_int(entry.serial): entry for entry in read_source(pki.folder, issuer).entries}


def as_truth(status: str, entry: ImportEntry) -> Truth:
    assert entry.not_after is not None
    if entry.revocation is None:
        return Truth(status, entry.not_after)
    revocation = entry.revocation
    reason = revocation.reason.name.replace("cACompromise", "CACompromise")
    return Truth(status, entry.not_after, revocation.revoked_at, reason, revocation.invalidity_date)


def test_pki_is_as_large_and_mixed_as_it_claims(pki: RealPKI) -> None:
    """At least 300 certificates, 40 of them revoked with every reason of openssl, and some expired."""
    statuses = [truth.status for truth in pki.truth.values()]
    assert len(statuses) >= 300
    assert statuses.count("R") >= 40
    assert statuses.count("E") >= 10
    assert {truth.reason for truth in pki.truth.values()} >= {
        None,
        "keyCompromise",
        "CACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
    }


def test_every_line_is_read_as_the_index_has_it(pki: RealPKI, entries: dict[int, ImportEntry]) -> None:
    """Serial, expiry, revocation date, reason and compromise time of every certificate, and no other certificate."""
    read = {serial: as_truth(pki.truth[serial].status, entry) for serial, entry in entries.items()}
    unspecified = {serial for serial, truth in pki.truth.items() if truth.revoked_at and not truth.reason}
    for serial in unspecified:
        assert read[serial].reason == "unspecified"
        read[serial] = Truth("R", read[serial].not_after, read[serial].revoked_at)
    assert read == pki.truth


def test_every_certificate_is_taken_as_cryptography_reads_it(pki: RealPKI, entries: dict[int, ImportEntry]) -> None:
    """Its DER, its serial's octets, its expiry and whether it is a CA's, wherever in the folder it lies."""
    assert pki.certificates.keys() == entries.keys()
    for serial, file in pki.certificates.items():
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        entry = entries[serial]
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert entry.certificate == certificate.public_bytes(Encoding.DER)
        assert entry.not_after == certificate.not_valid_after_utc
        assert entry.is_ca == constraints.ca
        assert b"\x02" + bytes([len(entry.serial)]) + entry.serial in entry.certificate[:64]
    assert {entry.is_ca for entry in entries.values()} == {True, False}


def test_description_says_what_it_was_taken_for(pki: RealPKI, issuer: Issuer) -> None:
    """And how many entries to expect, and which CRL numbers are used up."""
    source = read_source(pki.folder, issuer)
    kind = "Easy-RSA PKI" if "issued" in {path.name for path in pki.folder.iterdir()} else "openssl CA"
    assert source.description == f"{kind} at {pki.folder}"
    assert source.expected == len(pki.truth)
    assert source.crl_number == pki.crl_number


def test_crl_of_the_pki_says_the_same_as_its_index(
    pki: RealPKI, issuer: Issuer, entries: dict[int, ImportEntry]
) -> None:
    """Reasons, hold instructions and compromise times come out alike from both."""
    from_crl = {serials.to_int(entry.serial): entry for entry in read_source(pki.folder / "crl.pem", issuer).entries}
    from_index = {serial: entry.revocation for serial, entry in entries.items() if entry.revocation}
    assert {serial: entry.revocation for serial, entry in from_crl.items()} == from_index
    assert {entry.not_after for entry in from_crl.values()} == {None}


def test_folder_of_its_certificates_can_be_read_too(pki: RealPKI, issuer: Issuer, tmp_path: Path) -> None:
    """Without the index: the same certificates, none of them known to be revoked."""
    for number, file in enumerate(pki.certificates.values()):
        shutil.copy(file, tmp_path / f"{number}.crt")
    found = {serials.to_int(entry.serial): entry for entry in read_source(tmp_path, issuer).entries}
    assert found.keys() == pki.certificates.keys()
    assert {entry.revocation for entry in found.values()} == {None}


def test_folder_describes_itself(pki: RealPKI) -> None:
    """Where its certificate and its key lie, and whether a passphrase is needed."""
    found = describe(pki.folder)
    assert found.kind == (PKIKind.EASY_RSA if pki.passphrase else PKIKind.OPENSSL_CA)
    assert (found.ca_certificate, found.ca_key) == (pki.ca_certificate, pki.ca_key)
    assert found.key_is_encrypted == (pki.passphrase is not None)


@pytest.mark.judge("openssl")
def test_openssl_responder_agrees_with_every_line(
    pki: RealPKI, entries: dict[int, ImportEntry], tmp_path: Path
) -> None:
    """`openssl ocsp`, answering from the index, says revoked at the same time for the same reason.

    It leaves out what is marked expired, so those lines are not asked for.
    """
    passphrase = ["-passin", f"file:{pki.passphrase}"] if pki.passphrase else []
    request = tmp_path / "request.der"
    asked = [serial for serial, truth in pki.truth.items() if truth.status != "E"]
    serials_ = [word for serial in asked for word in ("-serial", f"{serial:#x}")]
    run("openssl", "ocsp", "-issuer", pki.ca_certificate, "-no_nonce", "-reqout", request, *serials_)
    responder = ["-index", pki.folder / "index.txt", "-CA", pki.ca_certificate, "-rsigner", pki.ca_certificate]
    answer = run("openssl", "ocsp", *responder, "-rkey", pki.ca_key, *passphrase, "-reqin", request, "-resp_text")
    answered = _RESPONSE.findall(answer)
    assert {int(serial, 16) for serial, *_ in answered} == set(asked)
    for serial, status, revoked_at, reason in answered:
        revocation = entries[int(serial, 16)].revocation
        assert status == ("revoked" if revocation else "good")
        if revocation:
            assert revoked_at == f"{revocation.revoked_at:%b %e %H:%M:%S %Y GMT}"
            assert (reason or "0") == str(revocation.reason.value)


@pytest.mark.judge("openssl")
def test_openssl_verifies_the_certificates_against_the_crl(pki: RealPKI, tmp_path: Path) -> None:
    """`openssl verify -crl_check_all` accepts the valid ones and names the revoked: the PKI is fit for such tests."""
    for serial, file in list(pki.certificates.items())[::10]:
        truth = pki.truth[serial]
        options = ["-crl_check_all", "-no_check_time", "-CAfile", pki.ca_certificate]
        command = ["openssl", "verify", *options, "-CRLfile", pki.folder / "crl.pem", file]
        result = subprocess.run(command, capture_output=True, text=True)
        assert (result.returncode == 0) == (truth.revoked_at is None), result.stderr
        assert ("certificate revoked" in result.stderr) == (truth.revoked_at is not None)
