"""Bring every target up to date with the exchange: idempotent, and safe to do at any time and after any crash."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from publisher.archive import Archive
from publisher.audit_heads import AuditHeads
from publisher.beside import Beside
from publisher.config import DirectoryTable, LMDBTable, PublisherConfig, RedisTable, S3Table, TargetTable
from publisher.course import Course
from publisher.early_releases import early_releases
from publisher.furthest import Furthest
from publisher.incoming import Incoming
from publisher.kept_course import KeptCourse
from publisher.lock import alone_in_process, target_lock
from publisher.marks import Marks
from publisher.outdated import Invalidating, Outdated
from publisher.session import Session
from publisher.standing import Standing
from publisher.take_crls import CRLTaker
from publisher.take_responses import ResponseTaker
from publisher.take_static import StaticTaker, StatusOfBoth
from publisher.targets.opening import open_files, open_static, open_store, remove_static
from publisher.targets.protocol import ResponseStore, ResponseTarget, StaticTarget
from publisher.verifying import Verifying
from revocation.clock import Clock
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError, RevocastError, TargetError
from revocation.published import SetAside, TargetStatus
from revocation.wire.exchange import Exchange
from revocation.wire.opening import open_exchange

_LOG: Final = logging.getLogger("revocast.publisher")


@dataclass
class Outcome:
    """What became of one target.

    Attributes:
        lines: what was done, for people.
        about: of a line the bundle that it is about, where it is about one.
        set_aside: the bundles that were refused this time.
        error: why the target could not be served to the end.
    """

    status: TargetStatus
    lines: list[str] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    error: RevocastError | None = None
    about: Mapping[str, str] = field(default_factory=dict)


def publish(config: PublisherConfig, public: PublicConfig, clock: Clock) -> list[TargetStatus]:
    """Do everything that there is to do, for every target.

    Raises:
        TargetError: a target failed; the others were served nevertheless.
    """
    outcomes = publish_each(config, public, clock)
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed:
        raise failed[0]
    return [outcome.status for outcome in outcomes]


def publish_each(
    config: PublisherConfig, public: PublicConfig, clock: Clock, exchange: Callable[[], Exchange] | None = None
) -> list[Outcome]:
    """The same, with an outcome for every target, failed or not.

    Args:
        exchange: opens where bundles come from; None for the configured place.

    Raises:
        TargetError: the marks cannot be used, so nothing was published.
    """
    opened = exchange or partial(open_exchange, config.exchange)
    with alone_in_process(), Marks(config.state) as marks, Verifying() as verifying, ExitStack() as open_targets:
        kept, furthest = KeptCourse(config.state), Furthest(clock)
        clock, targets = furthest, tuple(table.name for table in config.targets)
        course = kept.look(furthest.shown, targets)
        runs = [_Run(config, table, public, marks, verifying, clock, opened, kept, course) for table in config.targets]
        try:
            for run in runs:
                run.start(open_targets)
            _look_at_audit_log(config, public, clock, opened())
            while sum(run.step() for run in runs):  # each target has its turn, so that none waits for another's load
                pass
            return [run.finish() for run in runs]
        finally:
            kept.ended(furthest.shown, targets)


def _look_at_audit_log(config: PublisherConfig, public: PublicConfig, clock: Clock, exchange: Exchange) -> None:
    """Before the bundles: whoever cut it off is to be noticed also where a bundle stops the publisher."""
    try:
        AuditHeads(config.state, public.audit_keys).look(exchange, clock())
    except OSError as error:
        _LOG.warning("what was seen of the signer's audit log could not be kept: %s", error)


class _Run:
    """A session that stops at the first failure of its target and lets the others go on."""

    def __init__(
        self,
        config: PublisherConfig,
        table: TargetTable,
        public: PublicConfig,
        marks: Marks,
        verifying: Verifying,
        clock: Clock,
        exchange: Callable[[], Exchange],
        kept: KeptCourse,
        course: Course,
    ) -> None:
        self._kept, self._course = kept, course
        self._replays = kept.has_to_replay(table.name)
        self._config, self._table, self._public, self._marks = config, table, public, marks
        self._verifying, self._clock, self._exchange = verifying, clock, exchange
        self._session = Session(config, table, public, marks, clock, exchange(), replays=self._replays)
        self._error: RevocastError | None = None
        self._filling: ResponseStore | None = None
        self._outdated: Outdated | None = None

    def start(self, open_targets: ExitStack) -> None:
        with self._noting_failure():
            open_targets.enter_context(target_lock(self._config.state, self._table.name))
            if isinstance(self._table, DirectoryTable | S3Table):
                self._start_files(self._table, open_targets)
            else:
                self._start_store(self._table, open_targets)

    def _start_store(self, table: LMDBTable | RedisTable, open_targets: ExitStack) -> None:
        """It counts as not filled when it is new, or holds another number of responses than it should."""
        store = open_targets.enter_context(open_store(table))
        if store.load_status() is None:
            store.set_filled(is_filled=False)
        self._filling = store
        self._session.begin(store, self._response_taker(store, open_targets))

    def _start_files(self, table: DirectoryTable | S3Table, open_targets: ExitStack) -> None:
        files = open_files(table, self._public)
        if isinstance(table, S3Table) and table.distribution:
            above = urlsplit(self._public.url("")).path
            self._outdated = Outdated(self._config.state / f"{table.name}.outdated.json", table.distribution, above)
            files = Invalidating(files, self._outdated)
        crls = self._crl_taker(files, table)
        if not table.ocsp:
            if remove_static(table, self._config.state):
                self._session.lines.append("`ocsp` is off: the static files of responses were removed")
            self._session.begin(files, crls)
            return
        stands = Standing(self._public, self._marks, self._clock)
        opened = open_static(table, self._public, self._config.state, self._outdated, stands)
        static = open_targets.enter_context(opened)
        responses = self._response_taker(static, open_targets)
        self._session.begin(StatusOfBoth(files, static), StaticTaker(crls, responses, static))

    def _response_taker(self, target: ResponseTarget, open_targets: ExitStack) -> ResponseTaker:
        incoming = open_targets.enter_context(Incoming(self._exchange(), self._public, self._verifying, self._clock))
        return ResponseTaker(target, self._marks, self._public, incoming)

    def _crl_taker(self, target: StaticTarget, table: DirectoryTable | S3Table) -> CRLTaker:
        archive = Archive(self._config.state / "crls", self._config.archive)
        beside = Beside(target, archive, table)
        early = early_releases(self._config.state)
        return CRLTaker(target, self._marks, archive, beside, self._public, self._exchange(), early, self._course)

    def step(self) -> bool:
        """Whether something was done."""
        done = False
        if self._error is None:
            with self._noting_failure():
                done = self._session.step()
                if not done:
                    self._say_filled()
        self._invalidate()
        return done

    def _invalidate(self) -> None:
        """What was put is put, whatever becomes of the rest of the look."""
        if self._outdated:
            with self._noting_failure():
                self._session.lines += self._outdated.invalidate()

    def _say_filled(self) -> None:
        """At once, since other targets may have much left to do; and never after a failure."""
        if self._filling and self._session.left_nothing:
            self._filling.set_filled(is_filled=True)
            self._filling = None

    def finish(self) -> Outcome:
        if self._error is None:
            with self._noting_failure():
                self._session.finish()
                if self._replays:
                    self._kept.replayed(self._table.name)
                self._session.require_read()
        status = self._session.status
        now_refused = [refused for refused in status.set_aside if refused.bundle in self._session.refused]
        return Outcome(status, self._session.lines, now_refused, self._error, self._session.about)

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except (TargetError, ConfigurationError) as error:
            self._error = error
        except Exception as error:  # the other targets are served, whatever is wrong with this one
            _LOG.exception("target %s failed", self._table.name)
            self._error = TargetError(
                f"failed: {type(error).__name__}: {error}", where=f"target {self._table.name}", advice="see the log"
            )
