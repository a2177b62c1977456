"""The signed head of a signer's audit log: what whoever saw it holds the log against ever after. See docs/audit.md.

It lies beside the bundles and says of the log nothing but how far it had come: an entry's number, and the hash over all
entries up to it.
"""

import base64
import binascii
import json
from collections.abc import Collection
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from revocation.errors import InputError, LaterFormat
from revocation.instant import Instant

HEAD_NAME: Final = "audit.head"
LARGEST: Final = 4096
_FORMAT: Final = 1
_CONTEXT: Final = b"revocast audit head v1\n"


def _public_key(text: str) -> str:
    """base64 of the 32 octets of an Ed25519 public key."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        raise ValueError("is not base64 of the 32 octets of an Ed25519 public key") from None
    return text


AuditKey = Annotated[str, AfterValidator(_public_key)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditHead(BaseModel):
    """One head.

    Attributes:
        log: the chain value of the first entry, by which one log is told from another.
        began: since when a copy stands in the place of the log, or it was made anew; None where it is whole.
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
    key: AuditKey
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
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.key))
            key.verify(base64.b64decode(self.signature or "", validate=True), self.signed_bytes())
        except (InvalidSignature, ValueError) as error:
            raise InputError("its signature is not that of its key", where=where) from error
