"""What `check` makes of OCSP answers over time: whether they went back, and what it means that one does not come.

A certificate that has expired stays on CRLs for a while (RFC 5280 section 3.3) and gets no new response, and `check`
does not know when it expires. So what a CRL lists and OCSP does not answer is a warning at first, and critical when it
lasts for longer than that, or when an answer was seen that a responder should still have.
"""

from datetime import datetime, timedelta

from jobs.check_marks import AnswerMark
from jobs.check_ocsp import OCSPView
from jobs.findings import Finding, Level
from jobs.ocsp_client import Method
from jobs.terminal import span
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.windows import PUBLISHING, SKEW


def remember(mark: AnswerMark | None, view: OCSPView, now: datetime) -> AnswerMark | None:
    """The mark after these answers; it never goes back. None where there is nothing to remember."""
    if not view.answers:
        return mark.model_copy(update={"asked": now}) if mark else None
    newest = max(view.answers.values(), key=lambda answer: answer.this_update)
    if mark and mark.this_update and newest.this_update <= mark.this_update:
        return mark.model_copy(update={"asked": now, "unanswered_since": None, "lost": False})
    return AnswerMark(asked=now, this_update=newest.this_update, next_update=newest.next_update, seen=now)


def went_back(view: OCSPView, mark: AnswerMark | None, profile: IssuerProfile, now: datetime) -> list[Finding]:
    """Answers older than one that was seen so long ago that neither publishing nor a cache explains it.

    How far their times are apart says nothing: a revocation replaces an answer after a minute. Caches keep what was got
    by GET for `max_age`, and nothing that was got by POST.
    """
    if mark is None or mark.this_update is None or mark.seen is None:
        return []
    found = []
    for way, answer in view.answers.items():
        explained = PUBLISHING + (profile.ocsp.max_age if way.endswith(Method.GET) else timedelta(0))
        if answer.this_update < mark.this_update and now - mark.seen > explained:
            detail = f"{way}: went back: thisUpdate {iso(answer.this_update)} after {iso(mark.this_update)}"
            found.append(Finding(Level.CRITICAL, view.what, detail))
    return found


def miss(mark: AnswerMark | None, now: datetime) -> AnswerMark:
    """The mark of a certificate that a CRL lists and that gets no answer.

    It is lost when an answer was seen that is still valid: what has one gets it, until it ends or a newer one comes.
    """
    known = mark or AnswerMark(asked=now)
    if known.unanswered_since is not None:
        return known
    lost = known.next_update is not None and now < known.next_update - SKEW
    return known.model_copy(update={"unanswered_since": now, "lost": lost})


def ran_out(mark: AnswerMark, now: datetime) -> bool:
    """Whether it was answered until that answer ended, as an expired certificate is."""
    return mark.next_update is not None and mark.next_update <= now and not mark.lost


def missed(view: OCSPView, mark: AnswerMark, profile: IssuerProfile, now: datetime, early: Level) -> Finding:
    """How bad it is that what a CRL lists gets no answer, with the mark that `miss` gave.

    Args:
        early: the level as long as the certificate may just have expired.
    """
    word = "answers unauthorized" if view.unknown else "answers tryLater"
    since = mark.unanswered_since or now
    if mark.lost and mark.next_update is not None:
        detail = f"{word}, and an answer was seen that is valid until {iso(mark.next_update)}"
        return Finding(Level.CRITICAL, view.what, detail)
    if view.unknown and (profile.crl.keep_expired or profile.last_crl is not None):
        return Finding(Level.OK, view.what, "is not answered any more")  # such a CRL lists what expired for ever
    longest = longest_on_a_crl(profile)
    if now - since > longest:
        detail = f"{word} since {iso(since)}: an expired certificate is off the CRL within {span(longest)}"
        return Finding(Level.CRITICAL, view.what, detail)
    return Finding(early, view.what, f"{word}, and the CRL lists it: it has expired, or the responder lacks it")


def longest_on_a_crl(profile: IssuerProfile) -> timedelta:
    """How long after its expiry a certificate may be on a CRL that relying parties get, when nothing is late.

    Its entry is kept for the life of a CRL or response; a CRL of after that has to show it, and the next one lacks it.
    """
    crls = [spec.settings for spec in profile.complete_crls.values()]
    kept = max(profile.ocsp.expires, *(one.expires for one in crls)) + max(one.backdate for one in crls)
    return kept + 2 * max(one.renewal + one.look + PUBLISHING + one.max_age for one in crls)
