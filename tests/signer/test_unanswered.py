"""What the BRs let no response say: it is not signed, told once with its serials, and keeps nothing else from it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from revocation.clock import fixed
from revocation.messages import Look, Raise, Release, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate
from tests.signer.reading import bundles, crl_serials, told

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
OCSP_ALONE = [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN]
OF_CAS = 'compliance = "br"\ncrl = {{ scopes = ["ca"] }}\nocsp = {{ signed_by = "issuer", slices = 1, {} }}'
YEAR = 'expires = "365d", renewal = "1d", look = "180d"'


def says(signer: Signer) -> dict[int, set[str]]:
    """What the responses in the exchange say of each serial: `good`, or the reason of its revocation."""
    found: dict[int, set[str]] = {}
    for _, objects in bundles(signer, "ocsp"):
        for data in objects:
            for single in ocsp.load_der_ocsp_response(data).responses:
                revoked = single.certificate_status is ocsp.OCSPCertStatus.REVOKED
                reason = single.revocation_reason
                said = (reason.value if reason else "no reason") if revoked else "good"
                found.setdefault(single.serial_number, set()).add(said)
    return found


def under_the_brs(estate: Estate) -> Signer:
    """The signer of an installation, from now on under the BRs."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]\n", '[public]\ncompliance = "br"\n', 1))
    return estate.signer()


def revoked(reason: str) -> Revocation:
    """Yesterday."""
    return Revocation(NOW - DAY, Reason.parse(reason))


def test_year_long_responses_are_signed_about_cas_alone(tmp_path: Path) -> None:
    """Good or revoked, the others are named in one problem of every look; what turns out to be a CA's is answered."""
    authority = Authority(days=7300, crl_sign=True, digital_signature=True)
    estate = Estate.build(tmp_path / "e", authority=authority, public=OF_CAS.format(YEAR))
    signer = estate.signer()
    estate.register(signer, [1, 2, 3], not_after=NOW + 900 * DAY)
    estate.register(signer, [4], is_ca=True, not_after=NOW + 900 * DAY)
    estate.register(signer, [5], not_after=NOW - DAY)
    handle(signer, estate.revoke(3), fixed(NOW))
    for now in (NOW, NOW + SECOND):
        (problem,) = look(signer, fixed(now), OCSP_ALONE).problems
        assert says(signer) == {4: {"good"}}
        assert "`renewal` of 1d and `look` of 180d are for CA certificates alone (BRs, section 2.2.6)" in str(problem)
        assert "01, 02, 03 are not known to be a CA's: no response is signed about them" in str(problem)
    estate.import_(signer, [replace(certificate(1, is_ca=True, not_after=NOW + 900 * DAY), certificate=b"its DER")])
    (problem,) = look(signer, fixed(NOW + 2 * SECOND), OCSP_ALONE).problems
    assert says(signer) == {1: {"good"}, 4: {"good"}}
    assert "and 02, 03 are not known" in str(problem)


def test_issuer_of_cas_with_windows_for_subscribers_answers_for_both(tmp_path: Path) -> None:
    """Nothing that the BRs say of subscribers' certificates is broken then."""
    public = OF_CAS.format('expires = "1d", renewal = "12h"').replace("issuer", "delegate")
    signer = (estate := Estate.build(tmp_path / "e", public=public)).signer()
    estate.register(signer, [1])
    estate.register(signer, [2], is_ca=True)
    assert look(signer, fixed(NOW), OCSP_ALONE).problems == []
    assert says(signer) == {1: {"good"}, 2: {"good"}}


