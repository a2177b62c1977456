"""What waiting bundles say is revoked, learned before older ones that say good are taken.

At one revision the ledger says one thing of a certificate, so only those are looked into that follow on an older
bundle of their issuer.
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
from revocation.errors import TargetError
from revocation.wire.exchange import Exchange, Stored

_LOG: Final = logging.getLogger("revocast.publisher")


class Foresight:
    """Of one target in one publication. No bundle is looked into twice."""

    def __init__(self, exchange: Exchange, taker: Taker, public: PublicConfig) -> None:
        self._exchange, self._taker, self._public = exchange, taker, public
        self._revisions: dict[str, int] = {}
        self._looked_into: set[str] = set()

    def look(self, waiting: Sequence[Stored], now: datetime) -> None:
        """Learn what has to be known before the first of these is taken.

        Args:
            waiting: in the order in which they are taken.
        """
        if len(waiting) < 2:
            return
        oldest = dict[str, int]()
        for bundle in waiting:
            issuer = part_of(bundle.name).issuer
            self._look(bundle, oldest.get(issuer), now)
            if (revision := self._revisions.get(bundle.name)) is not None:
                oldest[issuer] = min(revision, oldest.get(issuer, revision))

    def look_into(self, bundle: Stored, now: datetime) -> None:
        """Learn what a bundle says, whatever comes before it."""
        self._look(bundle, -1, now)

    def _look(self, bundle: Stored, oldest: int | None, now: datetime) -> None:
        """Into a bundle, if it is newer than that; one that cannot be read is judged when its turn comes."""
        if bundle.name in self._looked_into or not _follows(self._revisions.get(bundle.name), oldest):
            return
        try:
            with opened(self._exchange, bundle.name) as reader:
                self._learn(reader, oldest, now)
        except TargetError:
            raise
        except Exception as error:  # a bundle must not keep others from being looked at, whatever is in it
            _LOG.debug("%s: %r", bundle.name, error)
            self._looked_into.add(bundle.name)

    def _learn(self, reader: BundleReader, oldest: int | None, now: datetime) -> None:
        revision = self._revisions[reader.name] = reader.manifest.revision
        if _follows(revision, oldest):
            self._looked_into.add(reader.name)
            self._taker.look_ahead(reader, profile_of(reader.manifest, self._public), now)


def _follows(revision: int | None, oldest: int | None) -> bool:
    """Whether a bundle follows on one that is older; it may, as long as nobody knows what revision it has."""
    return revision is None or (oldest is not None and revision > oldest)
