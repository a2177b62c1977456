"""How an error is told to whoever sent the message."""

from datetime import datetime

from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Outcome, Reply


def refusal(message_id: str, error: RevocastError, now: datetime) -> Reply:
    """The reply that says what stands in the way: refused for good, or failed this time."""
    where = f"{error.where}: " if error.where else ""
    outcome = Outcome.REFUSED if isinstance(error, Refused | InputError) else Outcome.FAILED
    return Reply(id=message_id, outcome=outcome, at=now, detail=f"{where}{error.what}", advice=error.advice)