@pytest.mark.parametrize("seen", [True, False])
def test_reasons_of_before_the_brs_are_not_signed_anew(tmp_path: Path, seen: bool) -> None:
    """Never turned good, and named once for each reason, on a CRL so far or not; the rest of the slice is signed."""
    estate = Estate.build(tmp_path / "e", public="ocsp = { slices = 1 }")
    estate.register(signer := estate.signer(), range(1, 30))
    estate.import_(signer, [certificate(40, is_ca=True, revocation=revoked("cACompromise"))])
    estate.import_(signer, [certificate(41, revocation=revoked("unspecified"))])
    for serial in range(1, 23):
        handle(signer, estate.revoke(serial, "certificateHold", revoked_at=NOW - DAY), fixed(NOW))
    handle(signer, estate.revoke(23, "superseded"), fixed(NOW))
    if seen:
        look(signer, fixed(NOW))
    signer = under_the_brs(estate)
    report = look(signer, fixed(NOW + SECOND), OCSP_ALONE)
    assert sorted(says(signer)) == [23, 24, 25, 26, 27, 28, 29, 41]
    assert says(signer)[23] == {"superseded"}
    assert {str(said) for serial in (24, 29) for said in says(signer)[serial]} == {"good"}
    hold, of_ca = sorted(map(str, report.problems))[::-1]
    assert "OCSP of issuer test: the BRs, section 7.2.2, do not allow the reason certificateHold: 01, 02, " in hold
    assert "13, 14 and 2 more are revoked so, and no response is signed about them" in hold
    assert "`revocast release` ends a hold" in hold
    assert "do not allow the reason cACompromise: 28 are revoked so" in of_ca
    assert len(report.problems) == 2


def test_what_the_brs_let_a_response_say_again_is_signed_at_once(tmp_path: Path) -> None:
    """A hold that is released or made final, a CA that is given a reason: each is a change of its slice."""
    estate = Estate.build(tmp_path / "e", public="ocsp = { slices = 1 }")
    held = [certificate(number, revocation=revoked("certificateHold")) for number in (1, 2)]
    estate.import_(estate.signer(), [*held, certificate(3, is_ca=True, revocation=revoked("unspecified"))])
    signer = under_the_brs(estate)
    problems = look(signer, fixed(NOW), OCSP_ALONE).problems
    assert (says(signer), len(problems)) == ({}, 2)
    assert "want a reason for a CA certificate: 03 are revoked so" in " ".join(map(str, problems))
    assert look(signer, fixed(NOW + SECOND), OCSP_ALONE).made == []
    handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial="01")), fixed(NOW))
    handle(signer, estate.revoke(2, "superseded"), fixed(NOW))
    handle(signer, estate.ask(Verb.RAISE, Raise(issuer="test", serial="03", reason="superseded")), fixed(NOW))
    assert look(signer, fixed(NOW + SECOND), OCSP_ALONE, Look()).problems == []
    assert says(signer) == {1: {"good"}, 2: {"superseded"}, 3: {"superseded"}}


def test_expired_certificate_is_no_problem_of_responses(tmp_path: Path) -> None:
    """It is answered for no more, whatever its reason was."""
    estate = Estate.build(tmp_path / "e")
    expired = certificate(1, not_after=NOW - HOUR, revocation=revoked("certificateHold"))
    estate.import_(estate.signer(), [expired])
    assert look(under_the_brs(estate), fixed(NOW), OCSP_ALONE).problems == []


def test_hold_that_has_left_the_crls_is_named_while_it_is_to_be_answered_for(tmp_path: Path) -> None:
    """With an archive cutoff a certificate is answered for long after it has expired, and no CRL lists it any more."""
    estate = Estate.build(tmp_path / "e", public='ocsp = { slices = 1, archive_cutoff = "100d" }')
    signer = estate.signer()
    estate.register(signer, [1], not_after=NOW + HOUR)
    estate.register(signer, [9])
    handle(signer, estate.revoke(1, "certificateHold"), fixed(NOW))
    for days in range(6):
        look(signer, fixed(NOW + days * DAY), hint=told(signer))
    assert crl_serials(signer) == []
    assert says(signer)[1] == {"certificateHold"}
    (problem,) = look(under_the_brs(estate), fixed(NOW + 6 * DAY), OCSP_ALONE).problems
    assert says(estate.signer()) == {9: {"good"}}
    assert "do not allow the reason certificateHold: 01 are revoked so" in str(problem)
    assert look(estate.signer(), fixed(NOW + 101 * DAY), OCSP_ALONE).problems == []
