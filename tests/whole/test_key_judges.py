"""What clients of others make of responses under each kind of responder and CA key: the table in docs/ocsp.md."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from revocation import clock
from revocation.clock import fixed
from revocation.keykind import KeyKind
from revocation.status import Reason, Revocation
from signer.look import look
from tests.authority import Authority, CAKey
from tests.estate import Estate, certificate
from tests.keykinds import CA_KEYS, ca_key_for
from tests.signer.pkilint import pkilint_certificate
from tests.signer.reading import bundles
from tests.whole.response_judges import Signed, ocsptool, ocsptool_told_the_signer, openssl, openssl_3_5, pyhanko

CLASSICAL = [kind for kind in KeyKind if not kind.is_post_quantum]
POST_QUANTUM = [kind for kind in KeyKind if kind.is_post_quantum]
SERIALS = {"good": 0x1001, "revoked": 0x1002}

JUDGES: dict[str, Callable[[Signed, str], str]] = {
    "openssl": openssl,
    "OpenSSL 3.5": openssl_3_5,
    "ocsptool": ocsptool,
    "pyhanko": pyhanko,
}


def signed(folder: Path, authority: Authority, kind: str, more: str = "") -> Signed:
    """The responses of an installation with such keys, signed just now, by status; `more` lines of [public.ocsp]."""
    now = clock.now().replace(microsecond=0)
    ends = now + timedelta(days=30)
    public = f'[public.ocsp]\nresponder_key = "{kind}"\nslices = 1\nhashes = ["sha1"]\n{more}'
    estate = Estate.build(folder / "e", authority=authority, public=public)
    signer = estate.signer(now)
    revocation = Revocation(now - timedelta(hours=1), Reason.keyCompromise)
    good = certificate(SERIALS["good"], not_after=ends)
    estate.import_(signer, [good, certificate(SERIALS["revoked"], not_after=ends, revocation=revocation)], now)
    assert look(signer, fixed(now)).problems == []
    ((_, found),) = bundles(signer, "ocsp")
    by_serial = {ocsp.load_der_ocsp_response(data).serial_number: data for data in found}
    return Signed.write(folder, authority, {name: by_serial[serial] for name, serial in SERIALS.items()}, SERIALS, ends)


def authority_of(key: CAKey, **more: str) -> Authority:
    """A CA with that key, for ten days now."""
    return Authority(key=key, not_before=clock.now().replace(microsecond=0) - timedelta(days=10), **more)  # type: ignore[arg-type]


@pytest.mark.judge("openssl", "ocsptool")
@pytest.mark.parametrize("kind", CLASSICAL)
def test_clients_verify_responses_of_a_responder_key(tmp_path: Path, kind: KeyKind) -> None:
    """OpenSSL 3.0 and 3.5, GnuTLS 3.7 and pyhanko-certvalidator, good and revoked, under a P-256 CA."""
    found = signed(tmp_path, authority_of(CA_KEYS["p256"]()), kind)
    said = {(name, status): judge(found, status) for name, judge in JUDGES.items() for status in SERIALS}
    assert said == {(name, status): status for name in JUDGES for status in SERIALS}


@pytest.mark.judge("openssl", "ocsptool")
@pytest.mark.parametrize("ca", [name for name in CA_KEYS if not name.startswith("mldsa")])
def test_clients_verify_responses_under_a_ca_key(tmp_path: Path, ca: str) -> None:
    """The same by CA key, with the default responder key."""
    found = signed(tmp_path, authority_of(CA_KEYS[ca]()), "p256")
    said = {(name, status): judge(found, status) for name, judge in JUDGES.items() for status in SERIALS}
    assert said == {(name, status): status for name in JUDGES for status in SERIALS}


@pytest.mark.judge("openssl", "ocsptool")
@pytest.mark.parametrize("ca", ["p256", "rsa2048", "ed25519"])
def test_clients_verify_responses_that_the_ca_key_signed_itself(tmp_path: Path, ca: str) -> None:
    """Without any certificate embedded, by the CA certificate that they have anyway; of it ocsptool has to be told."""
    found = signed(tmp_path, authority_of(CA_KEYS[ca]()), "p256", 'signed_by = "issuer"')
    judges = {**JUDGES, "ocsptool": ocsptool_told_the_signer}
    said = {(name, status): judge(found, status) for name, judge in judges.items() for status in SERIALS}
    assert said == {(name, status): status for name in judges for status in SERIALS}
    assert "Signer cert not found" in ocsptool(found, "good")


@pytest.mark.parametrize("kind", POST_QUANTUM)
@pytest.mark.parametrize("ca", [name for name in CA_KEYS if name.startswith("mldsa")])
def test_openssl_3_5_and_cryptography_verify_ml_dsa_responses(tmp_path: Path, ca: str, kind: KeyKind) -> None:
    """OpenSSL before 3.5, GnuTLS 3.7 and pyhanko-certvalidator know no ML-DSA."""
    authority = authority_of(CA_KEYS[ca]())
    found = signed(tmp_path, authority, kind)
    for name, serial in SERIALS.items():
        response = ocsp.load_der_ocsp_response(found.response(name))
        (delegate,) = response.certificates
        delegate.verify_directly_issued_by(authority.certificate)
        delegate.public_key().verify(response.signature, response.tbs_response_bytes)  # type: ignore[union-attr,call-arg]
        assert (response.serial_number, response.certificate_status.name.lower()) == (serial, name)
        assert openssl_3_5(found, name) == name


@pytest.mark.judge("lint_pkix_cert", "lint_cabf_serverauth_cert")
@pytest.mark.parametrize("kind", KeyKind)
def test_pkilint_finds_nothing_in_responder_certificates(tmp_path: Path, kind: KeyKind) -> None:
    """Under the rules of PKIX, and of the BRs where they know the kind of key."""
    authority = authority_of(ca_key_for(kind), organization="Test")
    (embedded,) = ocsp.load_der_ocsp_response(signed(tmp_path, authority, kind).response("good")).certificates
    (file := tmp_path / "responder.pem").write_bytes(embedded.public_bytes(Encoding.PEM))
    assert pkilint_certificate(file, "lint_pkix_cert") == ""
    if kind in CLASSICAL and kind is not KeyKind.ED25519:
        assert pkilint_certificate(file, "lint_cabf_serverauth_cert", "-t", "OCSP-RESPONDER") == ""
