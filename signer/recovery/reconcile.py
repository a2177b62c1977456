"""Reconciling a ledger with what was published: what it lacks comes back into it, and it goes on above all of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import Refused
from revocation.messages import Message
from revocation.part import Part
from signer.ceremony.content import CRLContent, keep_reconciled
from signer.ledger import audit, continuity, crl_numbers, departures, facts, issued, lost, pages
from signer.ledger.facts import Origin
from signer.ledger.groups import NOWHERE
from signer.recovery.certificates import Certificates
from signer.recovery.evidence import Collected, Evidence
from signer.recovery.responder_keys import take_up_keys
from signer.recovery.signed import SignedCRL
from signer.rights import authorize, require_current
from signer.signer import Signer

_LONGEST_LIST = 1000


@dataclass
class Summary:
    """What came of it.

    Attributes:
        registered: certificates that the ledger did not have, whose expiry nobody said.
        recorded: revocations, and what is said of them since.
        released: holds that ended.
        unregistered: serials that are good, and of which nobody says on which CRL they belong.
        contradictions: where what was published is not believed.
        on_hold: what is on no CRL any more, and stays on hold since nobody said that it is good.
    """

    crls: int = 0
    responses: int = 0
    ignored: int = 0
    damaged: list[str] = field(default_factory=list)
    registered: int = 0
    recorded: int = 0
    released: int = 0
    unregistered: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    on_hold: list[str] = field(default_factory=list)

    def shortened(self) -> "Summary":
        """With lists that can be read."""
        for lines in (self.damaged, self.unregistered, self.contradictions, self.on_hold):
            if len(lines) > _LONGEST_LIST:
                lines[_LONGEST_LIST:] = [f"and {len(lines) - _LONGEST_LIST} more"]
        return self


def require_found(collected: Collected, without: Collection[str], now: datetime) -> None:
    """Return if each configured CRL was found: what is missing may list what nothing else says.

    Args:
        without: the CRLs of which an operator says that there never was one: `ISSUER/LABEL`.

    Raises:
        Refused: one was not found.
    """
    for profile, spec, found in _wanted(collected, without, now):
        if found is None:
            raise Refused(
                "was not found among what is published",
                where=str(spec),
                advice=f"{_fetch(profile, spec)}; where there never was one, or it is lost everywhere: "
                f"--without {profile.issuer.name}/{spec.label}",
            )


def require_published(signer: Signer, collected: Collected, without: Collection[str], now: datetime) -> None:
    """Return if each was found, and none that is older than one that this very ledger made: what came later may list
    what nothing else says.

    Args:
        without: the CRLs of which an operator says that there never was one, or that no newer is left: `ISSUER/LABEL`.

    Raises:
        Refused: one was not found, or is too old to be the last.
    """
    require_found(collected, without, now)
    with signer.ledger.read() as connection:
        for profile, spec, found in _wanted(collected, without, now):
            if found is not None:
                _require_newest(connection, profile, spec, found)


def _wanted(
    collected: Collected, without: Collection[str], now: datetime
) -> Iterator[tuple[IssuerProfile, CRLSpec, SignedCRL | None]]:
    """Each CRL that has to be there, with the newest that was found."""
    for evidence in collected.issuers.values():
        profile = evidence.profile
        for spec in profile.complete_crls.values() if now < profile.issuer.not_after else ():
            if f"{profile.issuer.name}/{spec.label}" not in without:
                yield profile, spec, evidence.newest.get(spec.label)


def _require_newest(connection: Connection, profile: IssuerProfile, spec: CRLSpec, found: SignedCRL) -> None:
    made = issued.last_stored(connection, Part(issuer=profile.issuer.id, kind=Kind.CRL, label=spec.label))
    if made is None or made.crl_number is None:
        return
    by_number = spec.settings.series is not None
    if found.number < made.crl_number if by_number else found.this_update < made.this_update:
        raise Refused(
            f"the newest that was found is number {found.number} of {iso(found.this_update)}, and this ledger itself "
            f"made number {made.crl_number} of {iso(made.this_update)}",
            where=str(spec),
            advice=f"{_fetch(profile, spec)}; where no newer one is left anywhere: "
            f"--without {profile.issuer.name}/{spec.label}",
        )


def _fetch(profile: IssuerProfile, spec: CRLSpec) -> str:
    if spec.settings.series is not None:
        return f"hand over the folder of the last ceremony: {profile.url(spec.path)} alone lacks most of its series"
    return f"fetch {profile.url(spec.path)} and hand over the file, or the folder of the last ceremony"


def without_series(signer: Signer, collected: Collected, now: datetime) -> Iterator[str]:
    """The CRLs of which nothing was found that is not published yet: the last ceremony may have signed more."""
    if signer.config.ceremony is None:
        return
    for evidence in collected.issuers.values():
        for spec in evidence.profile.complete_crls.values():
            newest = evidence.newest.get(spec.label)
            if newest is not None and spec.settings.series is not None and newest.this_update <= now:
                yield (
                    f"{spec}: nothing of its series was found that begins later than now. Where the last ceremony "
                    "signed more, reconcile once more with its folder, or the next one is refused"
                )


def reconcile(
    signer: Signer, messages: Mapping[str, Message], collected: Collected, highest: int, now: datetime
) -> Summary:
    """Record what was published, and go on above it; all or nothing, while nobody signs.

    Args:
        messages: of each issuer, by its id: an import that a requester signed.
        highest: the highest sequence of what lies in the exchange.

    Raises:
        Refused: a requester may not import.
        InputError: nobody says on which CRL a revoked certificate belongs: import it first.
    """
    summary = Summary(ignored=collected.ignored)
    with signer.ledger.signing(), signer.ledger.write() as connection:
        names = dict.fromkeys(
            _authorized(connection, signer, evidence, messages[id_], now, summary)
            for id_, evidence in collected.issuers.items()
        )
        take_up_keys(connection, signer, collected, now)
        lost.leave_out_sequences(connection, max(highest, issued.last_sequence(connection)))
        detail = f"reconciled by {', '.join(names)} with {summary.crls} CRLs and {summary.responses} responses"
        continuity.note_reconciled(connection, now, detail, highest)
        if signer.config.ceremony is not None:
            keep_reconciled(connection, _contents(collected), collected.sha256, now)
    return summary.shortened()


def _contents(collected: Collected) -> Iterator[tuple[Part, CRLContent]]:
    """What the newest CRLs say, for the people at the next ceremony."""
    for id_, evidence in collected.issuers.items():
        for label, crl in evidence.begins.items():
            entries = {one.serial: one.revocation.reason for one in crl.entries if one.revocation is not None}
            content = CRLContent(crl.number, crl.this_update, crl.next_update, entries)
            yield Part(issuer=id_, kind=Kind.CRL, label=label), content


def _authorized(
    connection: Connection, signer: Signer, evidence: Evidence, message: Message, now: datetime, summary: Summary
) -> str:
    """One issuer; the name of the requester."""
    profile = evidence.profile
    requester = authorize(signer.config, message, profile.issuer)
    require_current(message, now)
    facts.leave_out_revisions(connection, profile.issuer, lost.REVISIONS)
    found = Certificates(connection, evidence, Origin(requester.name, message.id, now))
    found.register()
    found.learn()
    _go_on(connection, profile, evidence, now)
    summary.crls += evidence.crls
    summary.responses += evidence.responses
    for total, lines in (
        (summary.unregistered, found.unregistered),
        (summary.contradictions, found.contradictions),
        (summary.on_hold, found.on_hold),
    ):
        total.extend(f"{profile.issuer.name}: {line}" for line in lines)
    counts = {"registered": found.registered, "recorded": found.recorded, "released": found.released}
    for name, count in counts.items():
        setattr(summary, name, getattr(summary, name) + count)
    what = {"artifacts_sha256": message.body["entries_sha256"], "crls": evidence.crls, "responses": evidence.responses}
    said = {"requester": requester.name, "message": message.id, "crl_number": str(evidence.number)}
    audit.record(connection, now, "reconcile", profile.issuer.id, **what, **said, **counts)
    return requester.name


def _is_of_a_series(profile: IssuerProfile, part: Part) -> bool:
    spec = profile.crls.get(part.label) if part.kind is Kind.CRL else None
    return spec is not None and spec.settings.series is not None


def _go_on(connection: Connection, profile: IssuerProfile, evidence: Evidence, now: datetime) -> None:
    """Numbers, times and revisions of before are not used again, and every CRL is made anew."""
    issuer = profile.issuer
    for bundle in evidence.bundles.values():
        if bundle.part.issuer == issuer.id:
            window = (bundle.this_update, bundle.next_update)
            ahead = bundle.this_update > now and _is_of_a_series(profile, bundle.part)
            lost.adopt(connection, issuer, bundle.part, bundle.sequence, window, ahead=ahead)
    if evidence.number >= 0:
        crl_numbers.raise_crl_floor(connection, issuer, evidence.number)
    for chunk, told in sorted(evidence.left.items()):
        known = departures.on_day(connection, issuer, chunk.day)
        new = [one for one in dict.fromkeys(told) if one not in known]
        departures.note_on_day(connection, issuer, ((NOWHERE, one) for one in new), chunk.day)
    pages.forget(connection, issuer)  # why entries left is noted anew, from all facts
    facts.touch_crls(connection, issuer)
    pages.settle(connection, issuer, now)
