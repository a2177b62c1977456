"""The reply to a message that was not done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind

NO_ID: Final = "0" * 32
"""Stands for the id of what is no message."""


def refused(message_id: str, error: RevocastError, now: datetime) -> Reply:
    """With the words of the error: `refused` for what it asks, `failed` for what is the matter here."""
    where = f"{error.where}: " if error.where else ""
    outcome = Outcome.REFUSED if isinstance(error, Refused | InputError) else Outcome.FAILED
    detail = f"{where}{error.what}"
    return Reply(id=message_id, outcome=outcome, at=now, detail=detail, advice=error.advice, kind=error.kind)


@contextmanager
def refused_as(kind: RefusalKind) -> Iterator[None]:
    """Within, whatever is refused is of that kind, unless it is of one already."""
    try:
        yield
    except (Refused, InputError) as error:
        error.kind = error.kind or kind
        raise
