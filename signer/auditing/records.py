"""What the ledger has besides the log, held against it: whoever cuts entries off has to cut that too.

It shows what was cut off since the last head, where nobody else has a copy of it.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from sqlalchemy import Connection, and_, func, select

from revocation import serials
from revocation.artifacts import Kind
from revocation.bundle.manifest import bundle_name
from revocation.part import Part
from signer.auditing.log import ChainBroken, Entry, latest_entries
from signer.ledger import certified, continuity
from signer.ledger.schema import facts, issued

_SIGNING: Final = ("sign crl", "sign ocsp")
_ADVICE: Final = "who could write in the ledger? Keep a copy of it, then see docs/audit.md"


def unrecorded(connection: Connection) -> Iterator[ChainBroken]:
    """The newest bundle of each part, the newest fact of each issuer, and CA certificates, without an entry in the log.

    Raises:
        ChainBroken: an entry was edited, and holds what none does.
    """
    wanted = {**dict(_bundles(connection)), **dict(_facts(connection)), **dict(_certified(connection))}
    with closing(latest_entries(connection)) as found:
        for entry in found:
            if not wanted:
                break
            for name in _named(entry):
                wanted.pop(name, None)
    for what in wanted.values():
        yield ChainBroken(f"has no entry of {what}: entries were cut off", where="audit log", advice=_ADVICE)


def _bundles(connection: Connection) -> Iterator[tuple[str, str]]:
    """The newest that this ledger signed and put into the exchange, by name; those of before a restore are not its."""
    newest = func.max(issued.c.sequence).label("sequence")
    query = (
        select(newest, issued.c.issuer, issued.c.kind, issued.c.part)
        .where(issued.c.size.is_not(None), issued.c.kind.in_((Kind.CRL, Kind.OCSP)))
        .where(issued.c.sequence > continuity.sequence(connection))
        .group_by(issued.c.issuer, issued.c.kind, issued.c.part)
    )
    for row in connection.execute(query):
        name = bundle_name(row.sequence, Part(issuer=row.issuer, kind=row.kind, label=row.part))
        yield name, f"the signature of bundle {name}, which the ledger has"


def _facts(connection: Connection) -> Iterator[tuple[str, str]]:
    """The messages by which the newest were recorded."""
    newest = select(facts.c.issuer, func.max(facts.c.revision).label("revision")).group_by(facts.c.issuer).subquery()
    same = and_(facts.c.issuer == newest.c.issuer, facts.c.revision == newest.c.revision)
    for row in connection.execute(select(facts.c.issuer, facts.c.revision, facts.c.message).join(newest, same)):
        yield row.message, f"message {row.message}, by which the ledger has revision {row.revision} of {row.issuer}"


def _certified(connection: Connection) -> Iterator[tuple[str, str]]:
    """The CA certificates that keys signed by this ledger."""
    for issuer, serial in certified.of_all(connection):
        yield f"{issuer} {serials.to_hex(serial)}", f"CA certificate {serials.to_hex(serial)}, which {issuer} signed"


def _named(entry: Entry) -> Iterator[str]:
    """The bundle or CA certificate that an entry records the signature of, the message that it tells the outcome of."""
    try:
        detail = json.loads(entry.detail)
    except ValueError:
        return
    if isinstance(detail, dict):
        yield str(detail.get("message"))
        if entry.action in _SIGNING:
            yield str(detail.get("bundle"))
        if entry.action == certified.SIGNED:
            yield f"{entry.issuer} {detail.get('serial')}"
