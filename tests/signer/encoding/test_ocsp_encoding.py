"""OCSP responses and the delegate's certificate: read back by `cryptography`, judged by pkilint."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.clock import fixed
from revocation.status import Reason, Revocation
from signer.encoding.ocsp import GOOD, ResponseTemplate, encode_status
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate
from tests.signer.reading import bundles, newest_crl

ISSUER = Authority().issuer()
CERTIFICATE = ISSUER.certificates[0].public_bytes(Encoding.DER)
ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
moments = st.datetimes(datetime(1950, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


serials = st.binary(min_size=1, max_size=130).filter(
    lambda s: len(s) == 1 or (s[:2] > b"\x00\x7f" and s[:2] < b"\xff\x80")
)


@given(
    serials,
    st.none() | st.builds(Revocation, moments, st.sampled_from(Reason)),
    st.lists(st.sampled_from(CertIDHash), min_size=1, max_size=2, unique=True),
    moments,
    st.sampled_from([None, CERTIFICATE]),
    st.integers(1, 70_000).map(bytes),
)
def test_response_is_read_back_as_it_was_meant(
    serial: bytes,
    revocation: Revocation | None,
    hashes: list[CertIDHash],
    this_update: datetime,
    certificate: bytes | None,
    signature: bytes,
) -> None:
    """Serial, hashes, status, reason and the three times, once for each hash; the responder is named by key."""
    next_update = this_update + timedelta(days=1)
    template = ResponseTemplate(
        ISSUER, tuple(hashes), b"public key", certificate, ECDSA_SHA256, this_update, next_update
    )
    tbs = template.encode_tbs(serial, encode_status(revocation) if revocation else GOOD)
    parsed = ocsp.load_der_ocsp_response(template.assemble(tbs, signature))
    assert (parsed.tbs_response_bytes, parsed.signature) == (tbs, signature)
    assert parsed.produced_at_utc == this_update
    assert parsed.responder_key_hash is not None
    singles = list(parsed.responses)
    assert [single.hash_algorithm.name for single in singles] == [hash_.value for hash_ in hashes]
    for single, hash_ in zip(singles, hashes, strict=True):
        cert_id = CertID.of(ISSUER, serial, hash_)
        assert single.serial_number == int.from_bytes(serial, "big", signed=True)
        assert (single.issuer_name_hash, single.issuer_key_hash) == (cert_id.issuer_name_hash, cert_id.issuer_key_hash)
        assert (single.this_update_utc, single.next_update_utc) == (this_update, next_update)
        assert single.certificate_status.name == ("REVOKED" if revocation else "GOOD")
        if revocation:
            assert single.revocation_time_utc == revocation.revoked_at
            assert (single.revocation_reason is None) == (revocation.reason is Reason.unspecified)


@pytest.fixture
def signed(estate: Estate) -> Signer:
    """A signer that has made everything for a good and a revoked certificate."""
    signer = estate.signer()
    revoked = certificate(2**70 + 1, revocation=Revocation(NOW - timedelta(days=1), Reason.keyCompromise))
    estate.import_(signer, [certificate(2**70), revoked])
    assert look(signer, fixed(NOW)).problems == []
    return signer


def one_of_each(signer: Signer) -> list[bytes]:
    return [response for _, responses in bundles(signer, "ocsp") for response in responses]


@pytest.mark.judge("lint_ocsp_response")
@pytest.mark.judge("lint_pkix_cert")
@pytest.mark.judge("lint_crl")
def test_pkilint_finds_nothing_in_crl_responses_and_responder_certificate(signed: Signer, tmp_path: Path) -> None:
    """Nothing from NOTICE on; at INFO it says by which method the key identifier was made, which is no finding."""
    path, findings = tmp_path / "artifact", {}
    responses = one_of_each(signed)
    delegate = ocsp.load_der_ocsp_response(responses[0]).certificates[0]
    artifacts = [(["lint_ocsp_response", "lint"], data) for data in responses]
    artifacts.append((["lint_pkix_cert", "lint", "-s", "NOTICE"], delegate.public_bytes(Encoding.DER)))
    artifacts.append((["lint_crl", "lint", "-t", "CRL", "-p", "PKIX"], newest_crl(signed).public_bytes(Encoding.DER)))
    for command, data in artifacts:
        path.write_bytes(data)
        result = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
        findings[command[0], len(findings)] = (result.returncode, result.stdout.strip(), result.stderr.strip())
    assert set(findings.values()) == {(0, "", "")}


def test_responder_certificate_has_the_profile_of_a_delegate(signed: Signer) -> None:
    """EKU OCSPSigning alone, ocsp-nocheck, digitalSignature alone and critical, AKI, SKI; no AIA, no CDP, no SAN."""
    (delegate,) = {r.certificates[0] for r in map(ocsp.load_der_ocsp_response, one_of_each(signed))}
    found = {type(e.value): e for e in delegate.extensions}
    assert set(found) == {
        x509.AuthorityKeyIdentifier,
        x509.SubjectKeyIdentifier,
        x509.KeyUsage,
        x509.ExtendedKeyUsage,
        x509.OCSPNoCheck,
    }
    assert list(found[x509.ExtendedKeyUsage].value) == [x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert found[x509.KeyUsage].critical
    assert isinstance(delegate.public_key(), ec.EllipticCurvePublicKey)
    assert delegate.not_valid_before_utc == NOW - timedelta(hours=1)
    assert delegate.not_valid_after_utc == NOW + timedelta(days=7)
    assert delegate.serial_number.bit_length() >= 64


def test_response_never_outlives_the_certificate_that_signed_it(estate: Estate) -> None:
    """Where the issuer itself ends in an hour, so do its delegate and every response."""
    ending = Authority(not_before=NOW - timedelta(days=1), days=2)
    short = Estate.build(estate.folder / "short", authority=ending)
    signer = short.signer()
    short.register(signer, [1])
    look(signer, fixed(NOW + timedelta(hours=23)))
    (response, _) = one_of_each(signer)
    parsed = ocsp.load_der_ocsp_response(response)
    assert (
        parsed.next_update_utc == ending.certificate.not_valid_after_utc == parsed.certificates[0].not_valid_after_utc
    )
