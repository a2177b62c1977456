"""One target during one publication: mend it, take bundle after bundle, keep its status last.

Level-triggered: what is to be done follows from the exchange, the status and the target, never from what was done
before a crash.
"""

from datetime import datetime

from publisher.config import PublisherConfig, TargetTable
from publisher.gate import opened, profile_of
from publisher.marks import Marks
from publisher.pending import attempt, pending
from publisher.rows import prune_bundles, prune_rows
from publisher.set_aside import keep_aside
from publisher.status import believed, empty_status, save_status
from publisher.taking import Taker
from publisher.targets.protocol import StatusKeeper
from revocation.config import PublicConfig
from revocation.errors import BundleError, GateError, NotYetValid, RevocastError, TargetError, Unreadable
from revocation.published import SetAside, TargetStatus
from revocation.wire.exchange import FolderExchange, Stored


class Session:
    """A target with everything that is known of it.

    Attributes:
        status: what is published now.
        lines: what was done, for people.
        refused: the bundles that were set aside in this session.
    """

    def __init__(
        self, config: PublisherConfig, table: TargetTable, public: PublicConfig, marks: Marks, now: datetime
    ) -> None:
        self._state = config.state
        self._exchange = FolderExchange(config.exchange)
        self._public = public
        self._marks = marks
        self._now = now
        self._tried: set[str] = set()
        self._looked_ahead: set[str] = set()
        self._unread: Unreadable | None = None
        self.table = table
        self.status: TargetStatus = empty_status(table, now)
        self.lines: list[str] = []
        self.refused: set[str] = set()

    def begin(self, target: StatusKeeper, taker: Taker) -> None:
        """Read the status and mend what the target lost.

        Raises:
            TargetError: the target cannot be read or written.
        """
        self._target, self._taker = target, taker
        saved = target.load_status()
        known = believed(saved, self.table, self._marks)
        if known is None and self._marks.status_digests(self.table.name):
            self.lines.append("the status is lost, or not the last one: everything in the exchange is looked at again")
        self.status = known or self.status
        self._saved = self.status.model_copy(deep=True) if known else None
        self.lines += taker.mend(self.status, trusted=known is not None)
        prune_rows(self.status, self._public.profiles)

    def step(self) -> bool:
        """Deal with one bundle; False when none is left.

        Raises:
            TargetError: the target failed; the bundle stays undone.
        """
        waiting = pending(self._listed(), self.status, self._public, self._tried, self._now)
        if not waiting:
            return False
        if len(waiting) > 1:
            for bundle in waiting:
                self._look_ahead(bundle)
        self._deal_with(waiting[0])
        self._save()
        return True

    def finish(self) -> None:
        """Forget what nothing depends on any more, and keep the status.

        Raises:
            TargetError: it cannot be kept, or a bundle could not be read; that one is tried again at the next look.
        """
        prune_bundles(self.status, {stored.name for stored in self._listed()}, self._now)
        self._save()
        if self._unread:
            raise TargetError(self._unread.what, where=self._unread.where, advice="it is tried again at the next look")

    def _listed(self) -> list[Stored]:
        try:
            return self._exchange.list()
        except OSError as error:
            raise TargetError(
                f"the exchange cannot be listed: {error.strerror}",
                where=str(self._exchange.folder),
                advice="does the publisher's user have the right to read it?",
            ) from error

    def _look_ahead(self, bundle: Stored) -> None:
        """A bundle that cannot be read is judged when its turn comes."""
        if bundle.name in self._looked_ahead:
            return
        self._looked_ahead.add(bundle.name)
        try:
            with opened(self._exchange, bundle.name) as reader:
                self._taker.look_ahead(reader, profile_of(reader.manifest, self._public), self._now)
        except (BundleError, GateError):
            return

    def _deal_with(self, bundle: Stored) -> None:
        self._tried.add(bundle.name)
        try:
            with opened(self._exchange, bundle.name) as reader:
                profile = profile_of(reader.manifest, self._public)
                line = self._taker.take(bundle, reader, profile, self.status, self._now)
                self.lines.append(line)
        except Unreadable as error:
            self._unread = error
            self.lines.append(f"not read: {error}")
        except NotYetValid as held:
            self.lines.append(f"held: {held}")
        except (BundleError, GateError) as error:
            if bundle.name in {stored.name for stored in self._listed()}:
                self._set_aside(bundle, error)

    def _set_aside(self, bundle: Stored, error: RevocastError) -> None:
        self._look_ahead(bundle)
        profile = self._public.profiles.get(bundle.name.split("-")[1])
        if profile and (count := self._taker.refused(profile)):
            self.lines.append(f"{count} responses that said good of revoked certificates withdrawn")
        error.where = error.where or f"bundle {bundle.name}"
        keep_aside(self._state, self._exchange, bundle.name, error, self._now)
        refused = SetAside(bundle=bundle.name, at=self._now, reason=str(error), version=attempt(bundle, self._public))
        self.status.set_aside = [s for s in self.status.set_aside if s.bundle != bundle.name] + [refused]
        self.refused.add(bundle.name)
        self.lines.append(f"set aside {bundle.name}: {error}")

    def _save(self) -> None:
        """Nothing changed, nothing written."""
        if self._saved == self.status:
            return
        self.status.updated_at = self._now
        save_status(self._target, self.status, self._marks)
        self._saved = self.status.model_copy(deep=True)
