"""`revocast check` on OCSP over time: answers that go back, that are lost, and that nobody needs any more."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

import lmdb
import pytest

from jobs.check import run
from jobs.check_answered import longest_on_a_crl
from jobs.check_marks import AnswerMark, Marks, MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, worst
from revocation.clock import fixed
from revocation.store import RESPONSES_DATABASE
from signer.look import look as look_as_signer
from tests.authority import NOW
from tests.jobs.checking import look, said
from tests.jobs.site import Site, later
from tests.signer.reading import told


def renew(site: Site) -> None:
    """What runs every hour: the signer, told of what is published, and the publisher."""
    assert not look_as_signer(site.signer, fixed(site.now), hint=told(site.signer)).problems
    site.publish()


def forget(site: Site, number: int) -> None:
    """Take the answers for a serial out of the store."""
    site.close_store()
    with lmdb.open(str(site.estate.folder / "store"), max_dbs=4) as store:
        responses = store.open_db(RESPONSES_DATABASE)
        with store.begin(write=True, db=responses) as transaction:
            for key in [key for key, _ in transaction.cursor() if bytes(key).endswith(bytes((number,)))]:
                assert transaction.delete(key)
    site.reopen_store()


def longest(site: Site) -> timedelta:
    """How long an expired certificate may be on the site's CRL."""
    (profile,) = site.public.profiles.values()
    return longest_on_a_crl(profile)


def every_hour(site: Site, marks: MarksFile, hours: int) -> Iterator[list[Finding]]:
    """What the check finds while all goes as it should."""
    for _ in range(hours):
        later(site, hours=1)
        renew(site)
        yield look(site, marks)


def test_answer_that_a_responder_should_still_have_is_critical_at_once(site: Site, marks: MarksFile) -> None:
    """It was seen, it is valid, and it is gone: no expiry takes it out; nor when it would have ended meanwhile."""
    site.bring_up(revoked=[5, 6])
    assert worst(look(site, marks)) is Level.OK
    later(site, minutes=5)
    forget(site, 5)
    critical = "ocsp test 05: answers unauthorized, and an answer was seen that is valid until 2026-03-02T12:00:01Z"
    assert critical in said(look(site, marks), Level.CRITICAL)
    later(site, hours=25)
    renew(site)
    forget(site, 5)
    assert critical in said(look(site, marks), Level.CRITICAL)
    later(site, hours=12)
    renew(site)
    assert worst(look(site, marks)) is Level.OK


def test_unanswered_is_a_warning_at_first_and_critical_when_it_lasts(site: Site, marks: MarksFile) -> None:
    """It may have expired before anybody looked; off the CRL it is soon then, and this one is not."""
    site.bring_up(revoked=[5, 6])
    forget(site, 5)
    for hours in (0, longest(site) / timedelta(hours=1) - 1):
        later(site, hours=hours)
        renew(site)
        forget(site, 5)
        findings = look(site, marks)
        assert worst(findings) is Level.WARNING, said(findings, Level.CRITICAL)
        assert "ocsp test 05: answers unauthorized, and the CRL lists it" in said(findings, Level.WARNING)
    later(site, hours=2)
    renew(site)
    forget(site, 5)
    assert "ocsp test 05: answers unauthorized since 2026-03-01T12:00:01Z" in said(look(site, marks), Level.CRITICAL)


def test_start_is_not_kept_waiting_by_what_may_have_expired(site: Site, marks: MarksFile) -> None:
    """A PKI that is taken over lists what expired before; `up` would wait for its answer in vain."""
    site.bring_up(revoked=[5, 6])
    forget(site, 5)
    plan = Plan(site.public, site.base, starting=True)
    assert worst(run(plan, marks, site.now)) is Level.OK


