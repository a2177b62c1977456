"""Whether a request may be signed now: not replayed, no ceremony missing before it, by a clock that can be right."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import Refused
from revocation.visible import visible
from signer.ceremony.declined import without_them
from signer.ceremony.request import Request
from signer.ledger import ceremonies, discarded
from signer.ledger.ceremonies import Ceremony, Step

_CLOCK: Final = "set the clock of this machine right, by a watch that two people agree on"


def require_turn(connection: Connection, request: Request) -> Ceremony | None:
    """The ceremony of this very request where it was signed already, and none came after it; else None.

    What follows on the last ceremony came after it, whatever the online clock said then; else its time says so.

    Raises:
        Refused: it was signed before another one, is older than what was signed last, or follows on a ceremony that
            this ledger knows nothing of.
    """
    header, where = request.header, f"request sha256:{request.digest}"
    last = ceremonies.last(connection, Step.SIGNED)
    if last is not None and last.request == request.digest:
        return last
    if ceremonies.of_request(connection, Step.SIGNED, request.digest) is not None:
        raise Refused(
            f"was signed already, and a ceremony came after it, at {iso(last.at) if last else ''}: this is a replay",
            where=where,
            advice="make a new request",
        )
    if last is not None and header.made_at <= last.made_at and header.predecessor != last.request:
        raise Refused(
            f"was made at {iso(header.made_at)}, and the last ceremony was that of a request of {iso(last.made_at)}",
            where=where,
            advice="it is an older one: take the newest, or make a new request; where the online clock was ahead then, "
            "first `revocast ceremony accept` what that ceremony signed: a request made after it follows "
            "on it",
        )
    if header.predecessor and ceremonies.of_request(connection, Step.SIGNED, header.predecessor) is None:
        raise Refused(
            f"follows on the ceremony of request sha256:{header.predecessor}, which this ledger did not sign",
            where=where,
            advice="a ceremony is missing here, or this ledger is an old copy: `revocast ceremony request --all` has "
            "all messages; of an old copy see docs/disaster.md first",
        )
    return None


def require_clock(connection: Connection, request: Request, now: datetime, tolerance: timedelta) -> None:
    """Return if the clock can be right.

    Raises:
        Refused: it is before the last ceremony, or further from when the request was made than it may be.
    """
    last, made_at = ceremonies.last(connection, Step.BEGUN), request.header.made_at
    is_taken_back = discarded.is_all_later(connection, [issuer.id for issuer in request.header.issuers], now)
    where = f"the clock of this machine says {iso(now)}"
    if last is not None and now < last.at and not is_taken_back:
        advice = f"{_CLOCK}; what was signed by one that ran ahead: `revocast discard`, of each issuer"
        raise Refused(f"and the last ceremony was at {iso(last.at)}", where=where, advice=advice)
    if abs(now - made_at) > tolerance:
        raise Refused(
            f"and the request was made at {iso(made_at)}: more than {show(tolerance)} apart",
            where=where,
            advice=f"{_CLOCK}; where it is right, make a new request, or see clock_tolerance in [signer.ceremony]",
        )
    counted = [asked for asked in request.messages if asked.message.id not in request.left_out]
    if late := [asked for asked in counted if asked.recorded_at > made_at]:
        more = f"; and {len(late) - 1} more" if len(late) > 1 else ""
        raise Refused(
            f"was recorded at {iso(late[0].recorded_at)}, after the request was made at {iso(made_at)}{more}",
            where=f"message {late[0].message.id}, {late[0].message.verb} of {visible(late[0].message.requester or '')}",
            advice="set the clock of the online machine right; "
            f"{without_them(late)} holds the ceremony without {'them' if more else 'it'}",
        )


def require_valid(profile: IssuerProfile, now: datetime) -> None:
    """Return if an issuer's certificate is valid now.

    Raises:
        Refused: by this clock it is not yet, or not any more.
    """
    issuer = profile.issuer
    if not issuer.not_before <= now < issuer.not_after:
        raise Refused(
            f"its certificate is valid from {iso(issuer.not_before)} to {iso(issuer.not_after)}, and the clock of this "
            f"machine says {iso(now)}",
            where=f"issuer {issuer.name}",
            advice=_CLOCK,
        )
