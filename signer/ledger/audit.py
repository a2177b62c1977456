"""The audit log: one entry per act, append-only, each chained to all before it by SHA-256."""

import hashlib
import json
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, desc, insert, select

from revocation.clock import epoch
from signer.keys import SigningKey
from signer.keys.purpose import Purpose, key_id
from signer.ledger.schema import audit

LOOK: Final = "look"
"""Who asked for what a look found due: nobody but the ledger and the time."""

_LAST: Final = select(audit.c.chain).order_by(desc(audit.c.id)).limit(1)
_APPEND: Final = insert(audit)


def record(connection: Connection, now: datetime, action: str, issuer: str | None, **detail: object) -> None:
    """Append one entry in the caller's transaction: what was done, for whom, and the digests that identify it."""
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"), default=str)
    before = connection.execute(_LAST).scalar() or b""
    values = {"at": epoch(now), "action": action, "issuer": issuer, "detail": text}
    connection.execute(_APPEND, {**values, "chain": link(before, values)})


def record_signing(
    connection: Connection,
    now: datetime,
    action: str,
    issuer: str,
    key: SigningKey,
    purpose: Purpose,
    /,
    **detail: object,
) -> None:
    """Append the entry of a signature, or of a batch of them: with which key, for what, and who asked."""
    signed = {"purpose": purpose, "signing_key": key_id(key)}
    record(connection, now, action, issuer, **{"requester": LOOK, **detail, **signed})


def link(before: bytes, values: dict[str, object]) -> bytes:
    """The chain value of an entry that follows `before`."""
    entry = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(before + entry).digest()
