"""The reply to a message that was not done."""

from datetime import datetime
from typing import Final

from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Outcome, Reply

NO_ID: Final = "0" * 32
"""Stands for the id of what is no message."""


def refused(message_id: str, error: RevocastError, now: datetime) -> Reply:
    """With the words of the error: `refused` for what it asks, `failed` for what is the matter here."""
    where = f"{error.where}: " if error.where else ""
    outcome = Outcome.REFUSED if isinstance(error, Refused | InputError) else Outcome.FAILED
    return Reply(id=message_id, outcome=outcome, at=now, detail=f"{where}{error.what}", advice=error.advice)
