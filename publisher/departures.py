"""Why entries left CRLs, as the signer tells in bundles of its own: read when a CRL lacks something, newest first."""

import logging
from collections.abc import Iterator
from datetime import date
from typing import Final

from publisher.gate import opened
from revocation import departed
from revocation.artifacts import Kind
from revocation.bundle import BundleReader, Entry
from revocation.bundle.manifest import part_of
from revocation.departed import Chunk, Departed
from revocation.errors import BundleError, Held, Unreadable
from revocation.wire.exchange import Exchange

_LOG: Final = logging.getLogger("revocast.publisher")


def told_of(exchange: Exchange, issuer_id: str, since: date | None) -> Iterator[Departed]:
    """Why serials left, a bundle at a time; what is malformed says nothing.

    Args:
        since: the first day (UTC) that counts; None for all that is there.

    Raises:
        Unreadable: the machine could not read one.
        Held: the signer put another in the place of one meanwhile.
    """
    for name in reversed(_names(exchange, issuer_id, since)):
        try:
            with opened(exchange, name) as reader:
                lines = [line for entry in reader.manifest.entries for line in _lines(reader, entry)]
        except Unreadable:
            raise
        except BundleError as error:
            if name not in _names(exchange, issuer_id, since):
                raise Held("why serials left it was told anew while it was read; held until the next look") from error
            _LOG.warning("%s", error)
            continue
        yield from lines


def _lines(reader: BundleReader, entry: Entry) -> Iterator[Departed]:
    try:
        yield from departed.read(reader.content(entry))
    except ValueError as error:
        raise BundleError(str(error), where=f"bundle {reader.name}, {entry.path}") from error


def _names(exchange: Exchange, issuer_id: str, since: date | None) -> list[str]:
    found = []
    for stored in exchange.list():
        if f"-{issuer_id}-{Kind.DEPARTED}-" not in stored.name:
            continue
        try:
            day = Chunk.parse(part_of(stored.name).label).day
        except ValueError:  # whoever put it there
            continue
        if since is None or day >= since:
            found.append(stored.name)
    return found
