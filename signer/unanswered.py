"""What the rules of an issuer let no response say: it is not signed, never turned into `good`, and every look tells it.

What was signed before stays published to its end; then there is no answer.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, select

from revocation import serials
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import RevocastError
from revocation.status import Reason
from signer.forbidden import NAMED, OR_OTHER_RULES, WAYS_OUT
from signer.ledger import pages
from signer.ledger.facts import REVOKED, not_expired, status_of_certificate
from signer.ledger.schema import certificates, facts

_OF_CAS: Final = certificates.c.is_ca.is_(True)
_FIT_FOR_USERS: Final = (
    "give [public.ocsp] windows for subscribers' certificates (`expires` of 8h to 7d, `renewal` of half of it), or put "
    "a CRL for them into [public.crl] (`scopes`), which wants that too; if it is a CA's, import the certificate itself"
)


def answered(profile: IssuerProfile) -> list[ColumnElement[bool]]:
    """The conditions on a certificate and its status, which it may lack, under which a response is signed."""
    conditions: list[ColumnElement[bool]] = [_OF_CAS] if profile.answers_cas_alone else []
    for is_ca in (False, True):
        reasons = [int(reason) for reason in Reason if profile.compliance.forbids(reason, is_ca)]
        if reasons:
            conditions.append(not_(func.coalesce(_revoked_for(is_ca, reasons), false())))
    return conditions


def unanswered(connection: Connection, profile: IssuerProfile, now: datetime) -> Iterator[RevocastError]:
    """What is not answered for, and why; each reason once, with the first of the serials."""
    where, ocsp = f"OCSP of issuer {profile.issuer.name}", profile.ocsp
    if profile.answers_cas_alone and (named := _named(connection, profile, not_(_OF_CAS), now)):
        yield RevocastError(
            f"responses with `expires` of {show(ocsp.expires)}, `renewal` of {show(ocsp.renewal)} and `look` of "
            f"{show(ocsp.look)} are for CA certificates alone (BRs, section 2.2.6), and {named} are not known to be a "
            "CA's: no response is signed about them",
            where=where,
            advice=_FIT_FOR_USERS,
        )
    for is_ca, reason in _forbidden(connection, profile):
        revoked_so = and_(_revoked_for(is_ca, [reason]), facts.c.serial == certificates.c.serial)  # few, found by facts
        if named := _named(connection, profile, revoked_so, now):
            yield RevocastError(
                f"{profile.compliance.forbids(Reason(reason), is_ca)}: {named} are revoked so, and no response "
                "is signed about them",
                where=where,
                advice=f"{WAYS_OUT}; {OR_OTHER_RULES}",
            )


def _forbidden(connection: Connection, profile: IssuerProfile) -> list[tuple[bool, int]]:
    """(Whether CAs', the reason) of what may be revoked for a forbidden one.

    What has expired and left the CRLs is answered for where there is an archive cutoff: then all facts are looked at.
    """
    issuer, forbids = profile.issuer, profile.compliance.forbids
    kinds = [False, True] if not profile.answers_cas_alone else [True]
    forbidden = {(is_ca, int(reason)) for is_ca in kinds for reason in Reason if forbids(reason, is_ca)}
    if not forbidden:
        return []
    if profile.ocsp.archive_cutoff is not None:
        given = _given(connection, profile, {reason for _, reason in forbidden})
        return sorted(one for one in forbidden if one[1] in given)
    groups = (*pages.groups(connection, issuer), *pages.unsettled_groups(connection, issuer))
    return sorted(forbidden & {(group.is_ca, group.reason) for group in groups})


def _given(connection: Connection, profile: IssuerProfile, reasons: Iterable[int]) -> set[int]:
    """Those of the reasons that a fact gives, be it the latest of its certificate or not: joining them costs more."""
    mine = (facts.c.issuer == profile.issuer.id, facts.c.kind == REVOKED, facts.c.reason.in_(reasons))
    return set(connection.execute(select(facts.c.reason).where(*mine).distinct()).scalars())


def _revoked_for(is_ca: bool, reasons: Iterable[int]) -> ColumnElement[bool]:
    return and_(certificates.c.is_ca.is_(is_ca), facts.c.kind == REVOKED, facts.c.reason.in_(reasons))


def _named(connection: Connection, profile: IssuerProfile, which: ColumnElement[bool], now: datetime) -> str:
    """The first of the serials that were to be answered for, and how many more; empty when there is none."""
    live = not_expired(profile.ocsp.answered_since(now))
    query = (
        select(certificates.c.serial, func.count().over())
        .join(facts, status_of_certificate(), isouter=True)
        .where(certificates.c.issuer == profile.issuer.id, live, which)
        .order_by(certificates.c.serial)
    )
    rows = connection.execute(query.limit(NAMED)).all()
    more = rows[0][1] - len(rows) if rows else 0
    return ", ".join(serials.to_hex(serial) for serial, _ in rows) + (f" and {more} more" if more else "")
