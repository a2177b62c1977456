"""CRL entries and lists: the forms that RFC 5280 wants; `cryptography`, OpenSSL and GnuTLS read them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from revocation.artifacts import CRLName, Scope
from revocation.crlprofile import CRLList
from revocation.crlspec import CRLSpec
from revocation.status import Reason, Revocation
from signer.encoding import crl
from signer.keys import BytesTBS, local
from tests.authority import NOW, Authority

AUTHORITY = Authority(days=36500)
KEY = local.of_private_key(AUTHORITY.key, "test")


def build(
    entries: list[bytes],
    scope: Scope = Scope.ALL,
    this_update: datetime = NOW,
    number: int = 1,
    reasons: tuple[Reason, ...] = (),
) -> bytes:
    settings = CRLList(name=scope, scope=scope, only_some_reasons=reasons)
    spec = CRLSpec(AUTHORITY.issuer(), CRLName(scope), settings, f"http://crl.example/crl/x/{scope}.crl")
    frame = crl.CRLFrame(spec, number, this_update, this_update + timedelta(days=1))
    before, after = crl.around(frame, sum(map(len, entries)), KEY.algorithm_identifier)
    tbs = b"".join((before, *entries, after))
    return crl.assemble(tbs, KEY.algorithm_identifier, KEY.sign(BytesTBS(tbs)))


@given(st.binary(min_size=1, max_size=40))
def test_entry_repeats_the_octets_of_the_serial(octets: bytes) -> None:
    """The exact octets, also where another encoder would have dropped a leading zero."""
    assert crl.encode_entry(octets, Revocation(NOW))[2:].startswith(bytes((2, len(octets))) + octets)


def test_crl_without_entries_has_no_list_at_all() -> None:
    """RFC 5280 section 5.1.2.6: revokedCertificates is absent, not an empty SEQUENCE."""
    data = build([])
    assert len(list(x509.load_der_x509_crl(data))) == 0
    tbs = x509.load_der_x509_crl(data).tbs_certlist_bytes
    assert b"Z\x30\x00" not in tbs
    assert tbs.index(b"\xa0") == tbs.index(b"Z", tbs.index(b"Z") + 1) + 1


@pytest.mark.parametrize(("year", "tag"), [(2049, 0x17), (2050, 0x18)])
def test_crl_time_is_utctime_through_2049_and_generalizedtime_from_2050(year: int, tag: int) -> None:
    """RFC 5280 section 5.1.2.4."""
    this_update = datetime(year, 6, 1, tzinfo=UTC)
    tbs = x509.load_der_x509_crl(build([], this_update=this_update)).tbs_certlist_bytes
    subject = AUTHORITY.issuer().subject
    assert tbs[tbs.index(subject) + len(subject)] == tag


@pytest.mark.parametrize("scope", list(Scope))
def test_crl_has_aki_and_number_and_its_scope(scope: Scope) -> None:
    """AKI and a non-critical CRLNumber always; a critical IDP with URI and flag in `user` and `ca`, none in `all`."""
    parsed = x509.load_der_x509_crl(build([], scope, number=2**159 - 1))
    aki = parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    number = parsed.extensions.get_extension_for_class(x509.CRLNumber)
    assert aki.value.key_identifier == AUTHORITY.issuer().key_identifier
    assert (number.value.crl_number, number.critical, aki.critical) == (2**159 - 1, False, False)
    if scope is Scope.ALL:
        assert len(parsed.extensions) == 2
        return
    idp = parsed.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    flags = (idp.value.only_contains_user_certs, idp.value.only_contains_ca_certs)
    assert idp.critical
    assert flags == (scope is Scope.USER, scope is Scope.CA)
    assert [name.value for name in idp.value.full_name or ()] == [f"http://crl.example/crl/x/{scope}.crl"]


def test_crl_for_some_reasons_says_for_which() -> None:
    """onlySomeReasons of the IDP has the bits of RFC 5280 section 4.2.1.13, and no others."""
    parsed = x509.load_der_x509_crl(
        build([], Scope.USER, reasons=(Reason.keyCompromise, Reason.aACompromise, Reason.certificateHold))
    )
    idp = parsed.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    flags = x509.ReasonFlags
    assert idp.only_some_reasons == {flags.key_compromise, flags.aa_compromise, flags.certificate_hold}


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_crl_is_verified_by_openssl_and_gnutls(tmp_path: Path) -> None:
    """Two programs that others wrote accept signature and form."""
    ca, path = AUTHORITY.write(tmp_path / "ca.pem"), tmp_path / "crl.der"
    path.write_bytes(build([crl.encode_entry(b"\x07", Revocation(NOW, Reason.keyCompromise, NOW))]))
    openssl = ["openssl", "crl", "-inform", "DER", "-in", path, "-CAfile", ca, "-noout", "-text"]
    result = subprocess.run(openssl, capture_output=True, text=True, check=True)
    assert "verify OK" in result.stderr
    assert "Invalidity Date" in result.stdout
    gnutls = ["certtool", "--crl-info", "--inder", "--infile", path]
    assert "Revoked certificates (1)" in subprocess.run(gnutls, capture_output=True, text=True, check=True).stdout
