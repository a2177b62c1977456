"""`revocast check` against a site that is served over HTTP: what it calls fine, late, wrong and gone back."""

import shutil
from collections.abc import Iterable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from jobs.check_marks import CRLMark, Marks, MarksFile
from jobs.findings import Level, summary, worst
from revocation.status import Reason
from tests.authority import Authority
from tests.jobs.checking import end_entity, look, said
from tests.jobs.site import Site, later


def test_fresh_site_is_ok_and_every_object_was_looked_at(site: Site, marks: MarksFile) -> None:
    """Issuer, CRL, the revoked by OCSP with both hashes by GET and POST, and given certificates."""
    site.bring_up(revoked=[5], good=[6])
    findings = look(site, marks, end_entity(site, 6))
    assert worst(findings) is Level.OK, said(findings, Level.CRITICAL)
    assert summary(findings) == "REVOCAST OK - 4 objects fetched and verified"
    assert "ocsp test 05: revoked (keyCompromise), 4 answers verified" in said(findings, Level.OK)
    assert "ocsp test 06: good, 4 answers verified" in said(findings, Level.OK)


def test_crl_that_goes_back_is_critical_and_stays_so_until_it_is_ahead_again(site: Site, marks: MarksFile) -> None:
    """Somebody restores yesterday's web root: the signature is right, and the revocation is gone."""
    site.bring_up(good=[5])
    shutil.copytree(site.www, site.estate.folder / "yesterday")
    site.revoke(5)
    later(site, minutes=10)
    site.sign()
    site.publish()
    assert worst(look(site, marks)) is Level.OK
    shutil.copytree(site.estate.folder / "yesterday", site.www, dirs_exist_ok=True)
    for _ in range(2):
        assert "went back: number" in said(look(site, marks), Level.CRITICAL)
    site.publish()
    assert worst(look(site, marks)) is Level.OK


def test_revoked_certificate_that_is_good_again_is_critical(site: Site, marks: MarksFile) -> None:
    """It left the CRL, and OCSP calls it good: no expiry and no release explains that."""
    site.bring_up(good=[5])
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={"05": Reason.keyCompromise})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    for _ in range(2):
        assert "was revoked (keyCompromise) and is good again" in said(look(site, marks), Level.CRITICAL)


def test_final_revocation_that_left_the_crl_alone_is_critical(site: Site, marks: MarksFile) -> None:
    """A ledger was restored: OCSP still says revoked, and whoever reads the CRL only takes the certificate again."""
    site.bring_up(good=[5])
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish(only="responses")
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={"05": Reason.keyCompromise})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    for _ in range(2):
        critical = said(look(site, marks), Level.CRITICAL)
        assert "ocsp test 05: was revoked (keyCompromise) and is no longer on the CRL" in critical
    site.publish()
    assert worst(look(site, marks)) is Level.OK


@pytest.mark.parametrize(("number", "reason"), [(5, Reason.certificateHold), (77, Reason.keyCompromise)])
def test_released_or_expired_certificate_may_leave_the_crl(
    site: Site, marks: MarksFile, number: int, reason: Reason
) -> None:
    """A hold may end; a certificate of which OCSP has no record any more has expired."""
    site.bring_up(good=[5])
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={f"{number:02X}": reason})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    assert worst(look(site, marks)) is Level.OK


def test_disagreement_of_crl_and_ocsp_is_critical_when_it_lasts(site: Site, marks: MarksFile) -> None:
    """Right after a revocation one of the two may be first; later than publishing and caches take, it is broken."""
    site.bring_up(good=[5])
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish(only="files")
    findings = look(site, marks)
    assert worst(findings) is Level.WARNING
    assert "OCSP says good, the CRL says revoked (keyCompromise)" in said(findings, Level.WARNING)
    later(site, minutes=66)
    assert "OCSP says good, the CRL says revoked" in said(look(site, marks), Level.CRITICAL)
    assert "OCSP says good, the CRL says revoked" in said(look(site, marks, end_entity(site, 5)), Level.CRITICAL)


def test_late_site_is_a_warning_and_an_expired_one_critical(site: Site, marks: MarksFile) -> None:
    """Past renewal, a look, publishing and what caches may keep: nobody renews. Past nextUpdate: nobody can use it."""
    site.bring_up(revoked=[5])
    later(site, hours=12, minutes=30)
    assert worst(look(site, marks)) is Level.OK
    later(site, hours=2)
    findings = look(site, marks)
    assert worst(findings) is Level.WARNING
    assert "crl test all: is 14h 30m old" in said(findings, Level.WARNING)
    assert "ocsp test 05: sha1 GET: is" in said(findings, Level.WARNING)
    later(site, hours=10)
    assert "crl test all" in said(look(site, marks), Level.CRITICAL)


def test_missing_objects_are_critical_each(site: Site, marks: MarksFile) -> None:
    """Nothing published: the issuer's certificate and the CRL are both named."""
    site.publish()
    shutil.rmtree(site.www)
    critical = said(look(site, marks), Level.CRITICAL)
    assert "issuer test" in critical
    assert "crl test all" in critical
    assert "HTTP 404" in critical


def test_foreign_certificate_in_the_issuers_place_is_critical(site: Site, marks: MarksFile) -> None:
    """A chain built with it would be somebody else's."""
    site.bring_up()
    (file,) = (site.www / "issuer").iterdir()
    file.unlink()
    file.write_bytes(Authority().certificate.public_bytes(Encoding.DER))
    assert "is not a configured one" in said(look(site, marks), Level.CRITICAL)


def test_unexpired_certificate_without_an_answer_is_critical(site: Site, marks: MarksFile) -> None:
    """`unauthorized` is right for what is unknown, and wrong for a certificate in use; an expired one is let be."""
    site.bring_up(good=[5])
    assert "unauthorized" in said(look(site, marks, end_entity(site, 99)), Level.CRITICAL)
    later(site, seconds=1)
    assert worst(look(site, marks, end_entity(site, 99, days=0))) is Level.OK


def test_answer_for_another_certificate_is_critical(site: Site, marks: MarksFile) -> None:
    """A responder that answers every question with one good response is found out."""
    site.bring_up(revoked=[5], good=[6])
    proper = site.app
    answer: list[bytes] = []

    def one_answer_for_all(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/ocsp"):
            return proper(environ, start_response)
        if not answer:
            answer.extend(proper(environ, start_response))
            return answer
        start_response("200 OK", [("Content-Type", "application/ocsp-response")])
        return answer

    site.answer_instead(one_answer_for_all)
    assert "another CertID" in said(look(site, marks, end_entity(site, 6)), Level.CRITICAL)


def test_certificate_of_a_foreign_issuer_is_unknown(site: Site, marks: MarksFile) -> None:
    """It cannot be judged, and that is not the site's fault."""
    site.bring_up()
    assert worst(look(site, marks, Authority("Other").certificate)) is Level.UNKNOWN
