"""The envelope of every message: id, version, requester, expiry, and a verb with its body. See docs/messages.md."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.clock import from_epoch
from revocation.errors import InputError
from revocation.instant import Instant
from revocation.messages.bodies import BODIES, Body, Verb
from revocation.messages.filling import fill
from revocation.visible import visible

LIFETIME = timedelta(minutes=10)
"""How long a message may wait to be handled, unless its sender says otherwise."""

_LARGEST = 1 << 20
_NEVER = from_epoch(0)
_LONGEST_PLACE = 80


class Message(BaseModel):
    """One message, exactly as it travels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    verb: Verb
    requester: str | None = Field(default=None, max_length=64)
    issued_at: Instant
    expires_at: Instant
    body: dict[str, Any]
    signature: str | None = Field(default=None, max_length=128, description="base64 of Ed25519 over `signed_bytes`")

    def signed_bytes(self) -> bytes:
        """What a signature covers: every field but the signature, as JSON with sorted keys and no white space."""
        fields = self.model_dump(mode="json", exclude={"signature"})
        return b"revocast message v1\n" + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def content_digest(self) -> str:
        """SHA-256 of the content that the id stands for: who asked for what, whenever it was composed."""
        asked = self.model_copy(update={"signature": None, "issued_at": _NEVER, "expires_at": _NEVER})
        return hashlib.sha256(asked.signed_bytes()).hexdigest()

    def typed_body(self) -> Body:
        """The body as its verb's model.

        Raises:
            InputError: a field is missing, unknown or wrong.
        """
        try:
            return BODIES[self.verb].model_validate(self.body)
        except ValidationError as error:
            raise InputError(_first(error), where=f"message {self.id}, body") from error


def compose(verb: Verb, body: Body, now: datetime, *, requester: str | None = None, id_: str | None = None) -> Message:
    """A new, unsigned message with a random id (or a given one, to ask again).

    Raises:
        InputError: the requester's name is too long.
    """
    return fill(
        Message,
        id=id_ or secrets.token_hex(16),
        verb=verb,
        requester=requester,
        issued_at=now,
        expires_at=now + LIFETIME,
        body=body.model_dump(mode="json"),
    )


def parse_message(text: str | bytes) -> Message:
    """The message that a text from a queue, a file or a pipe is.

    Raises:
        InputError: too long, not JSON, or not of the form of version 1.
    """
    if len(text) > _LARGEST:
        raise InputError(f"has more than {_LARGEST} bytes", where="message")
    try:
        json.loads(text, parse_constant=_refuse_constant)
        return Message.model_validate_json(text)
    except ValidationError as error:
        raise InputError(_first(error), where="message") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", where="message") from error


def _refuse_constant(name: str) -> None:
    """NaN and the infinities are no JSON; signed, they would look like null."""
    raise ValueError(f"{name} is no JSON value")


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])  # an unknown field has the name that somebody gave it
    return f"{visible(place[:_LONGEST_PLACE])}: {problem['msg']}" if place else problem["msg"]
