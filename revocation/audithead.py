"""The signed head of a signer's audit log: what whoever saw it holds the log against ever after. See docs/audit.md.

It lies beside the bundles and says of the log nothing but how far it had come: an entry's number, and the hash over all
entries up to it.
"""

import base64
import json
from collections.abc import Collection
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.ed25519 import PublicKeyText, public_key
from revocation.errors import InputError, LaterFormat
from revocation.instant import Instant

HEAD_NAME: Final = "audit.head"
LARGEST: Final = 4096
_FORMAT: Final = 1
_CONTEXT: Final = b"revocast audit head v1\n"


_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditHead(BaseModel):
    """One head.

    Attributes:
        log: the chain value of the first entry, by which one log is told from another.
        began: since when it goes on behind a break: restored, reconciled or made anew; None where it never broke off.
        why: what became of it then, for people.
        entry: the number of the last entry, which rises.
        chain: the chain value of that entry.
        at: when it was written.
        key: who signed the head.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = _FORMAT
    log: _Hash
    began: Instant | None = None
    why: str | None = Field(default=None, max_length=200)
    entry: int = Field(gt=0, lt=1 << 63)
    chain: _Hash
    at: Instant
    key: PublicKeyText
    signature: str | None = Field(default=None, max_length=128, description="base64 of Ed25519 over `signed_bytes`")

    @classmethod
    def parse(cls, data: bytes, where: str) -> Self:
        """A head as it was written.

        Raises:
            LaterFormat: a later version wrote it.
            InputError: it is none.
        """
        try:
            fields = json.loads(data)
            if isinstance(fields, dict) and isinstance(later := fields.get("format"), int) and later > _FORMAT:
                raise LaterFormat(f"is of format {later}", where=where, advice="upgrade Revocast here")
            return cls.model_validate(fields)
        except (ValueError, RecursionError) as error:
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "not JSON"
            raise InputError(f"is no head of an audit log: {what}", where=where) from error

    def signed_bytes(self) -> bytes:
        """What the signature covers: every field but itself, as JSON with sorted keys and no white space."""
        fields = self.model_dump(mode="json", exclude={"signature"})
        return _CONTEXT + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def line(self) -> bytes:
        """It, as a line of JSON."""
        return self.model_dump_json().encode() + b"\n"

    def verify(self, trusted: Collection[str], where: str) -> None:
        """Return if the key that it names signed it, and is a trusted one, where any are named.

        Raises:
            InputError: it is not so.
        """
        if trusted and self.key not in trusted:
            raise InputError(
                f"is signed with another key than the configured: {self.key}",
                where=where,
                advice="see `audit_keys` in [public], and `revocast audit show --key` where the signer runs",
            )
        try:
            public_key(self.key).verify(base64.b64decode(self.signature or "", validate=True), self.signed_bytes())
        except (InvalidSignature, ValueError) as error:
            raise InputError("its signature is not that of its key", where=where) from error
