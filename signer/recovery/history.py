"""What follows on what, when a ledger learns what was published: the rules, without a ledger. Pure.

What is final stays final. Between on hold and good the later word holds. A date moves back and never on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from revocation.clock import iso
from revocation.status import Reason, Revocation
from signer.recovery.evidence import Said

_COMPROMISE: Final = frozenset({Reason.keyCompromise, Reason.cACompromise, Reason.aACompromise})


@dataclass(frozen=True)
class Standing:
    """The status of a certificate as the ledger has it.

    Attributes:
        revocation: None where it is good.
        since: when that was recorded; None where nothing was ever said of it.
    """

    revocation: Revocation | None
    since: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether it is revoked for good."""
        return self.revocation is not None and self.revocation.reason is not Reason.certificateHold

    @property
    def is_hold(self) -> bool:
        """Whether it is on hold."""
        return self.revocation is not None and not self.is_final

    def is_before(self, moment: datetime) -> bool:
        """Whether what was said then is later."""
        return self.since is None or self.since < moment


@dataclass
class Learned:
    """What the ledger has to record, in this order; None is a release. And what it does not believe.

    Attributes:
        standing: after all of it.
    """

    standing: Standing
    facts: list[Revocation | None] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


def learn(standing: Standing, history: Sequence[Said], good: datetime | None) -> Learned:
    """What was published and the ledger lacks.

    Args:
        history: that it was said to be revoked, in the order in which that was said last.
        good: when it was last said to be good.
    """
    learned = Learned(standing)
    events: list[tuple[datetime, Revocation | None]] = [(said.at, said.revocation) for said in history]
    if good is not None:
        events.append((good, None))
    for at, event in sorted(events, key=lambda one: one[0]):
        learned.standing = _step(learned.standing, at, event, learned)
    return learned


def _step(standing: Standing, at: datetime, event: Revocation | None, learned: Learned) -> Standing:
    if event is None:
        return _good(standing, at, learned)
    if _is_said(event, standing.revocation):
        return Standing(standing.revocation, max(at, standing.since or at))
    if not _follows(standing, at, event):
        if standing.is_before(at):
            learned.contradictions.append(
                f"published as {words(event)} at {iso(at)}, here {words(standing.revocation)}"
            )
        return standing
    learned.facts.append(event)
    return Standing(event, at)


def _good(standing: Standing, at: datetime, learned: Learned) -> Standing:
    """At the same second revoked counts, as with publishers."""
    if standing.revocation is None or standing.is_final or not standing.is_before(at):
        return standing
    learned.facts.append(None)
    return Standing(None, at)


def _is_said(event: Revocation, known: Revocation | None) -> bool:
    """Responses have no invalidity date, so that none is said is not another word."""
    if known is None or (event.revoked_at, event.reason) != (known.revoked_at, known.reason):
        return False
    return event.invalidity_date in (None, known.invalidity_date)


def _follows(standing: Standing, at: datetime, event: Revocation) -> bool:
    known = standing.revocation
    if event.reason is Reason.certificateHold:
        return not standing.is_final and standing.is_before(at)
    if known is None or not standing.is_final:
        return True
    if (event.revoked_at, event.reason) == (known.revoked_at, known.reason):
        return standing.is_before(at)  # another invalidity date
    says_more = event.reason in _COMPROMISE or known.reason is Reason.unspecified
    return says_more and event.revoked_at <= known.revoked_at


def words(revocation: Revocation | None) -> str:
    """For people."""
    if revocation is None:
        return "not revoked"
    return f"revoked since {iso(revocation.revoked_at)} ({revocation.reason.name})"
