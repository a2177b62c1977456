"""One target during one publication: mend it, take bundle after bundle, keep its status last.

Level-triggered: what is to be done follows from the exchange, the status and the target, never from what was done
before a crash.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from publisher.config import PublisherConfig, TargetTable
from publisher.foresight import Foresight
from publisher.gate import opened, profile_of
from publisher.marks import Marks
from publisher.pending import attempt, is_newer, pending
from publisher.rows import forget_responses, note_applied, note_held, note_refused, prune_bundles, prune_rows
from publisher.set_aside import keep_aside
from publisher.status import believed, empty_status, save_status
from publisher.taking import Taken, Taker
from publisher.targets.protocol import StatusKeeper
from publisher.unreadable import unreadable
from revocation.artifacts import Kind
from revocation.clock import Clock
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import (
    BundleError,
    ExchangeError,
    Expired,
    GateError,
    Held,
    LaterFormat,
    RevocastError,
    TargetError,
    Unreadable,
)
from revocation.part import Part
from revocation.published import SetAside, TargetStatus
from revocation.wire.exchange import Exchange, Stored

_LOG: Final = logging.getLogger("revocast.publisher")


class Session:
    """A target with everything that is known of it.

    Args:
        replays: whether the responses in the exchange are taken again, since a clock that is not right any more may
            have taken out what is valid.

    Attributes:
        status: what is published now.
        lines: what was done, for people.
        about: of a line the bundle that it is about, where it is about one.
        refused: the bundles that were set aside in this session.
    """

    def __init__(
        self,
        config: PublisherConfig,
        table: TargetTable,
        public: PublicConfig,
        marks: Marks,
        clock: Clock,
        exchange: Exchange,
        *,
        replays: bool = False,
    ) -> None:
        self._replays = replays
        self._state = config.state
        self._exchange = exchange
        self._public = public
        self._marks = marks
        self._clock = clock
        self._tried: set[str] = set()
        self._unread: Unreadable | None = None
        self._has_held = False
        self._is_tended = False
        self._tending: Iterator[list[str]] | None = None
        self.table = table
        self.status: TargetStatus = empty_status(table, clock())
        self.lines: list[str] = []
        self.about: dict[str, str] = {}
        self.refused: set[str] = set()

    def begin(self, target: StatusKeeper, taker: Taker) -> None:
        """Read the status and mend what the target lost.

        Raises:
            TargetError: the target cannot be read or written.
        """
        self._target, self._taker = target, taker
        self._foresight = Foresight(self._exchange, taker, self._public)
        saved = target.load_status()
        known = believed(saved, self.table, self._marks)
        if known is None and self._marks.status_digests(self.table.name):
            self.lines.append("the status is lost, or not the last one: everything in the exchange is looked at again")
        self.status = known or self.status
        if self._replays:
            forget_responses(self.status)
        self._saved = self.status.model_dump_json() if known else None
        self.lines += taker.mend(self.status, self._clock(), trusted=known is not None)
        prune_rows(self.status, self._public.profiles)

    def step(self) -> bool:
        """Deal with one bundle; False when none is left.

        Raises:
            TargetError: the target failed; the bundle stays undone.
        """
        now = self._clock()
        listed = self._listed()
        waiting = pending(listed, self.status, self._public, self._tried, now)
        if not waiting:
            return self._tend(now)
        self._foresight.look(waiting, now)
        self._taker.expect(waiting)
        self._deal_with(waiting[0], listed, now)
        self._save(now)
        return True

    def finish(self) -> None:
        """Forget what nothing depends on any more, and keep the status.

        Raises:
            TargetError: it cannot be kept.
        """
        now = self._clock()
        prune_bundles(self.status, {stored.name for stored in self._listed()}, now)
        self._save(now)

    def require_read(self) -> None:
        """Return if each bundle was read.

        Raises:
            TargetError: one could not be; it is not noted as taken, and tried again at the next look.
        """
        if self._unread:
            raise TargetError(self._unread.what, where=self._unread.where, advice="it is tried again at the next look")

    @property
    def left_nothing(self) -> bool:
        """Whether every bundle that lay in the exchange was taken or set aside, once `step` finds none."""
        return self._unread is None and not self._has_held

    def _tend(self, now: datetime) -> bool:
        """A piece of it; False when all is done, which comes once after all that was taken.

        Between pieces other targets have their turns, and what arrives in the exchange comes first.
        """
        if self._tending is None:
            if self._is_tended:
                return False
            self._is_tended = True
            self._tending = self._taker.tend(self.status, now)
        lines = next(self._tending, None)
        if lines is None:
            self._tending = None
            return not self._is_tended
        self.lines += lines
        return True

    def _listed(self) -> list[Stored]:
        try:
            return self._exchange.list()
        except OSError as error:
            raise TargetError(
                f"the exchange cannot be listed: {error.strerror}",
                where=str(self._exchange),
                advice="does the publisher's user have the right to read it?",
            ) from error
        except ExchangeError as error:
            raise TargetError(f"the exchange {error.what}", where=error.where, advice=error.advice) from error

    def _deal_with(self, bundle: Stored, listed: list[Stored], now: datetime) -> None:
        self._tried.add(bundle.name)
        self._is_tended = False
        try:
            self._take(bundle, listed, now)
        except TargetError:
            raise
        except Unreadable as error:
            self._foresight.look_into(bundle, now)  # perhaps it can be read again, and others are taken before it
            self._unread = error
            self._tell(bundle, f"not read: {error}")
        except (Held, LaterFormat) as held:
            self._has_held = True
            self._tell(bundle, f"held: {held}")
            note_held(self.status, bundle, str(held), now)
        except (BundleError, GateError) as error:
            self._set_aside(bundle, listed, error, now)
        except Exception as error:  # a bundle must not keep others from being taken, whatever is in it
            _LOG.exception("%s could not be dealt with", bundle.name)
            self._set_aside(bundle, listed, unreadable("it", error), now)

    def _take(self, bundle: Stored, listed: list[Stored], now: datetime) -> None:
        with opened(self._exchange, bundle.name) as reader:
            profile = profile_of(reader.manifest, self._public)
            try:
                taken = self._taker.take(bundle, reader, profile, self.status, now)
            except Expired:
                if not any(is_newer(other, bundle) for other in listed):
                    raise
                if _is_of_series(reader.manifest.part, profile):
                    return  # it may be the clock that ran ahead: once it is right, this one has its time
                note_applied(self.status, bundle, reader.manifest)
                taken = Taken(f"{bundle.name} has expired, and a newer one is there")
        self._tell(bundle, taken.line)
        if taken.withheld:
            self._note_refused(bundle, listed, f"{len(taken.withheld)} withheld: {taken.withheld[0]}", now)

    def _set_aside(self, bundle: Stored, listed: list[Stored], error: RevocastError, now: datetime) -> None:
        if bundle.name not in {stored.name for stored in self._listed()}:
            return  # superseded meanwhile
        self._foresight.look_into(bundle, now)
        profile = self._public.profiles.get(bundle.name.split("-")[1])
        if profile and (count := self._taker.refused(profile)):
            self.lines.append(f"{count} responses that said good of revoked certificates withdrawn")
        error.where = error.where or f"bundle {bundle.name}"
        keep_aside(self._state, self._exchange, bundle.name, error, now)
        self._note_refused(bundle, listed, str(error), now)

    def _note_refused(self, bundle: Stored, listed: list[Stored], reason: str, now: datetime) -> None:
        """Show it until the bundle has left the exchange."""
        version = attempt(bundle, self._public, listed)
        refused = SetAside(bundle=bundle.name, at=now, reason=reason, version=version)
        note_refused(self.status, refused)
        self.refused.add(bundle.name)
        self._tell(bundle, str(refused))

    def _tell(self, bundle: Stored, line: str) -> None:
        self.lines.append(line)
        self.about[line] = bundle.name

    def _save(self, now: datetime) -> None:
        """Nothing changed, nothing written."""
        if self._saved == self.status.model_dump_json():
            return
        self.status.updated_at = now
        save_status(self._target, self.status, self._marks)
        self._saved = self.status.model_dump_json()


def _is_of_series(part: Part, profile: IssuerProfile) -> bool:
    return part.kind is Kind.CRL and profile.crls[part.label].settings.series is not None
