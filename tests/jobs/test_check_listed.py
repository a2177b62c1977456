"""`revocast check` on OCSP beside CRLs: what is not answered, what left the CRL, and what differs for too long."""

from collections.abc import Callable, Iterable
from typing import Any

from jobs.check_marks import MarksFile
from jobs.findings import Level, worst
from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.clock import fixed
from revocation.messages import Release, Verb
from revocation.status import Reason
from signer.handle import handle
from tests.jobs.checking import end_entity, look, said
from tests.jobs.site import Site, later
from tests.responder.filling import write


def answer_ocsp(site: Site, answer: Callable[[Any], Iterable[bytes]]) -> None:
    """Let something else answer what is asked of OCSP; files are served as before."""
    proper = site.app

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return answer(start_response) if environ["PATH_INFO"].startswith("/ocsp") else proper(environ, start_response)

    site.answer_instead(app)


def unavailable(start_response: Any) -> Iterable[bytes]:
    """A proxy whose responder is away."""
    start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"busy"]


def try_later(start_response: Any) -> Iterable[bytes]:
    """A responder whose store is away."""
    start_response("200 OK", [("Content-Type", "application/ocsp-response")])
    return [bytes.fromhex("30030a0103")]


def release(site: Site, number: int) -> None:
    """End a hold."""
    handle(
        site.signer,
        site.estate.ask(Verb.RELEASE, Release(issuer="test", serial=f"{number:02X}"), site.now),
        fixed(site.now),
    )


def vanished(marks: MarksFile, site: Site) -> dict[str, Reason]:
    """What is kept in mind of what left the CRL."""
    (mark,) = marks.read(site.base).crls.values()
    return mark.vanished


def test_responder_that_knows_nothing_of_what_the_crl_lists_is_critical(site: Site, marks: MarksFile) -> None:
    """Its store is another's: every answer is `unauthorized`, and a client that fails soft takes the revoked."""
    site.bring_up(revoked=[5, 6], good=[7])
    write(site.estate.folder / "empty", [])
    site.app = create_app(LMDBSource(site.estate.folder / "empty"), files=site.www, now=lambda: site.now)
    critical = said(look(site, marks), Level.CRITICAL)
    assert "ocsp test: answers unauthorized for all 2 that were asked for of what the CRL lists" in critical


def test_responder_whose_store_was_moved_away_is_critical(site: Site, marks: MarksFile) -> None:
    """It answers `tryLater`, and so it does at the first look."""
    site.bring_up(revoked=[5, 6], good=[7])
    site.app = create_app(LMDBSource(site.estate.folder / "nothing"), files=site.www, now=lambda: site.now)
    assert "answers tryLater" in said(look(site, marks), Level.CRITICAL)


def test_responder_is_asked_though_nothing_is_revoked(site: Site, marks: MarksFile) -> None:
    """For a serial that nobody was given: it must say that it does not know it, and nothing else."""
    site.bring_up(good=[5])
    findings = look(site, marks)
    assert worst(findings) is Level.OK
    assert "was never issued, and is unknown" in said(findings, Level.OK)
    proper = site.app
    for answer, words in ((unavailable, "HTTP 503"), (try_later, "answers tryLater")):
        site.app = proper
        answer_ocsp(site, answer)
        assert words in said(look(site, marks), Level.CRITICAL)


def test_certificate_that_left_the_crl_while_ocsp_was_away_is_asked_for_again(site: Site, marks: MarksFile) -> None:
    """An un-revocation is not forgotten because nobody could be asked when it was first seen."""
    site.bring_up(revoked=[5], good=[6])
    assert worst(look(site, marks)) is Level.OK
    other = Site(site.estate.folder / "restored", authority=site.authority)
    try:
        other.now = later(site, minutes=10)
        other.bring_up(good=[5, 6])
        site.now, proper = other.now, other.app
        site.app = proper
        answer_ocsp(site, unavailable)
        assert "ocsp test 05: sha1 GET: " in said(look(site, marks), Level.CRITICAL)
        assert vanished(marks, site) == {"05": Reason.keyCompromise}
        site.app = proper
        for _ in range(2):
            assert "was revoked (keyCompromise) and is good again" in said(look(site, marks), Level.CRITICAL)
    finally:
        other.close()


def test_hold_that_left_the_crl_alone_is_critical_when_it_lasts(site: Site, marks: MarksFile) -> None:
    """It was released, and OCSP still says hold: late at first, then broken, then right and forgotten."""
    site.bring_up(good=[6])
    site.register(5)
    site.revoke(5, "certificateHold")
    site.sign()
    site.publish()
    assert worst(look(site, marks)) is Level.OK
    release(site, 5)
    site.sign()
    site.publish(only="files")
    assert "OCSP says revoked (certificateHold), the CRL says good" in said(look(site, marks), Level.WARNING)
    later(site, minutes=66)
    assert "OCSP says revoked (certificateHold), the CRL says good" in said(look(site, marks), Level.CRITICAL)
    assert vanished(marks, site) == {"05": Reason.certificateHold}
    site.publish()
    assert worst(look(site, marks)) is Level.OK
    assert not vanished(marks, site)
    assert not marks.read(site.base).differing


def test_lasting_disagreement_is_critical_though_every_crl_is_new(site: Site, marks: MarksFile) -> None:
    """A CA that revokes every few minutes: the age of its CRL says nothing of how long OCSP has been wrong."""
    site.bring_up(good=range(5, 30))
    levels = []
    for number in range(5, 28):
        later(site, minutes=4)
        site.revoke(number)
        site.sign()
        site.publish(only="files")
        levels.append(worst(look(site, marks)))
    assert levels[0] is Level.WARNING
    assert levels[-1] is Level.CRITICAL


def test_release_that_reached_ocsp_first_is_critical_when_it_lasts(site: Site, marks: MarksFile) -> None:
    """The hold is old, the release is not: its date is no reason to call it broken at once."""
    site.bring_up(good=[6])
    site.register(5)
    site.revoke(5, "certificateHold")
    site.sign()
    site.publish()
    later(site, hours=2)
    release(site, 5)
    site.sign()
    site.publish(only="responses")
    assert "OCSP says good, the CRL says revoked (certificateHold)" in said(look(site, marks), Level.WARNING)
    later(site, minutes=66)
    assert "OCSP says good, the CRL says revoked (certificateHold)" in said(look(site, marks), Level.CRITICAL)


def test_crl_is_fetched_once_however_many_certificates_are_asked_for(site: Site, marks: MarksFile) -> None:
    """It may have a hundred megabytes; and a certificate on it is asked for once, whoever wants to know."""
    site.bring_up(revoked=[5], good=[6, 7])
    proper, asked = site.app, list[str]()

    def counting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        return proper(environ, start_response)

    site.answer_instead(counting)
    assert worst(look(site, marks, *(end_entity(site, number) for number in (5, 6, 7)))) is Level.OK
    assert len([path for path in asked if path.startswith("/crl")]) == 1
    assert len([path for path in asked if path.startswith("/ocsp")]) == 3 * 4
