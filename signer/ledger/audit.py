"""The audit log: one entry per act, append-only, each chained to all before it by SHA-256."""

import hashlib
import json
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, desc, insert, select

from revocation.clock import epoch
from signer.ledger.schema import audit

_LAST: Final = select(audit.c.chain).order_by(desc(audit.c.id)).limit(1)
_APPEND: Final = insert(audit)


def record(connection: Connection, now: datetime, action: str, issuer: str | None, **detail: object) -> None:
    """Append one entry in the caller's transaction: what was done, for whom, and the digests that identify it."""
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"), default=str)
    before = connection.execute(_LAST).scalar() or b""
    values = {"at": epoch(now), "action": action, "issuer": issuer, "detail": text}
    connection.execute(_APPEND, {**values, "chain": link(before, values)})


def link(before: bytes, values: dict[str, object]) -> bytes:
    """The chain value of an entry that follows `before`."""
    entry = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(before + entry).digest()
