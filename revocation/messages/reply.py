"""The answer to a message: kept by the signer for good, and the same for the same message id."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from revocation.instant import Instant
from revocation.refusalkind import RefusalKind


class Outcome(StrEnum):
    """How a message ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


_HIGHEST: Final = (1 << 63) - 1
"""A ledger's and a database's integers go up to it."""

_TRAVELLING: Final = ("kind", "asked")


def _known(value: object) -> RefusalKind | None:
    """None of a kind that only a later signer knows, and of what is none."""
    return next((kind for kind in RefusalKind if kind == value), None)


class Reply(BaseModel):
    """What the signer says to one message. A field that is not known is one of a later signer's, and is let be.

    Versions of before refuse such a field, and take anything in `data`: there `kind` and `asked` travel.

    Attributes:
        id: the message's id.
        issuer: the issuer concerned, where there is one.
        revision: the ledger revision of that issuer which contains what was asked; published once targets cover it.
        detail: one sentence for people.
        advice: what to do about a refusal.
        kind: why it was not done, for programs; None where a signer of before, or a later one, says nothing known.
        asked: `content_digest` of the message, of what was done; None of a signer of before.
        data: what a verb gives back, as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    outcome: Outcome
    at: Instant
    issuer: str | None = None
    revision: Annotated[int, Field(ge=0, le=_HIGHEST)] | None = None
    detail: str = ""
    advice: str | None = None
    kind: Annotated[RefusalKind | None, BeforeValidator(_known)] = None
    asked: str | None = None
    data: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _take_out(cls, value: Any) -> Any:
        data = value.get("data") if isinstance(value, dict) else None
        if not isinstance(data, dict):
            return value
        rest = {name: one for name, one in data.items() if name not in _TRAVELLING}
        return {**{name: data[name] for name in _TRAVELLING if name in data}, **value, "data": rest}

    @model_serializer(mode="wrap")
    def _put_in(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = write(self)
        travelling = {name: one for name in _TRAVELLING if (one := said.pop(name, None)) is not None}
        return {**said, "data": {**said["data"], **travelling}} if "data" in said else {**said, **travelling}
