"""CRLs into a static target; and what is published beside them from the configuration, which is trusted."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from publisher.archive import Archive
from publisher.beside import Beside
from publisher.course import Course
from publisher.dated_lines import DatedLines
from publisher.disturbed import Disturbance
from publisher.gate import crl_in
from publisher.leftover import leftover
from publisher.line import UNKNOWN_BUNDLE, CRLMark, Step, crl_step, is_ahead
from publisher.marks import Marks
from publisher.pending import attempt
from publisher.put_back import PuttingBack
from publisher.release_due import (
    begins_later,
    forget_released_early,
    note_early,
    schedule,
    standing_mark,
    was_early,
)
from publisher.rows import note_applied, take_crl
from publisher.succession import Succession
from publisher.taking import Taken
from publisher.targets.protocol import StaticObject, StaticTarget
from publisher.verify_crl import VerifiedCRL, check_crl_window
from revocation.bundle import BundleReader
from revocation.clock import epoch, iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.crlspec import CRLSpec
from revocation.paths import crl_at, crls_path, issuer_path, issuers_path
from revocation.published import LeftoverCRL, TargetStatus
from revocation.wire.exchange import Exchange, Stored


class CRLTaker:
    """One static target."""

    def __init__(
        self,
        target: StaticTarget,
        marks: Marks,
        archive: Archive,
        beside: Beside,
        public: PublicConfig,
        exchange: Exchange,
        released_early: DatedLines,
        course: Course,
    ) -> None:
        self._target = target
        self._marks = marks
        self._archive = archive
        self._beside = beside
        self._public = public
        self._exchange = exchange
        self._released_early = released_early
        self._course = course
        self._succession = Succession(target, marks, archive, public, exchange)
        self._disturbance = Disturbance(target, marks, public, self._succession)
        self._putting_back = PuttingBack(target, marks, archive, public, self._succession, course)

    def mend(self, status: TargetStatus, now: datetime, *, trusted: bool) -> list[str]:
        """Put configured files that are missing, read lost marks off the target, strike CRLs that changed."""
        lines = []
        for profile in self._public.profiles.values():
            lines += self._put_configured(_certificates(profile))
            for spec in profile.crls.values():
                self._mark_from_target(spec, now)
        lines += forget_released_early(status, self._public, self._course, now, self._released_early)
        return lines + self._disturbance.look(status, now, trusted=trusted)

    def look_ahead(self, reader: BundleReader, profile: IssuerProfile, now: datetime) -> None:
        """Nothing: a CRL stands for itself."""

    def expect(self, bundles: Sequence[Stored]) -> None:
        """Nothing: a CRL is taken in no time."""

    def refused(self, profile: IssuerProfile) -> int:  # noqa: ARG002 - see above
        """Nothing: the CRL before it stays until its nextUpdate."""
        return 0

    def tend(self, status: TargetStatus, now: datetime) -> Iterator[list[str]]:
        """Copies, other forms and lists of the CRLs that are there; what is left of those not configured goes.

        Nobody renews it, and it is of yesterday. It goes after what may be in its place was published, and listed.
        What the exchange has only older ones of is put again before.
        """
        lines = self._putting_back.tend(status, now)
        lines += self._put_lists(status, now)
        lines += self._clear(status, now)
        self._archive.prune(self._course.sure)
        crls = [(self._public.profiles[row.issuer].crls[row.label], row) for row in status.crls]
        yield [*lines, *self._beside.tend(crls, self._course.sure)]

    def take(
        self, bundle: Stored, reader: BundleReader, profile: IssuerProfile, status: TargetStatus, now: datetime
    ) -> Taken:
        """Publish the CRL of a bundle, unless a newer one was published already."""
        spec = profile.crls[reader.manifest.part.label]
        crl = crl_in(reader, spec)
        mark = standing_mark(self._marks, self._archive, self._succession, self._course, crl, spec, now)
        by_number = spec.settings.series is not None
        step = crl_step(crl, reader.name, mark, now, by_number=by_number)
        if step is Step.SUPERSEDED:
            note_applied(status, bundle, reader.manifest)
            return Taken(f"{spec}: number {crl.number} is superseded")
        if step is Step.NEWER and begins_later(crl, spec, now):
            return self._schedule(bundle, crl, spec, status, now)
        check_crl_window(crl, spec, now)
        is_there = self._target.digest(spec.path) == crl.sha256
        shown = self._succession.shown(spec) if not is_there else None
        if shown is not None and shown.number > crl.number and not self._was_early(shown, crl, spec, now):
            note_applied(status, bundle, reader.manifest)
            return Taken(f"{spec}: number {crl.number} is superseded by {shown.number}, which another publisher put")
        if step is Step.NEWER:
            self._succession.check(crl, spec, now, {refused.bundle for refused in status.set_aside})
            self._archive.keep(spec.issuer.id, spec.label, crl.number, crl.der, crl.this_update)
            mark = CRLMark(number=crl.number, this_update=crl.this_update, sha256=crl.sha256, bundle=reader.name)
            self._marks.set_crl(spec.issuer.id, spec.label, mark)
        if shown is not None and was_early(shown.this_update, spec, self._course, now):
            note_early(self._released_early, spec, shown, now)
        if not is_there:
            self._target.put(StaticObject(spec.path, crl.der, crl.this_update))
        note_applied(status, bundle, reader.manifest, crl.next_update)
        take_crl(status, crl, spec, reader.manifest.revision)
        return Taken(f"{spec}: number {crl.number} published")

    def _was_early(self, shown: VerifiedCRL, crl: VerifiedCRL, spec: CRLSpec, now: datetime) -> bool:
        """Whether what a target shows is a later one of the series of a CRL, released by a clock that ran ahead."""
        early = was_early(shown.this_update, spec, self._course, now)
        return early and self._succession.says_what_was_last(crl, spec, shown.number)

    def _schedule(self, bundle: Stored, crl: VerifiedCRL, spec: CRLSpec, status: TargetStatus, now: datetime) -> Taken:
        """Look at one of a series as if it were published now; what is wrong with it is told while there is time."""
        self._succession.check(crl, spec, now, {refused.bundle for refused in status.set_aside})
        schedule(status, crl, spec, bundle.name, attempt(bundle, self._public, self._exchange.list()))
        return Taken(f"{spec}: number {crl.number} passed, and is held until it begins at {iso(crl.this_update)}")

    def _put_lists(self, status: TargetStatus, now: datetime) -> list[str]:
        """The list of an issuer's CRLs, once all of them are there: every URL on it is retrievable (CCADB).

        Until then the one before stays, or there is none: who reads one that lacks a shard takes it for complete.
        """
        lines = []
        for profile in self._public.profiles.values():
            there = {row.label for row in status.crls if row.issuer == profile.issuer.id}
            if profile.complete_crls.keys() <= there:
                lines += self._put_configured([_list(profile, now)])
        return lines

    def _clear(self, status: TargetStatus, now: datetime) -> list[str]:
        profiles = self._public.profiles.values()
        crls = {spec.path for profile in profiles for spec in profile.crls.values()}
        wanted = crls | {crls_path(profile.issuer.id) for profile in profiles}
        wanted |= {thing.path for profile in profiles for thing in _certificates(profile)}
        there = [path for path in self._target.paths() if path not in wanted]
        found = [self._leftover(path, now) for path in there]
        status.leftovers = [crl for crl in found if crl is not None]
        current = crls | {crl.path for crl in status.leftovers}
        gone = [path for path in there if path not in current and not self._beside.wants(path, current)]
        for path in gone:
            self._target.remove(path)
        lines = [f"{path} is not configured any more and was removed" for path in gone]
        return lines + [str(crl) for crl in status.leftovers]

    def _leftover(self, path: str, now: datetime) -> LeftoverCRL | None:
        """Why a file of that path stays, though it is not configured: an issuer that is not has nothing."""
        issuer, label = crl_at(path) or ("", "")
        profile = self._public.profiles.get(issuer)
        data = self._target.get(path) if profile is not None else None
        if profile is None or data is None:
            return None
        published = [self._succession.published(spec) for spec in profile.complete_crls.values()]
        return leftover(path, label, data, profile, [crl for crl in published if crl is not None], now)

    def _put_configured(self, things: Iterable[StaticObject]) -> list[str]:
        lines = []
        for thing in things:
            if self._target.digest(thing.path) != hashlib.sha256(thing.data).hexdigest():
                self._target.put(thing)
                lines.append(f"{thing.path} put")
        return lines

    def _mark_from_target(self, spec: CRLSpec, now: datetime) -> None:
        """A mark that is lost, or was restored from a copy, is what the target shows, if the issuer signed it."""
        known = self._marks.crl(spec.issuer.id, spec.label)
        if known is not None and self._target.digest(spec.path) == known.sha256:
            return
        crl = self._succession.shown(spec)
        if crl is None or (known and (crl.number <= known.number or is_ahead(epoch(crl.this_update), now))):
            return
        mark = CRLMark(number=crl.number, this_update=crl.this_update, sha256=crl.sha256, bundle=UNKNOWN_BUNDLE)
        self._marks.set_crl(spec.issuer.id, spec.label, mark)


def _list(profile: IssuerProfile, now: datetime) -> StaticObject:
    """The URLs of all complete CRLs of an issuer (CCADB), modified when it is put: no date in it moves with it."""
    urls = [spec.url for spec in profile.complete_crls.values()]
    return StaticObject(crls_path(profile.issuer.id), json.dumps(urls, indent=1).encode() + b"\n", now)


def _certificates(profile: IssuerProfile) -> Iterable[StaticObject]:
    """An issuer's newest certificate, and all together where there are several."""
    issuer = profile.issuer
    newest = issuer.certificates[0]
    modified = newest.not_valid_before_utc
    yield StaticObject(issuer_path(issuer.id), newest.public_bytes(Encoding.DER), modified)
    if len(issuer.certificates) > 1:
        together = pkcs7.serialize_certificates(list(issuer.certificates), Encoding.DER)
        yield StaticObject(issuers_path(issuer.id), together, modified)
