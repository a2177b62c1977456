"""One look: make what is due, in the order in which things need each other. Nothing due, nothing written."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from revocation.artifacts import Kind
from revocation.clock import Clock
from revocation.errors import ExchangeError, Refused, RevocastError
from revocation.messages import Look, Verb
from signer.auditing.heads import tell_head
from signer.behind import behind_what_was_signed
from signer.coverage import without_crl
from signer.crls import make_crl
from signer.departed import tell_departures
from signer.due import Due
from signer.expired import refused_crls
from signer.finding import EVERYTHING, asked, find_due, intact_bundles, live
from signer.keys.limits import LimitReached
from signer.ledger import changes, early, facts
from signer.ledger.early import ONE_SECOND, TooEarly
from signer.ledger.issued import Issued
from signer.limited import told
from signer.meanwhile import Meanwhile
from signer.presign import presign
from signer.produce import prune, require_own_exchange, take_out_unwanted
from signer.report import Report
from signer.responder_certificates import destroy_useless_keys, make_responder_certificate
from signer.signer import Signer
from signer.unanswered import unanswered
from signer.unmade import clock_behind, not_listed, not_stored

_LOG: Final = logging.getLogger("revocast.signer")
_LONGEST_WAIT: Final = timedelta(minutes=5)
"""What waits longer, because a clock was set back, is told as a problem, and not tried again each second."""

_TOGETHER: Final = timedelta(seconds=0.5)
"""Certificates that are issued so long after a look began are seen by the next one together, if it made nothing."""


@dataclass(frozen=True)
class _Seen:
    """How far the ledger is.

    Attributes:
        facts: rises with every fact.
        statuses: rises with every change of status alone.
    """

    facts: int
    statuses: int

    @classmethod
    def now(cls, signer: Signer) -> "_Seen":
        with signer.ledger.read() as connection:
            return cls(facts.sum_of_revisions(connection), changes.sum_of_changes(connection))


def look(
    signer: Signer,
    clock: Clock,
    tasks: Iterable[Verb] = EVERYTHING,
    hint: Look | None = None,
    tell: Callable[[], None] = lambda: None,
    *,
    at_ceremony: bool = False,
) -> Report:
    """Make what is due of the given tasks; a failure of one thing does not stop the others.

    A status that changes meanwhile shortens the look, and it is looked again at once: the change does not wait for
    renewals. So does the second for which a CRL had to wait: it does not wait for all the responses behind it. But each
    kind of work goes on by one thing in each look, or revocations that keep coming would let responses expire. While
    that thing is a slice that is signed whole, CRLs and partial bundles are made in between.

    A certificate that is registered meanwhile waits for the partial bundles too, which are small: where many are issued
    each look would else sign one slice, having looked for what is due in all of them. It waits for the next second
    where something was made in this one, since a slice has one thisUpdate in each.

    Args:
        hint: what somebody says is published, and the issuers that it is about.
        tell: called after each thing that was made, since publishers need not wait for the others.
        at_ceremony: whether people agreed to it; where a machine signs at ceremonies alone nothing else is signed.

    Raises:
        Refused: this machine signs at ceremonies alone.
        ForeignBundle: the exchange says that this is not the ledger that signed last.
    """
    _require_may_sign(signer, at_ceremony=at_ceremony)
    report = Report()
    if hint:
        signer.published.hear(hint.crls, signer.public.profiles)
    with signer.ledger.signing(), signer.signing.of_a_look(), signer.keyring.of_a_look():
        require_own_exchange(signer)
        if Verb.GENERATE_OCSP_KEYS in tasks:
            report.tell(Verb.GENERATE_OCSP_KEYS, _destroy_keys(signer, clock()))
        begun, known = clock(), _Seen.now(signer)
        if Verb.GENERATE_CRLS in tasks:
            report.tell(Verb.GENERATE_CRLS, _tell_departures(signer, clock(), hint))
        went_on, is_short, hurries = set(), False, False
        make_urgent = partial(_make_urgent, signer, clock, tell, report)
        news = partial(_revisions, signer)
        for due in find_due(signer, clock(), tasks, hint):
            if due.work in went_on and (hurries or (is_short and not due.base_revision)):
                continue
            baseline = None if report.waits_until(clock() + _LONGEST_WAIT) else known.facts
            if _attempt(signer, due, clock, report, Meanwhile(clock, baseline, news, make_urgent)):
                went_on.add(due.work)
                tell()
            seen = _Seen.now(signer)
            hurries = hurries or seen.statuses != known.statuses or report.waits_until(clock())
            is_short = is_short or hurries or seen.facts != known.facts
        if is_short:
            report.wait(None, clock() if hurries else max(clock(), _together(begun, report)))
        if Verb.GENERATE_CRLS in tasks:
            report.tell(Verb.GENERATE_CRLS, _without_crl(signer, clock()))
            report.tell(Verb.GENERATE_CRLS, _behind(signer, clock(), hint))
            report.tell(Verb.GENERATE_CRLS, _of_expired(signer, clock(), hint) if hint else [])
        if Verb.PRESIGN in tasks:
            report.tell(Verb.PRESIGN, _unanswered(signer, clock(), hint))
        report.tell(None, _tidy(signer, clock(), report))
        report.tell(None, tell_head(signer, is_told=bool(report.problems)))
    return report


def _together(begun: datetime, report: Report) -> datetime:
    """When to look for what was issued since."""
    return begun.replace(microsecond=0) + ONE_SECOND if report.made else begun + _TOGETHER


def _require_may_sign(signer: Signer, *, at_ceremony: bool) -> None:
    """Return if people agreed to it, or this machine signs whenever something is due."""
    if signer.config.ceremony is not None and not at_ceremony:
        raise Refused(
            "this machine signs at ceremonies alone: nothing was signed",
            where="[signer.ceremony]",
            advice="`revocast ceremony sign` (docs/ceremony.md)",
        )


def _destroy_keys(signer: Signer, now: datetime) -> list[RevocastError]:
    """Also of issuers that have expired or are not configured any more."""
    try:
        destroy_useless_keys(signer, now)
    except OSError as error:
        what = f"an old responder key could not be deleted: {error.strerror or error}"
        advice = f"see to rights in {error.filename or signer.config.keys}; it is tried again at the next look"
        return [RevocastError(what, where="signer", advice=advice)]
    return []


def _tell_departures(signer: Signer, now: datetime, hint: Look | None) -> list[RevocastError]:
    """Before the CRLs that lack the entries; one that could not be told of is not put either."""
    listed = {stored.name: stored.size for stored in signer.exchange.list()}
    problems: list[RevocastError] = []
    for profile in live(signer, now, hint):
        try:
            tell_departures(signer, profile.issuer, now, listed)
        except ExchangeError as error:
            problems.append(error)
        except OSError as error:
            problems.append(not_stored("why entries left CRLs", signer, profile, error))
    return problems


def _tidy(signer: Signer, now: datetime, report: Report) -> list[RevocastError]:
    """What is not configured any more goes also when nothing was made: publishers would set it aside, and tell it."""
    try:
        take_out_unwanted(signer, now)
        if report.made:
            prune(signer, now)
    except ExchangeError as error:
        return [error]
    except OSError as error:
        return [
            RevocastError(
                f"bundles that nobody needs any more could not be taken out: {error.strerror or error}",
                where="exchange",
                advice=f"see to rights in {signer.config.exchange}; it is tried again at the next look",
            )
        ]
    return []


def _without_crl(signer: Signer, now: datetime) -> list[RevocastError]:
    with signer.ledger.read() as connection:
        profiles = signer.public.profiles.values()
        return [problem for profile in profiles for problem in without_crl(connection, profile, now)]


def _behind(signer: Signer, now: datetime, hint: Look | None) -> list[RevocastError]:
    """Also when nothing is due, and so nothing had to wait for the clock."""
    with signer.ledger.read() as connection:
        profiles = live(signer, now, hint)
        return [problem for profile in profiles for problem in behind_what_was_signed(connection, profile, now)]


def _unanswered(signer: Signer, now: datetime, hint: Look | None) -> list[RevocastError]:
    with signer.ledger.read() as connection:
        profiles = live(signer, now, hint)
        return [problem for profile in profiles for problem in unanswered(connection, profile, now)]


def _of_expired(signer: Signer, now: datetime, hint: Look) -> list[RevocastError]:
    """An issuer that has expired signs nothing more: who asks for its CRLs is told so, and nobody every minute."""
    expired = [profile for profile in asked(signer, hint) if now >= profile.issuer.not_after]
    if not expired:
        return []
    intact = intact_bundles(signer, now, hint)
    with signer.ledger.read() as connection:
        return [
            error for profile in expired for error in refused_crls(connection, profile, now, intact, signer.published)
        ]


def _revisions(signer: Signer) -> int:
    with signer.ledger.read() as connection:
        return facts.sum_of_revisions(connection)


def _make_urgent(signer: Signer, clock: Clock, tell: Callable[[], None], report: Report) -> bool:
    """Whether nothing had to wait for a time that comes soon, nor for an exchange that cannot be listed.

    Of every kind and issuer, whatever the look is about: the slice that is being signed keeps the others waiting. It is
    not given up where the exchange cannot be listed.

    Without its hint, which would have bundles be read again each time.
    """
    now = Report()
    try:
        for due in find_due(signer, clock(), whole=False):
            if due.is_urgent and _attempt(signer, due, clock, now):
                tell()
    except ExchangeError as error:
        now.tell(None, [error])
    except OSError as error:
        now.tell(None, [not_listed(signer, error)])
    else:
        return not now.waits_until(clock() + _LONGEST_WAIT)
    finally:
        report.add(now)
    return False


def _attempt(
    signer: Signer, due: Due, clock: Clock, report: Report, between: Callable[[], None] = lambda: None
) -> bool:
    """Whether it was made; if not, the report says why, or when it can be.

    Args:
        between: called again and again while a slice is signed whole; makes what does not wait for it.
    """
    if due.waits:
        report.tell(due.task, [due.waits])
        return False
    try:
        early.require(clock(), due.not_before)
        row = _make(signer, due, clock, between)
    except TooEarly as waits:
        report.wait(due.task, waits.not_before)
        if waits.not_before - clock() > _LONGEST_WAIT:
            report.tell(due.task, [clock_behind(due, waits.not_before, clock())])
    except LimitReached as error:
        report.tell(due.task, told(signer, due, error, clock()))
    except RevocastError as error:
        report.tell(due.task, [error])
    except OSError as error:
        report.tell(due.task, [not_stored(due.what, signer, due.profile, error)])
    except Exception as error:
        _LOG.exception("%s of %s failed", due.what, due.profile.issuer.name)
        where = f"issuer {due.profile.issuer.name}"
        report.tell(due.task, [RevocastError(f"{due.what} failed: {type(error).__name__}: {error}", where=where)])
    else:
        report.has_made(due.task, f"{due.profile.issuer.name}: {due.what} ({due.why})", row)
        return True
    return False


def _make(signer: Signer, due: Due, clock: Clock, between: Callable[[], None]) -> Issued | None:
    """The row of the bundle; a responder certificate has none."""
    if due.part is None:
        make_responder_certificate(signer, due.profile, clock())
        return None
    if due.part.kind is Kind.CRL:
        spec = due.profile.crls[due.part.label]
        return make_crl(signer, due.profile, spec, clock, for_revocation=due.lacks_status)
    if due.base_revision:
        return presign(signer, due.profile, due.part, due.base_revision, clock)
    return presign(signer, due.profile, due.part, 0, clock, between)
