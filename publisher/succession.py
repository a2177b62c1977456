"""May a CRL follow on those that are published? Clients can read what is new on it, and it forgets nothing."""

from collections.abc import Callable, Collection, Container, Iterable
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import chain
from typing import Final

from publisher.archive import Archive
from publisher.continuity import Evidence, check_explained
from publisher.crl_diff import difference
from publisher.departures import told_of
from publisher.gate import crl_in, opened
from publisher.line import Step, crl_step
from publisher.marks import Marks
from publisher.narrowed import narrowed_since, reasons_of
from publisher.targets.protocol import StaticTarget
from publisher.verify_crl import VerifiedCRL, check_crl_window, check_entries, read_crl
from revocation.artifacts import Scope
from revocation.bundle.manifest import part_of
from revocation.config import PublicConfig
from revocation.crlspec import CRLSpec
from revocation.departed import Departed, Why
from revocation.errors import BundleError, GateError, Held, NotYetValid, Unreadable
from revocation.status import Reason
from revocation.wire.exchange import Exchange

_CLOCKS: Final = timedelta(days=1)
"""What left since a CRL is told of on its day or later, as far as clocks go right."""

Elsewhere = Callable[[], Container[bytes]]
"""The serials on other CRLs of an issuer, when they are needed."""


class Succession:
    """The CRLs of one static target, and what comes after them."""

    def __init__(
        self, target: StaticTarget, marks: Marks, archive: Archive, public: PublicConfig, exchange: Exchange
    ) -> None:
        self._target = target
        self._marks = marks
        self._archive = archive
        self._public = public
        self._exchange = exchange

    def check(self, crl: VerifiedCRL, spec: CRLSpec, now: datetime, refused: Collection[str]) -> None:
        """Return if clients can read what is new on the CRL, and it forgets nothing that the ones before it had.

        Args:
            refused: the bundles that were set aside.

        Raises:
            Held, GateError: see `check_entries`, `check_explained`; a delta waits for its base.
            Unreadable: what explains it cannot be read now.
        """
        try:
            self._check(crl, spec, now, partial(self._elsewhere, crl, spec, now, refused))
        except GateError as error:
            error.where = f"{spec}, number {crl.number}"
            raise

    def published(self, spec: CRLSpec) -> VerifiedCRL | None:
        """What the target shows, if the issuer signed it."""
        return _verified(self._target.get(spec.path), spec)

    def says_what_was_last(self, crl: VerifiedCRL, spec: CRLSpec, number: int) -> bool:
        """Whether the last that was published is at hand, has at least that number, and a CRL has the same entries."""
        last = self._before(spec)
        if last is None or last.number < number:
            return False
        changed = difference(last.der, crl.der)
        return not changed.gone and not changed.added

    def _check(self, crl: VerifiedCRL, spec: CRLSpec, now: datetime, elsewhere: Elsewhere) -> None:
        before = self._before(spec)
        complete, delta = self._beside(spec)
        changed = difference(before.der, crl.der) if before else None
        check_entries(crl, spec, changed.added if changed else None)
        missing = changed.missing() if changed else set()
        if spec.name.delta:
            missing = self._missing_on_delta(crl, spec, before, complete, missing)
        elif delta is not None:
            missing |= {serial for serial in delta.revoked if serial not in crl.revoked}
        listed_by = [one for one in (before, complete, delta) if one is not None]
        expired, narrowed = narrowed_since(listed_by, spec, missing, partial(self._of_its_kind, spec), now)
        missing -= expired
        if missing:
            is_known = before is not None and listed_by == [before] and spec.settings.series is None
            since = (min(before.this_update, now) - _CLOCKS).date() if before and is_known else None
            told = chain(_moved(narrowed), told_of(self._exchange, spec.issuer.id, since))
            self._check_explained(missing, narrowed, spec, told, listed_by, elsewhere, now)

    def _check_explained(
        self,
        missing: set[bytes],
        narrowed: set[bytes],
        spec: CRLSpec,
        told: Iterable[Departed],
        listed_by: list[VerifiedCRL],
        elsewhere: Elsewhere,
        now: datetime,
    ) -> None:
        for_good = cache(lambda: {serial for one in listed_by for serial in _revoked_for_good(one, missing)})
        mark = partial(self._marks.known, spec.issuer.octets)
        another = any(_may_take(other, spec) for other in self._others(spec))
        evidence = Evidence(
            mark,
            lambda serial: serial not in for_good(),
            cache(elsewhere),
            movable=spec.settings.scope is not Scope.ALL,
            awaited=lambda serial: another or serial in narrowed,
        )
        check_explained(missing, told, evidence, now)

    def _beside(self, spec: CRLSpec) -> tuple[VerifiedCRL | None, VerifiedCRL | None]:
        """The published complete CRL that a delta belongs to; the published delta of a complete one."""
        crls = self._public.profiles[spec.issuer.id].crls
        if spec.name.delta:
            return self.published(crls[str(spec.name.complete)]), None
        return None, self.shown(crls[str(spec.name.of_delta)]) if spec.freshest else None

    def shown(self, spec: CRLSpec) -> VerifiedCRL | None:
        """The same, also of a form that is not configured any more; but not another CRL of the issuer in its place."""
        if (crl := self.published(spec)) is not None:
            return crl
        crl = _verified(self._target.get(spec.path), spec, any_form=True)
        specs = self._public.profiles[spec.issuer.id].crls.values()
        others = [other for other in specs if other.name != spec.name and other.name.delta == spec.name.delta]
        return None if crl is None or any(_is_that_of(crl, other) for other in others) else crl

    def _before(self, spec: CRLSpec) -> VerifiedCRL | None:
        """The last that was published, also of a form that is not configured any more.

        The archive has it, unless it is restored from a copy or lost; then what the target shows has a higher number.
        """
        kept = _verified(self._archive.last(spec.issuer.id, spec.label), spec, any_form=True)
        if kept is not None and self._target.digest(spec.path) == kept.sha256:
            return kept
        return max((one for one in (kept, self.shown(spec)) if one), key=lambda one: one.number, default=None)

    def _elsewhere(self, crl: VerifiedCRL, spec: CRLSpec, now: datetime, refused: Collection[str]) -> Container[bytes]:
        """The serials on the other CRLs of an issuer that are published, or wait in the exchange and pass.

        Two certificates may change places, and then each CRL would wait for the other.
        """
        others = self._others(spec)
        found = [self.published(other) for other in others]
        found += [self._waiting(other, now, refused, crl) for other in others]
        return {serial for one in found if one is not None for serial in one.revoked}

    def _others(self, spec: CRLSpec) -> list[CRLSpec]:
        specs = self._public.profiles[spec.issuer.id].complete_crls.values()
        return [other for other in specs if other.name != spec.name.complete]

    def _waiting(
        self, spec: CRLSpec, now: datetime, refused: Collection[str], beside: VerifiedCRL
    ) -> VerifiedCRL | None:
        """The newest in the exchange, if it may be published after what is and `beside`, which moves entries to it."""
        names = [stored.name for stored in self._exchange.list() if _is_of(stored.name, spec)]
        for name in reversed(names):
            if name in refused:
                return None
            try:
                return self._waiting_in(name, spec, now, beside)
            except NotYetValid:
                continue  # of a series those that have not begun lie before it
        return None

    def _waiting_in(self, name: str, spec: CRLSpec, now: datetime, beside: VerifiedCRL) -> VerifiedCRL | None:
        """The CRL of a bundle, if it may be published now.

        Raises:
            NotYetValid: it begins later.
        """
        mark, by_number = self._marks.crl(spec.issuer.id, spec.label), spec.settings.series is not None
        try:
            with opened(self._exchange, name) as reader:
                crl = crl_in(reader, spec)
                check_crl_window(crl, spec, now)
                self._check(crl, spec, now, lambda: self._published_beside(spec) | set(beside.revoked))
                return crl if crl_step(crl, reader.name, mark, now, by_number=by_number) is Step.NEWER else None
        except NotYetValid:
            raise
        except (Unreadable, BundleError, GateError):
            return None

    def _of_its_kind(self, spec: CRLSpec) -> set[bytes]:
        """The serials on the other published CRLs of the same kind of certificate."""
        same = (other for other in self._others(spec) if other.settings.scope is spec.settings.scope)
        return {serial for crl in map(self.published, same) if crl is not None for serial in crl.revoked}

    def _published_beside(self, spec: CRLSpec) -> set[bytes]:
        found = map(self.published, self._others(spec))
        return {serial for crl in found if crl is not None for serial in crl.revoked}

    def _missing_on_delta(
        self,
        crl: VerifiedCRL,
        spec: CRLSpec,
        before: VerifiedCRL | None,
        complete: VerifiedCRL | None,
        missing: Iterable[bytes],
    ) -> set[bytes]:
        """What is gone for whoever puts a delta and a complete CRL together: taken off, or not on its base either."""
        if complete is None or complete.number < (crl.base_number or 0):
            raise Held(
                f"its base {crl.base_number} is not published yet; held until then",
                advice="was the complete CRL with that number set aside?",
            )
        forgotten = {serial for serial in missing if before is not None and serial in before.revoked}
        if forgotten and before is not None:
            base = self._base(crl, spec, before, complete)
            forgotten = {serial for serial in forgotten if base is None or serial not in base.revoked}
        return set(crl.revoked.removed) | forgotten

    def _base(self, crl: VerifiedCRL, spec: CRLSpec, before: VerifiedCRL, complete: VerifiedCRL) -> VerifiedCRL | None:
        """The complete CRL that a delta adds to; where it is not kept any more a later one, if the base is another."""
        number = crl.base_number or 0
        its = self._public.profiles[spec.issuer.id].crls[str(spec.name.complete)]
        kept = _verified(self._archive.get(spec.issuer.id, its.label, number), its, any_form=True)
        return kept or (complete if number > (before.base_number or 0) else None)


