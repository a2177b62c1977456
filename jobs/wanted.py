"""What there should be on the targets: in the signer's words, or, without them, by the names of the bundles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ValidationError

from jobs.courier import reachable_courier
from jobs.installation import Installation
from jobs.reconcile import everything
from jobs.terminal import printable
from revocation.bundle.manifest import part_of
from revocation.clock import now as clock_now
from revocation.errors import RevocastError
from revocation.instant import Instant
from revocation.messages import Outcome, Reply, Verb, compose
from revocation.part import Part
from revocation.published import TargetStatus
from revocation.wire.opening import open_exchange

Due = Mapping[tuple[str, str], str]
"""Why something is due, by issuer id and what it is (`crl all`, `ocsp slice 3`, `responder certificate`)."""

CEREMONY: Final = "ceremony"
"""What is due of an issuer whose key is offline, where messages wait."""


@dataclass(frozen=True)
class Wanted:
    """What targets are held against, beside the configuration.

    Attributes:
        due: what the signer says it has to make.
        parts: the ledger revision that targets must have reached of each part; 0 where any will do.
        bundled: the ledger revision that bundles cover of each part, where the signer says it.
        delegates: by issuer id until when OCSP responses can be signed; None where nothing can.
        trouble: why the signer said nothing although it was asked.
    """

    due: Due = field(default_factory=dict)
    parts: Mapping[Part, int] = field(default_factory=dict)
    bundled: Mapping[Part, int] = field(default_factory=dict)
    delegates: Mapping[str, datetime | None] = field(default_factory=dict)
    trouble: str = ""


class _Due(BaseModel):
    issuer: str
    what: str
    why: str


class _Needed(BaseModel):
    issuer: str
    kind: str
    label: str
    revision: int
    bundled: int | None = None  # a signer of an earlier version does not say it

    @property
    def part(self) -> Part:
        return Part.model_validate({"issuer": self.issuer, "kind": self.kind, "label": self.label})


class _Delegate(BaseModel):
    issuer: str
    not_after: Instant | None


class _Answer(BaseModel):
    due: list[_Due]
    parts: list[_Needed]
    delegates: list[_Delegate] = []


def ask_signer(installation: Installation, statuses: Sequence[TargetStatus], seconds: float) -> Wanted:
    """What the signer says; by the bundles in the exchange when it says nothing.

    Raises:
        RevocastError: the exchange cannot be listed.
    """
    message = compose(Verb.DUE, everything(statuses), clock_now())
    try:
        (reply,) = reachable_courier(installation).ask([message], seconds)
    except RevocastError as error:
        return look_at_exchange(installation, f"does not answer: {error.what}")
    if reply.outcome is not Outcome.DONE:
        return look_at_exchange(installation, f"answers {reply.outcome}: {printable(reply.detail)}")
    try:
        return _understood(reply)
    except ValidationError:
        return look_at_exchange(installation, "gave an answer that cannot be read")


def look_at_exchange(installation: Installation, trouble: str = "") -> Wanted:
    """Every part of which a bundle lies in the exchange has to be there, at whatever revision.

    Without targets on this machine there is nothing that could be held against them.

    Raises:
        RevocastError: the exchange cannot be listed.
    """
    if installation.publisher is None:
        return Wanted(trouble=trouble)
    place = installation.publisher.exchange
    try:
        names = [stored.name for stored in open_exchange(place).list()]
    except OSError as error:
        raise RevocastError(f"cannot be listed: {error.strerror}", where=f"exchange {place}") from error
    return Wanted(parts={part: 0 for part in map(_part, names) if part}, trouble=trouble)


def _understood(reply: Reply) -> Wanted:
    answer = _Answer.model_validate(reply.data)
    due = {(one.issuer, one.what): printable(one.why) for one in answer.due}
    parts = {one.part: one.revision for one in answer.parts}
    bundled = {one.part: one.bundled for one in answer.parts if one.bundled is not None}
    return Wanted(due, parts, bundled, {one.issuer: one.not_after for one in answer.delegates})


def _part(name: str) -> Part | None:
    try:
        return part_of(name)
    except ValueError:  # the name of no bundle, whoever put it there
        return None
