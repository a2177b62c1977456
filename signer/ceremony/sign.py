"""Offline: one ceremony, from the request to bundles in the exchange of this machine.

What is shown is worked out in a transaction that is given up. Once people agree, the same is done and kept, and a look
signs what is due by it. A crash at any point leaves a ledger that says how far it came: the same request goes on.
"""

import hashlib
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from revocation import __version__
from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.clock import Clock, fixed, iso
from revocation.config import IssuerProfile
from revocation.errors import ConfigurationError, Refused, RevocastError
from revocation.messages import Look
from signer.ceremony.applying import profile_of, take_in
from signer.ceremony.approvals import Approval
from signer.ceremony.config import CeremonyTable
from signer.ceremony.content import CRLContent, read_crl
from signer.ceremony.exempt import require_exemptions
from signer.ceremony.order import require_clock, require_turn, require_valid
from signer.ceremony.output import digest_in
from signer.ceremony.plan import Plan, plan
from signer.ceremony.request import Request
from signer.ceremony.series import sign_series
from signer.ceremony.transcript import ApprovedBy, SignedCRL, Transcript, UsedKey
from signer.ceremony.tries import earlier_tries, left_out, note_try
from signer.finding import EVERYTHING, find_due, intact_bundles
from signer.keys.purpose import Purpose
from signer.ledger import audit, ceremonies, issued
from signer.ledger.ceremonies import Ceremony, Step
from signer.ledger.early import TooEarly
from signer.look import look
from signer.signer import Signer

_A_MOMENT: Final = timedelta(seconds=5)


class _GivenUp(Exception):
    """Ends a transaction of which nothing is to stay."""


@dataclass(frozen=True)
class People:
    """Who holds a ceremony: those who were named, and those whose approval was verified."""

    operators: Sequence[str]
    approvals: Sequence[Approval]


def table_of(signer: Signer) -> CeremonyTable:
    """`[signer.ceremony]` of this machine.

    Raises:
        ConfigurationError: it has none.
    """
    if signer.config.ceremony is None:
        raise ConfigurationError(
            "is missing: this machine holds no ceremonies",
            where="[signer.ceremony]",
            advice="write the table into the configuration of the machine that has the key, be it empty",
        )
    return signer.config.ceremony


def earlier(signer: Signer, request: Request) -> Transcript | None:
    """The ceremony of this request, where it was held already and none came after it.

    Raises:
        Refused: a replay, an older request, or one that follows on a ceremony which is missing here.
    """
    with signer.ledger.read() as connection:
        held = require_turn(connection, request)
    return Transcript.model_validate(held.detail) if held is not None else None


def prepare(signer: Signer, request: Request, clock: Clock) -> Plan:
    """What would be signed now; nothing is changed.

    Raises:
        Refused: the clock cannot be right, or this machine declines something of the request.
    """
    while True:
        at = clock()
        try:
            return _planned(signer, request, at)
        except TooEarly as early:
            if early.not_before - at > _A_MOMENT:
                raise Refused(
                    f"the clock of this machine says {iso(at)}, and something was signed for later, or is revoked "
                    f"since later: {iso(early.not_before)} is the first that can be signed for",
                    where=f"request sha256:{request.digest}",
                    advice="set the clock right; what was signed by one that ran ahead: `revocast discard`",
                ) from early
            time.sleep(0.2)


def hold(signer: Signer, request: Request, agreed: Plan, people: People) -> Transcript:
    """Sign what people agreed to; into the exchange of this machine, and into its ledger that it is done.

    Raises:
        KeyUnavailable: a CA key cannot be used; nothing was changed.
        Refused: what would be signed is not what was agreed to any more; nothing was changed.
        RevocastError: something could not be signed: the same request goes on from there.
    """
    profiles = [profile_of(signer, issuer) for issuer in request.header.issuers]
    keys = tuple(_used(signer, profile) for profile in profiles)
    _planned(signer, request, agreed.at, agreed, people)
    hint = Look(issuers=tuple(one.issuer.id for one in profiles))
    report = look(signer, fixed(agreed.at), EVERYTHING, hint, at_ceremony=True)
    problems = [str(problem) for problem in report.problems]
    _require_done(signer, profiles, agreed, problems)
    _sign_series(signer, profiles, agreed)
    transcript = _transcript(signer, request, agreed, people, profiles, keys, problems)
    detail = transcript.model_dump(mode="json")
    header = request.header
    with signer.ledger.write() as connection:
        step = Ceremony(Step.SIGNED, agreed.at, request.digest, header.made_at, header.predecessor, detail)
        ceremonies.note(connection, step)
        digest = hashlib.sha256(transcript.model_dump_json().encode()).hexdigest()
        who = {"operators": list(people.operators), "approvals": [one.name for one in people.approvals]}
        who |= {"left_out": list(transcript.left_out), "late": list(transcript.late)}
        audit.record(connection, agreed.at, "ceremony", None, request=request.digest, transcript=digest, **who)
    return transcript


