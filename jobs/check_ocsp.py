"""What `check` asks of OCSP: every hash and method answers, all verify, and they agree with each other and the CRL."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product

from jobs.check_kept import kept_past_end
from jobs.fetch import NotFetched
from jobs.findings import Finding, Level
from jobs.ocsp_client import Method, OCSPErrorAnswer, ask
from jobs.terminal import span
from publisher.verify_crl import VerifiedCRL
from publisher.verify_ocsp import VerifiedResponse, verify_response
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.config import IssuerProfile
from revocation.errors import GateError
from revocation.status import Reason, Revocation
from revocation.windows import PUBLISHING

UNAUTHORIZED = "unauthorized"
TRY_LATER = "tryLater"


@dataclass(frozen=True)
class OCSPView:
    """What the responder says of one certificate.

    Attributes:
        what: for findings.
        answers: each verified answer, by how it was asked.
        findings: what failed.
        unknown: whether every way of asking was answered `unauthorized`: no record of the certificate.
        silent: whether every one was answered so, or `tryLater`: also what has only an expired response.
    """

    what: str
    answers: dict[str, VerifiedResponse]
    findings: list[Finding]
    unknown: bool
    silent: bool


def look_at_ocsp(profile: IssuerProfile, serial: bytes, base: str, now: datetime, seconds: float) -> OCSPView:
    """Ask for a certificate with each CertID hash, by GET and by POST.

    A hash that the profile does not have needs no answer; one that is given nevertheless counts, since clients get it.
    """
    what = f"ocsp {profile.issuer.name} {serials.to_hex(serial)}"
    answers: dict[str, VerifiedResponse] = {}
    findings: list[Finding] = []
    errors = []
    for hash_, method in product(CertIDHash, Method):
        way = f"{hash_.value} {method}"
        cert_id = CertID.of(profile.issuer, serial, hash_)
        try:
            came = ask(base, cert_id, method, seconds)
            answers[way] = _verified(came.body, cert_id, profile, now)
            if method is Method.GET and (long := kept_past_end(came.headers, answers[way].next_update, now)):
                findings.append(Finding(Level.WARNING, what, f"{way}: {long}"))
        except (NotFetched, GateError) as error:
            if hash_ in profile.ocsp.hashes:
                errors.append(error.name if isinstance(error, OCSPErrorAnswer) else None)
                findings.append(Finding(Level.CRITICAL, what, f"{way}: {error}"))
    unknown = not answers and all(name == UNAUTHORIZED for name in errors)
    silent = not answers and all(name in (UNAUTHORIZED, TRY_LATER) for name in errors)
    return OCSPView(what, answers, findings, unknown, silent)


def differs(view: OCSPView, crl: VerifiedCRL, serial: bytes) -> bool:
    """Whether any answer says another thing than the CRL."""
    entry = crl.revoked.get(serial)
    return any(_differs(entry, answer.revocation) for answer in view.answers.values())


def judge(
    view: OCSPView,
    profile: IssuerProfile,
    crl: VerifiedCRL | None,
    serial: bytes,
    now: datetime,
    since: datetime | None = None,
) -> list[Finding]:
    """Whether the answers are fresh, and say what each other and the CRL say.

    Args:
        since: when they were first seen to differ from the CRL.
    """
    findings = list(view.findings)
    allowed = profile.ocsp.renewal + profile.ocsp.look + PUBLISHING + profile.ocsp.max_age
    entry = crl.revoked.get(serial) if crl else None
    for way, answer in view.answers.items():
        if now - answer.this_update > allowed:
            age = span(now - answer.this_update)
            findings.append(
                Finding(Level.WARNING, view.what, f"{way}: is {age} old, renewal is due by {span(allowed)}")
            )
        if crl and _differs(entry, answer.revocation):
            level = Level.CRITICAL if _lasts(profile, entry, answer.revocation, now, since) else Level.WARNING
            findings.append(
                Finding(level, view.what, f"{way}: OCSP says {_says(answer.revocation)}, the CRL says {_says(entry)}")
            )
    said = {_says(answer.revocation) for answer in view.answers.values()}
    if len(said) > 1:
        findings.append(Finding(Level.CRITICAL, view.what, "answers differ: " + ", ".join(sorted(said))))
    elif said:
        findings.append(Finding(Level.OK, view.what, f"{said.pop()}, {len(view.answers)} answers verified"))
    return findings


def _verified(response: bytes, asked: CertID, profile: IssuerProfile, now: datetime) -> VerifiedResponse:
    verified = verify_response(response, profile.issuer, now)
    if verified.serial != asked.serial or asked.hash not in verified.hashes:
        raise GateError("answers for another CertID than the one that was asked for")
    return verified


def _lasts(
    profile: IssuerProfile, entry: Revocation | None, answered: Revocation | None, now: datetime, since: datetime | None
) -> bool:
    """Whether CRL and OCSP have differed for longer than publishing and caches explain.

    The age of either says nothing: a busy CA makes a new CRL every few minutes. What was seen to differ in an earlier
    run counts, and the revocation date, except of a hold, which may have been released just now.
    """
    ages = [profile.ocsp.max_age, *(spec.settings.max_age for spec in profile.crls.values())]
    began = [since] if since else []
    if entry is not None and answered is None and entry.reason is not Reason.certificateHold:
        began.append(entry.revoked_at)
    return any(now - moment > PUBLISHING + max(ages) for moment in began)


def _differs(entry: Revocation | None, answered: Revocation | None) -> bool:
    if entry is None or answered is None:
        return entry is not answered
    return (entry.reason, entry.revoked_at) != (answered.reason, answered.revoked_at)


def _says(revocation: Revocation | None) -> str:
    return f"revoked ({revocation.reason.name})" if revocation else "good"
