"""What waiting bundles say is revoked, learned before older ones that say good are taken.

At one revision the ledger says one thing of a certificate, so only those are looked into that follow on an older
bundle of their issuer, or on another of their part.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from publisher.gate import opened, profile_of
from publisher.taking import Taker
from revocation.bundle import BundleReader
from revocation.bundle.manifest import part_of
from revocation.config import PublicConfig
from revocation.errors import TargetError, Unreadable
from revocation.wire.exchange import Exchange, Stored

_LOG: Final = logging.getLogger("revocast.publisher")
_ANY: Final = -1
"""Older than every revision: what nobody could read may be that."""


class Foresight:
    """Of one target in one publication. No bundle that can be read is looked into twice."""

    def __init__(self, exchange: Exchange, taker: Taker, public: PublicConfig) -> None:
        self._exchange, self._taker, self._public = exchange, taker, public
        self._revisions: dict[Stored, int] = {}
        self._looked_into: set[Stored] = set()

    def look(self, waiting: Sequence[Stored], now: datetime) -> None:
        """Learn what has to be known before the first of these is taken.

        Args:
            waiting: in the order in which they are taken.
        """
        if len(waiting) < 2:
            return
        oldest = dict[str, int]()
        parts = set[tuple[str, str]]()
        for bundle in waiting:
            part = part_of(bundle.name)
            before = oldest.get(part.issuer)
            self._look(bundle, _ANY if (part.issuer, part.label) in parts else before, now)
            parts.add((part.issuer, part.label))
            revision = self._revisions.get(bundle, _ANY)
            oldest[part.issuer] = revision if before is None else min(revision, before)

    def look_into(self, bundle: Stored, now: datetime) -> None:
        """Learn what a bundle says, whatever comes before it."""
        self._look(bundle, _ANY, now)

    def _look(self, bundle: Stored, oldest: int | None, now: datetime) -> None:
        """Into a bundle, if it is newer than that; one that cannot be read is judged when its turn comes."""
        if bundle in self._looked_into or not _follows(self._revisions.get(bundle), oldest):
            return
        try:
            with opened(self._exchange, bundle.name) as reader:
                self._learn(bundle, reader, oldest, now)
        except TargetError:
            raise
        except Unreadable as error:
            _LOG.debug("%s: %r", bundle.name, error)
            self._looked_into.discard(bundle)
        except Exception as error:  # a bundle must not keep others from being looked at, whatever is in it
            _LOG.debug("%s: %r", bundle.name, error)
            self._looked_into.add(bundle)

    def _learn(self, bundle: Stored, reader: BundleReader, oldest: int | None, now: datetime) -> None:
        revision = self._revisions[bundle] = reader.manifest.revision
        if _follows(revision, oldest):
            self._looked_into.add(bundle)
            self._taker.look_ahead(reader, profile_of(reader.manifest, self._public), now)


def _follows(revision: int | None, oldest: int | None) -> bool:
    """Whether a bundle follows on one that is older; it may, as long as nobody knows what revision it has."""
    return revision is None or (oldest is not None and revision > oldest)