def test_crl_that_keeps_what_expired_says_nothing_about_missing_answers(site: Site, marks: MarksFile) -> None:
    """An entry of such a CRL never leaves, however long its certificate has expired."""
    config = site.estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public.ocsp]", "[public.crl]\nkeep_expired = true\n[public.ocsp]"))
    site.signer = site.estate.signer()
    site.bring_up(revoked=[5, 6])
    forget(site, 5)
    for _ in range(2):
        findings = look(site, marks)
        assert worst(findings) is Level.OK, said(findings, Level.CRITICAL)
        assert "ocsp test 05: is not answered any more" in said(findings, Level.OK)
        later(site, hours=longest(site) / timedelta(hours=1) + 1)
        renew(site)
        forget(site, 5)


@pytest.mark.long
@pytest.mark.parametrize("hours", [7, 30])
def test_revoked_certificate_that_expires_is_never_critical(site: Site, marks: MarksFile, hours: int) -> None:
    """Its last answer ends, the responder says tryLater, then unauthorized, and then the CRL drops it."""
    site.estate.register(site.signer, [5], site.now, not_after=NOW + timedelta(hours=hours))
    site.bring_up(revoked=[5, 6])
    for findings in every_hour(site, marks, hours + 60):
        assert worst(findings) in (Level.OK, Level.WARNING), said(findings, Level.CRITICAL)
    assert worst(findings) is Level.OK
    assert "1 revoked" in said(findings, Level.OK)


def test_only_certificate_of_a_crl_that_expired_is_not_critical(site: Site, marks: MarksFile) -> None:
    """It was answered until its answer ended, and nobody else is there to be answered for."""
    site.bring_up(revoked=[5])
    forget(site, 5)
    (profile,) = site.public.profiles.values()
    ended = AnswerMark(
        asked=site.now, this_update=NOW - timedelta(hours=24), next_update=NOW, seen=NOW - timedelta(hours=24)
    )
    marks.write(site.base, Marks(answers={f"{profile.issuer.id}/05": ended}))
    assert worst(look(site, marks)) is Level.WARNING
    later(site, hours=longest(site) / timedelta(hours=1) + 1)
    renew(site)
    forget(site, 5)
    assert worst(look(site, marks)) is Level.CRITICAL


def test_answers_that_go_back_are_critical_once_no_cache_explains_it(site: Site, marks: MarksFile) -> None:
    """A store of yesterday: nothing was revoked, all is valid and agrees with the CRL. POST is not cached, GET is."""
    site.bring_up(revoked=[5])
    site.close_store()
    shutil.copytree(site.estate.folder / "store", site.estate.folder / "yesterday")
    later(site, hours=12)
    renew(site)
    assert worst(look(site, marks)) is Level.OK
    site.close_store()
    shutil.rmtree(site.estate.folder / "store")
    shutil.copytree(site.estate.folder / "yesterday", site.estate.folder / "store")
    site.reopen_store()
    later(site, minutes=4)
    assert worst(look(site, marks)) is Level.OK
    later(site, minutes=2)
    critical = said(look(site, marks), Level.CRITICAL)
    assert "sha1 POST: went back: thisUpdate 2026-03-01T12:00:01Z after 2026-03-02T00:00:01Z" in critical
    assert "GET: went back" not in critical
    later(site, minutes=60)
    for _ in range(2):
        critical = said(look(site, marks), Level.CRITICAL)
        assert "sha256 GET: went back" in critical
    later(site, hours=12)
    renew(site)
    assert worst(look(site, marks)) is Level.OK


def test_a_bounded_number_of_answers_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were asked for last, of each issuer."""
    monkeypatch.setattr("jobs.check_marks._MOST_ANSWERS", 3)
    answers = {f"a/{n:02X}": AnswerMark(asked=NOW + timedelta(seconds=n)) for n in range(9)}
    marks = Marks(answers=answers | {"b/01": AnswerMark(asked=NOW)})
    marks.forget_old_answers("a")
    assert sorted(marks.answers) == ["a/06", "a/07", "a/08", "b/01"]
