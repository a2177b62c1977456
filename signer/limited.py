"""What a limit of a key refused, in the audit log: when it begins, and each hour while it goes on.

A look tries again every minute, and revocations may ask for one each second: an entry for each would bury the rest.
"""

from datetime import datetime, timedelta
from typing import Final

from revocation.errors import RevocastError
from signer.due import Due
from signer.keys.limits import LimitReached
from signer.ledger import audit
from signer.signer import Signer

_AGAIN: Final = timedelta(hours=1)


def told(signer: Signer, due: Due, error: LimitReached, now: datetime) -> list[RevocastError]:
    """The refusal, recorded; and why it could not be, where that is so."""
    try:
        _record(signer, due, error, now)
    except RevocastError as trouble:
        return [error, trouble]
    return [error]


def _record(signer: Signer, due: Due, error: LimitReached, now: datetime) -> None:
    """Append an entry, unless this process did within the hour.

    Raises:
        LedgerUnavailable: it cannot be written.
    """
    issuer, what = due.profile.issuer.id, due.what
    last = signer.refused.get((issuer, what))
    if last is not None and timedelta(0) <= now - last < _AGAIN:
        return
    with signer.ledger.write() as connection:
        said = {"requester": audit.LOOK, "what": what, "why": due.why, "refusal": error.what}
        audit.record(connection, now, "refuse signature", issuer, **said)
    signer.refused[issuer, what] = now
