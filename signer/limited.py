"""What a limit of a key refused, in the audit log: when it begins, and each hour while it goes on.

A look tries again every minute, and revocations may ask for one each second: an entry for each would bury the rest.
"""

import json
from contextlib import closing
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from sqlalchemy import Connection

from revocation.errors import RevocastError
from signer.auditing.log import latest_entries
from signer.due import Due
from signer.keys.limits import LimitReached
from signer.ledger import audit
from signer.signer import Signer

_ACTION: Final = "refuse signature"
_AGAIN: Final = timedelta(hours=1)


def told(signer: Signer, due: Due, error: LimitReached, now: datetime) -> list[RevocastError]:
    """The refusal, recorded; and why it could not be, where that is so."""
    try:
        _record(signer, due, error, now)
    except RevocastError as trouble:
        return [error, trouble]
    return [error]


def _record(signer: Signer, due: Due, error: LimitReached, now: datetime) -> None:
    """Append an entry, unless there is one of the last hour, whichever process wrote it.

    Raises:
        LedgerUnavailable: it cannot be written.
    """
    issuer, what = due.profile.issuer.id, due.what
    last = signer.refused.get((issuer, what))
    if last is not None and timedelta(0) <= now - last < _AGAIN:
        return
    with signer.ledger.write() as connection:
        last = _recorded(connection, issuer, what, now)
        if last is None:
            said = {"requester": audit.LOOK, "what": what, "why": due.why, "refusal": error.what}
            audit.record(connection, now, _ACTION, issuer, **said)
    signer.refused[issuer, what] = last or now


def _recorded(connection: Connection, issuer: str, what: str, now: datetime) -> datetime | None:
    """When the same was recorded within the hour, by this process or another: cron starts one each minute."""
    said = f'"what":{json.dumps(what)}'
    with closing(latest_entries(connection)) as found:
        for entry in takewhile(lambda entry: entry.written_at > now - _AGAIN, found):
            is_it = (entry.action, entry.issuer) == (_ACTION, issuer) and said in entry.detail
            if is_it and entry.written_at <= now:
                return entry.written_at
    return None