def _is_that_of(crl: VerifiedCRL, spec: CRLSpec) -> bool:
    """Whether a CRL says that it is another one, which is configured."""
    if spec.settings.scope is Scope.ALL or crl.url is None:
        return crl.scope is spec.settings.scope
    return crl.url == spec.url or crl.url.endswith(f"/{spec.path}")


def _may_take(other: CRLSpec, spec: CRLSpec) -> bool:
    """Whether what leaves a CRL, since its kind, shard or reason turned out to be another, may belong on the other."""
    return other.settings.scope is not spec.settings.scope or bool(spec.name.shard or spec.settings.only_some_reasons)


def _revoked_for_good(crl: VerifiedCRL, serials: Collection[bytes]) -> set[bytes]:
    """Those of the serials that a CRL lists with another reason than certificateHold."""
    return {serial for serial, reason in reasons_of(crl, serials).items() if reason is not Reason.certificateHold}


def _moved(serials: Iterable[bytes]) -> Iterable[Departed]:
    """What is told of serials that a CRL is not for any more."""
    return (Departed(serial, Why.MOVED) for serial in serials)


def _verified(data: bytes | None, spec: CRLSpec, *, any_form: bool = False) -> VerifiedCRL | None:
    try:
        return read_crl(data, spec, any_form=any_form) if data is not None else None
    except GateError:
        return None  # damaged or forged: it proves nothing, and is replaced by the next that passes


def _is_of(name: str, spec: CRLSpec) -> bool:
    try:
        return part_of(name) == spec.part
    except ValueError:
        return False