def _planned(
    signer: Signer, request: Request, at: datetime, agreed: Plan | None = None, people: People | None = None
) -> Plan:
    """Take in what was asked and see what is due then; nothing of it stays unless people agreed to it."""
    header = request.header
    found: list[Plan] = []
    try:
        with signer.ledger.write() as connection:
            require_clock(connection, request, at, table_of(signer).clock_tolerance)
            profiles = [profile_of(signer, issuer) for issuer in header.issuers]
            for profile in profiles:
                require_valid(profile, at)
            is_first = ceremonies.of_request(connection, Step.BEGUN, request.digest) is None
            require_exemptions(connection, request)
            done = take_in(connection, signer, request) if is_first else []
            found.append(plan(connection, signer, profiles, done, at))
            _require_agreed(request, found[0], agreed)
            if people is not None:
                note_try(connection, request, found[0], people.operators, people.approvals)
    except _GivenUp:
        pass
    return found[0]


def _require_agreed(request: Request, found: Plan, agreed: Plan | None) -> None:
    """Return if what is due is what people agreed to; gives the transaction up where they were not asked yet."""
    if agreed is None:
        raise _GivenUp
    if found != agreed:
        raise Refused(
            "is not what was agreed to any more: the ledger changed meanwhile",
            where=f"request sha256:{request.digest}",
            advice="begin again",
        )


def _require_done(signer: Signer, profiles: Sequence[IssuerProfile], agreed: Plan, problems: Sequence[str]) -> None:
    """Return if all was signed, as it was shown."""
    hint = Look(issuers=tuple(profile.issuer.id for profile in profiles))
    left = [f"{due.profile.issuer.name}: {due.what}" for due in find_due(signer, agreed.at, hint=hint)]
    if left:
        raise RevocastError(
            f"not everything could be signed ({', '.join(left)}): {'; '.join(problems) or 'no reason was told'}",
            where="ceremony",
            advice="mend that, then give the same request again: it goes on from there",
        )
    for planned in agreed.crls:
        with signer.ledger.read() as connection:
            row = issued.last_stored(connection, planned.part)
        signed = read_crl(signer, row.name) if row is not None else None
        if signed != planned.content:
            raise _not_shown(planned.issuer, planned.label)


def _sign_series(signer: Signer, profiles: Sequence[IssuerProfile], agreed: Plan) -> None:
    """Sign what is left of each series, and return if it is what was shown."""
    specs = {spec.part: (profile, spec) for profile in profiles for spec in profile.complete_crls.values()}
    for series in agreed.series:
        profile, spec = specs[series.part]
        names = sign_series(signer, profile, spec, intact_bundles(signer, agreed.at, None), agreed.at)
        with signer.ledger.read() as connection:
            first = issued.last_stored(connection, spec.part)
        said = read_crl(signer, first.name) if first is not None else None
        wanted = [(one.number, one.this_update, one.next_update) for one in series.crls]
        signed = [read_crl(signer, name) for name in names[-len(wanted) :]]
        windows = [(one.number, one.this_update, one.next_update) for one in signed if one]
        if windows != wanted or said is None or any(one and one.entries != said.entries for one in signed):
            raise _not_shown(series.issuer, series.label)


def _not_shown(issuer: str, label: str) -> RevocastError:
    return RevocastError(
        f"CRL {label} is not what was shown: nothing of it is handed out",
        where=f"issuer {issuer}",
        advice="keep this machine as it is, and find out why",
    )


def _used(signer: Signer, profile: IssuerProfile) -> UsedKey:
    """The CA key, which is opened now."""
    key = signer.keyring.key_of(profile.issuer, Purpose.CRL)
    uri = next(entry.key for entry in signer.config.issuers if entry.name == profile.issuer.name)
    digest = hashlib.sha256(key.public_key_info).hexdigest()
    return UsedKey(issuer=profile.issuer.id, name=profile.issuer.name, key=uri or "", public_key_sha256=digest)


def _transcript(
    signer: Signer,
    request: Request,
    agreed: Plan,
    people: People,
    profiles: Sequence[IssuerProfile],
    keys: tuple[UsedKey, ...],
    problems: Sequence[str],
) -> Transcript:
    ids = {profile.issuer.id for profile in profiles}
    names = [stored.name for stored in signer.exchange.list() if stored.name.split("-")[1] in ids]
    with signer.ledger.read() as connection:
        tries, without = earlier_tries(connection, request), left_out(connection, request)
    return Transcript(
        request=request.digest,
        request_made_at=request.header.made_at,
        predecessor=request.header.predecessor,
        at=agreed.at,
        operators=tuple(people.operators),
        approvals=tuple(ApprovedBy(name=one.name, fingerprint=one.fingerprint) for one in people.approvals),
        revocast=__version__,
        python=platform.python_version(),
        keys=keys,
        tries=tries,
        left_out=without,
        late=tuple(sorted(request.late)),
        shown=tuple(agreed.lines()),
        crls=tuple(_signed_crl(signer, name) for name in names if f"-{Kind.CRL}-" in name),
        bundles=tuple(digest_in(signer.exchange, name) for name in names),
        problems=tuple(problems),
    )


def _signed_crl(signer: Signer, name: str) -> SignedCRL:
    with signer.exchange.open(name) as source:
        manifest = BundleReader(name, source).manifest
    content: CRLContent | None = read_crl(signer, name)
    if content is None:
        raise RevocastError("is gone from the exchange while it was looked at", where=f"bundle {name}")
    return SignedCRL(
        issuer=signer.public.profile(manifest.part.issuer).issuer.name,
        label=manifest.part.label,
        number=str(content.number),
        this_update=content.this_update,
        next_update=content.next_update,
        entries=len(content.entries),
        sha256=manifest.entries[0].sha256,
    )
