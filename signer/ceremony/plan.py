"""What a ceremony is going to sign, worked out before anybody agrees to it, and said in plain words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from revocation import der, serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.part import Part
from revocation.status import Reason
from signer.ceremony.content import CRLContent, read_crl, reconciled
from signer.ceremony.series import Numbered, PlannedSeries, planned
from signer.crls import bring_up
from signer.due import due_crls, due_responder_certificate, due_slices
from signer.finding import intact_bundles
from signer.ledger import crl_numbers, dates, facts, issued, pages, this_updates
from signer.ledger.groups import Selection
from signer.signer import Signer
from signer.slices import Intact

_MOST_SERIALS = 20


@dataclass(frozen=True)
class PlannedCRL:
    """A CRL that will be signed, and the one before it; None where there is none at hand."""

    issuer: str
    label: str
    part: Part
    content: CRLContent
    before: CRLContent | None

    def lines(self) -> Iterator[str]:
        """It in words."""
        new, old = self.content, self.before
        yield f"{self.issuer}: CRL {self.label}, number {new.number}, {len(new.entries)} entries"
        yield f"  valid from {iso(new.this_update)} to {iso(new.next_update)}"
        had = old.entries if old else {}
        yield "  compared with " + (f"number {old.number} of {iso(old.this_update)}:" if old else "none before it:")
        added = {serial: reason for serial, reason in new.entries.items() if had.get(serial) != reason}
        removed = {serial: reason for serial, reason in had.items() if serial not in new.entries}
        changed = {serial for serial in added if serial in had}
        yield from _by_reason("added", {s: r for s, r in added.items() if s not in changed})
        yield from _by_reason("changed to", {s: r for s, r in added.items() if s in changed})
        yield from _by_reason("removed, was", removed)
        if not added and not removed:
            yield "    no entry is added or removed"


@dataclass(frozen=True)
class PlannedResponses:
    """OCSP responses, or the certificate of a responder, that will be signed."""

    issuer: str
    what: str

    def lines(self) -> Iterator[str]:
        """It in words."""
        yield f"{self.issuer}: {self.what}"


@dataclass(frozen=True)
class Plan:
    """All of it.

    Attributes:
        done: what the messages of the request change, in words.
    """

    at: datetime
    done: tuple[str, ...]
    crls: tuple[PlannedCRL, ...]
    responses: tuple[PlannedResponses, ...]
    series: tuple[PlannedSeries, ...] = ()

    def lines(self) -> Iterator[str]:
        """It in words."""
        yield "What was asked for since the last ceremony:"
        yield from (f"  {line}" for line in self.done or ("nothing",))
        yield f"What will be signed, as of {iso(self.at)}:"
        for crl in self.crls:
            yield from (f"  {line}" for line in crl.lines())
        for series in self.series:
            yield from (f"  {line}" for line in series.lines())
        for responses in self.responses:
            yield from (f"  {line}" for line in responses.lines())
        if not self.crls and not self.responses and not self.series:
            yield "  nothing: all of it was signed before this ceremony broke off"


def plan(
    connection: Connection, signer: Signer, profiles: Iterable[IssuerProfile], done: Iterable[str], at: datetime
) -> Plan:
    """What a look at that time will sign, in a transaction that has taken in what was asked.

    Raises:
        TooEarly: something was signed for that second or a later one.
    """
    crls: list[PlannedCRL] = []
    responses: list[PlannedResponses] = []
    series: list[PlannedSeries] = []
    intact = intact_bundles(signer, at, None)
    for profile in profiles:
        due = [one.part for one in due_crls(connection, profile, at, intact, signer.published)]
        specs = [profile.crls[part.label] for part in due if part is not None]
        for spec in specs:  # all of them first: what leaves one leaves others too
            bring_up(connection, signer.published, profile, spec, at)
        crls.extend(_crl(connection, signer, spec, at) for spec in specs)
        series += _series(connection, profile, crls, intact)
        if list(due_responder_certificate(connection, profile, at, signer.responder_keys)):
            responses.append(PlannedResponses(profile.issuer.name, "the certificate of an OCSP responder"))
        keys = (signer.responder_keys, signer.keyring)
        slices = {due.part.slice for due in due_slices(connection, profile, at, intact, *keys, True) if due.part}
        if slices:
            responses.append(_responses(connection, profile, slices, at))
    return Plan(at, tuple(done), tuple(crls), tuple(responses), tuple(series))


def _series(
    connection: Connection, profile: IssuerProfile, crls: Iterable[PlannedCRL], intact: Intact
) -> Iterator[PlannedSeries]:
    """What is left of each series, which begins anew with a CRL that is signed now."""
    now = {one.part: one.content for one in crls}
    for spec in profile.complete_crls.values():
        new = now.get(spec.part)
        first = Numbered(new.number, new.this_update, new.next_update) if new else None
        found = planned(connection, spec, intact, first)
        if found is not None:
            yield found


def _crl(connection: Connection, signer: Signer, spec: CRLSpec, at: datetime) -> PlannedCRL:
    issuer, selection = spec.issuer, Selection.of(spec)
    dates.require_passed(connection, issuer, at)
    this_updates.require_later(connection, spec.part, at)
    this_update, next_update = spec.window(at, this_updates.latest_before(connection, spec.part, at))
    number = crl_numbers.next_crl_number(connection, issuer, spec.part, this_update)
    entries = b"".join(pages.entries(connection, issuer, selection))
    content = CRLContent(number, this_update, next_update, dict(_entries(connection, spec, entries)))
    return PlannedCRL(issuer.name, spec.label, spec.part, content, _last(connection, signer, spec.part))


def _entries(connection: Connection, spec: CRLSpec, entries: bytes) -> Iterator[tuple[bytes, Reason]]:
    """Serial and reason of each entry."""
    place = 0
    while place < len(entries):
        _, inner, place = der.read(entries, place)
        _, begin, end = der.read(entries, inner)
        serial = entries[begin:end]
        known = facts.find(connection, spec.issuer, serial)
        minimal = serials.from_int(serials.to_int(serial))  # as it is read back
        yield minimal, known.revocation.reason if known and known.revocation else Reason.unspecified


def _responses(connection: Connection, profile: IssuerProfile, slices: set[int], at: datetime) -> PlannedResponses:
    count = revoked = 0
    since = profile.ocsp.answered_since(at)
    for slice_ in slices:
        hashes = facts.slice_hashes(slice_, profile.ocsp.slices)
        for block in facts.live_statuses(connection, profile.issuer, hashes, since, _MOST_SERIALS):
            count += len(block)
            revoked += sum(1 for _, revoked_at, _ in block if revoked_at is not None)
    end = min(at + profile.compliance.lasting(profile.ocsp.expires), profile.issuer.not_after)
    signer = "the CA key" if profile.ocsp.direct else "a responder"
    what = f"OCSP responses for {count} certificates, {revoked} of them revoked, signed by {signer}"
    return PlannedResponses(profile.issuer.name, f"{what}, valid from {iso(at)} to {iso(end)} at the latest")


def _last(connection: Connection, signer: Signer, part: Part) -> CRLContent | None:
    """The one before: what this ledger made, or learned of where it was lost since."""
    row, learned = issued.last_stored(connection, part), reconciled(connection, part)
    if learned is not None and (row is None or (row.crl_number or 0) < learned.number):
        return learned
    return read_crl(signer, row.name) if row is not None else None


def _by_reason(title: str, entries: Mapping[bytes, Reason]) -> Iterator[str]:
    found: dict[Reason, list[str]] = defaultdict(list)
    for serial, reason in entries.items():
        found[reason].append(serials.to_hex(serial))
    for reason, which in sorted(found.items()):
        shown = ", ".join(sorted(which)[:_MOST_SERIALS]) + (", …" if len(which) > _MOST_SERIALS else "")
        yield f"    {title} {reason.name}: {len(which)} ({shown})"
