"""The answer to a message: kept by the signer for good, and the same for the same message id."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from revocation.instant import Instant


class Outcome(StrEnum):
    """How a message ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Reply(BaseModel):
    """What the signer says to one message. A field that is not known is one of a later signer's, and is let be.

    Attributes:
        id: the message's id.
        issuer: the issuer concerned, where there is one.
        revision: the ledger revision of that issuer which contains what was asked; published once targets cover it.
        detail: one sentence for people.
        advice: what to do about a refusal.
        data: what a verb gives back, as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    outcome: Outcome
    at: Instant
    issuer: str | None = None
    revision: int | None = None
    detail: str = ""
    advice: str | None = None
    data: dict[str, Any] = {}
