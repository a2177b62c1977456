"""What `check` asks of a CRL: that it can be fetched, that it verifies, that it is fresh, that nothing went back."""

from dataclasses import dataclass, field
from datetime import datetime

from jobs.check_marks import CRLMark
from jobs.fetch import LARGE, NotFetched, fetch
from jobs.findings import Finding, Level
from jobs.terminal import span
from publisher.verify_crl import VerifiedCRL, verify_crl
from revocation import paths, serials
from revocation.clock import iso
from revocation.crlspec import CRLSpec
from revocation.errors import GateError
from revocation.status import Reason
from revocation.windows import PUBLISHING


@dataclass(frozen=True)
class CRLView:
    """One CRL as a relying party sees it.

    Attributes:
        findings: what was found.
        crl: its verified content; None when there is none.
        vanished: serials that stood on an earlier one and stand on this one no longer, with their reasons.
    """

    findings: list[Finding]
    crl: VerifiedCRL | None = None
    vanished: dict[str, Reason] = field(default_factory=dict)


def look_at_crl(spec: CRLSpec, base: str, mark: CRLMark | None, now: datetime, seconds: float) -> CRLView:
    """Fetch and judge a CRL.

    Args:
        spec: which one.
        base: the URL under which `crl/` lies, ending in `/`.
        mark: what an earlier run saw.
        now: the time.
        seconds: how long fetching may take.
    """
    what = f"crl {spec.issuer.name} {spec.label}"
    try:
        fetched = fetch(base + spec.path, LARGE, seconds)
        crl = verify_crl(fetched.body, spec, now)
    except (NotFetched, GateError) as error:
        return CRLView([Finding(Level.CRITICAL, what, str(error))])
    findings = [*_backwards(what, crl, mark, by_number=spec.settings.series is not None), *_late(what, crl, spec, now)]
    if fetched.media_type != paths.CRL_MEDIA_TYPE:
        findings.append(Finding(Level.WARNING, what, f"is served as {fetched.media_type}"))
    left = span(crl.next_update - now)
    findings.append(
        Finding(Level.OK, what, f"number {crl.number}, {len(crl.revoked)} revoked, valid for another {left}")
    )
    vanished = {
        serial: reason
        for serial, reason in (mark.revoked | mark.vanished if mark else {}).items()
        if serials.from_hex(serial) not in crl.revoked
    }
    return CRLView(findings, crl, vanished)


def sample(crl: VerifiedCRL, mark: CRLMark | None, size: int) -> list[bytes]:
    """Up to `size` serials of a CRL: those that were remembered first, then some spread over the whole list."""
    remembered = [octets for octets in map(serials.from_hex, mark.revoked if mark else {}) if octets in crl.revoked]
    everything = list(crl.revoked)
    step = max(1, len(everything) // max(1, size))
    spread = everything[crl.number % step :: step]
    return list(dict.fromkeys([*remembered[: size // 2], *spread]))[:size]


def _backwards(what: str, crl: VerifiedCRL, mark: CRLMark | None, *, by_number: bool) -> list[Finding]:
    if mark is None:
        return []
    if crl.number < mark.number:
        return [Finding(Level.CRITICAL, what, f"went back: number {crl.number} after {mark.number}")]
    if crl.this_update < mark.this_update and (crl.number == mark.number or not by_number):
        times = f"{iso(crl.this_update)} after {iso(mark.this_update)}"
        return [Finding(Level.CRITICAL, what, f"went back: thisUpdate {times}")]
    if crl.number == mark.number and crl.this_update != mark.this_update:
        return [Finding(Level.CRITICAL, what, f"two CRLs have the number {crl.number}")]
    return []


def _late(what: str, crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> list[Finding]:
    settings = spec.settings
    allowed = settings.renewal + settings.look + PUBLISHING + settings.max_age
    if now - crl.this_update <= allowed or now < spec.renew_at(crl.this_update, crl.next_update):
        return []
    age = span(now - crl.this_update)
    return [Finding(Level.WARNING, what, f"is {age} old; a new one was due after {span(allowed)} at the latest")]
