"""Pre-signed OCSP responses into a store.

That a certificate is revoked is remembered in the marks before a target shows it, so neither a wiped nor a restored
target, nor a replay of old bundles, shows it good again.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

from publisher.alike import Alike
from publisher.answers import HASH_OCTETS, answers_of, response_in
from publisher.gate import check_empty, forbidden_answer, revocations_in
from publisher.incoming import Incoming
from publisher.line import Known, known_from, remembered, replaces
from publisher.marks import Marks
from publisher.rows import Window, note_applied, take_slice
from publisher.taking import Taken
from publisher.targets.protocol import Answer, ResponseTarget
from publisher.uncollected import uncollected
from publisher.verified import Verified
from publisher.verify_ocsp import VerifiedResponse, peek, read_response
from revocation.artifacts import Kind
from revocation.bundle import BundleReader, Manifest
from revocation.bundle.manifest import part_of
from revocation.certid import CertID
from revocation.clock import epoch
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import BundleError, Expired, GateError
from revocation.issuer import Issuer
from revocation.published import TargetStatus
from revocation.status import Reason
from revocation.store import StoredResponse, issuer_key, response_key, serial_in
from revocation.wire.exchange import Stored

_BATCH: Final = 8192
"""Responses that are put in one transaction; a larger bundle takes several.

Fewer would wait for the disk more often; more would be put at the end of a bundle, when nothing is left to verify."""

_KEPT_EXPIRED: Final = timedelta(days=1)


class ResponseTaker:
    """One store of responses."""

    def __init__(self, target: ResponseTarget, marks: Marks, public: PublicConfig, incoming: Incoming) -> None:
        self._target = target
        self._incoming = incoming
        self._marks = marks
        self._public = public
        self._seen: Alike[Known] = Alike()

    def mend(self, status: TargetStatus, now: datetime, *, trusted: bool) -> list[str]:  # noqa: ARG002 - rows are rebuilt by replay
        """Make issuers known; in a store whose status is not the last one, take out what marks contradict at once."""
        self._target.introduce(_issuer_rows(self._public))
        if trusted:
            return []
        count = sum(self._withdraw(profile.issuer) for profile in self._public.profiles.values())
        return [f"{count} responses that said good of revoked certificates withdrawn"] if count else []

    def look_ahead(self, reader: BundleReader, profile: IssuerProfile, now: datetime) -> None:
        """Remember what a waiting bundle says is revoked, before an older one that says good is put.

        Each response stands for itself here: one that is bad ends the look and takes nothing back.
        """
        with self._marks.revoked() as marks, suppress(BundleError, GateError):
            for response in revocations_in(reader, profile, now):
                known = marks.get(profile.issuer.octets, response.serial)
                marks.put(profile.issuer.octets, response.serial, remembered(known_from(response), known, now))

    def expect(self, bundles: Sequence[Stored]) -> None:
        """Have them verified ahead, as far as memory allows."""
        self._incoming.expect([bundle for bundle in bundles if part_of(bundle.name).kind is Kind.OCSP])

    def refused(self, profile: IssuerProfile) -> int:
        """Take out what says good of a certificate that the marks know to be revoked."""
        return self._withdraw(profile.issuer)

    def tend(self, status: TargetStatus, now: datetime) -> Iterator[list[str]]:  # noqa: ARG002 - see above
        """Take out expired answers of issuers whose bundles come no more, or months apart; others' go with bundles."""
        rare = [p.issuer for p in self._public.profiles.values() if p.ocsp.direct or now >= p.issuer.not_after]
        count = sum(self._target.sweep(issuer.octets, epoch(now - _KEPT_EXPIRED)) for issuer in rare)
        yield [f"{count} responses that had expired long ago were taken out"] if count else []

    def take(
        self, bundle: Stored, reader: BundleReader, profile: IssuerProfile, status: TargetStatus, now: datetime
    ) -> Taken:
        """Publish the responses of a bundle that replace older ones, a bounded batch at a time.

        One that says good of what is revoked for good is withheld by itself, and so is one that gives a reason which
        `compliance` forbids: the others are none the worse for it.
        """
        manifest = reader.manifest
        name = f"OCSP {profile.issuer.name}/{manifest.part.label}"
        window = Window(manifest.this_update, manifest.next_update)
        put, withheld = 0, list[str]()
        try:
            if not manifest.entries:
                check_empty(manifest, profile, now)
            with uncollected(), closing(self._incoming.responses(bundle, reader, profile)) as verified:
                begun = list(islice(verified, 1))  # and others are verified while the store is swept
                if manifest.complete:
                    self._target.sweep(profile.issuer.octets, epoch(now - _KEPT_EXPIRED))
                responses = chain(begun, verified)
                for some in responses:
                    batch = _up_to(_BATCH, chain((some,), responses))
                    put += self._put(profile, batch, now, window, withheld)
        except Expired:
            if not _newer_is_there(status, manifest):
                raise
            note_applied(status, bundle, manifest)
            return Taken(f"{name}: superseded")
        note_applied(status, bundle, manifest, window.next_update)
        take_slice(status, manifest, window, profile, now)
        kind = "complete" if manifest.complete else "partial"
        return Taken(f"{name}: {put} of {window.count} responses put ({kind})", tuple(dict.fromkeys(withheld)))

    def _put(
        self,
        profile: IssuerProfile,
        batch: Iterator[Sequence[Verified]],
        now: datetime,
        window: Window,
        withheld: list[str],
    ) -> int:
        """Put the responses of a batch in one transaction, while later ones are still being verified."""
        passed = self._past_marks(profile.issuer, batch, now, window, withheld)
        revoked = [some.like for some in passed if some.like.revocation is not None]
        allowed = [some for some in passed if not self._is_forbidden(some.like, profile, withheld)]

        def admits(answer: Answer, current: StoredResponse | None) -> bool:
            return current is None or self._admits(response_in(answer), current, profile.issuer, now, withheld)

        put = self._target.put(chain.from_iterable(map(answers_of(profile), allowed)), admits)
        self._withdraw_beside(profile.issuer, revoked, now)
        return put

    def _is_forbidden(self, response: VerifiedResponse, profile: IssuerProfile, withheld: list[str]) -> bool:
        if forbidden := forbidden_answer(response, profile):
            withheld.append(forbidden)
        return forbidden is not None

    def _past_marks(
        self,
        issuer: Issuer,
        batch: Iterator[Sequence[Verified]],
        now: datetime,
        window: Window,
        withheld: list[str],
    ) -> list[Verified]:
        """The responses that the marks do not hold back. Then the marks know of every revocation, durably."""
        passed: list[Verified] = []
        with self._marks.revoked() as marks:
            for some in chain.from_iterable(batch):
                window.add(some)
                if some.like.revocation is not None:
                    mark = marks.get(issuer.octets, some.like.serial)
                    marks.put(issuer.octets, some.like.serial, remembered(known_from(some.like), mark, now))
                    passed.append(some)
                    continue
                marked = marks.among(issuer.octets, some.serials)
                doubtful = [one for one in some if one.serial in marked] if marked else []
                held_back = {
                    one.serial
                    for one in doubtful
                    if not _holds(one, marks.get(issuer.octets, one.serial), now, withheld)
                }
                passed.append(some.without(held_back) if held_back else some)
        return passed

    def _admits(
        self, response: VerifiedResponse, current: StoredResponse, issuer: Issuer, now: datetime, withheld: list[str]
    ) -> bool:
        """Whether a response replaces what a store holds; only what the issuer really said can stand in its way."""
        contradictions: list[str] = []
        if _holds(response, self._shown(current), now, contradictions) or not _genuine(current, issuer):
            return True
        withheld += contradictions
        return False

    def _shown(self, current: StoredResponse) -> Known | None:
        """What a stored response says, believed for the moment; None when nobody could read it."""
        if shape := self._seen.find(current.der):
            return shape.meaning
        try:
            said = peek(current.der)
        except GateError:
            return None
        held = said.revocation is not None and said.revocation.reason is Reason.certificateHold
        known = Known(epoch(said.this_update), said.revocation is not None, held)
        self._seen.learn(current.der, known)
        return known

    def _withdraw_beside(self, issuer: Issuer, revoked_in: Sequence[VerifiedResponse], now: datetime) -> None:
        """No good under any hash beside a revocation, and a final one is not forgotten over a hold."""
        known = dict[bytes, Known]()
        for response in revoked_in:
            known[response.serial] = remembered(known_from(response), known.get(response.serial), now)
        revoked = {
            response_key(issuer.octets, octet, serial): said for serial, said in known.items() for octet in HASH_OCTETS
        }

        def wrong(key: bytes, current: StoredResponse) -> bool:
            return _contradicts(self._shown(current), revoked[key])

        if revoked:
            self._target.withdraw(revoked, wrong)

    def _withdraw(self, issuer: Issuer) -> int:
        with self._marks.revoked() as marks:
            revoked = dict(marks.of_issuer(issuer.octets))

        def wrong(key: bytes, current: StoredResponse) -> bool:
            return _contradicts(self._shown(current), revoked[serial_in(key)])

        keys = (response_key(issuer.octets, octet, serial) for serial in revoked for octet in HASH_OCTETS)
        return self._target.withdraw(keys, wrong)


def _holds(response: VerifiedResponse, known: Known | None, now: datetime, withheld: list[str]) -> bool:
    """Whether a response may follow on what is known; where it contradicts that, `withheld` says so."""
    try:
        return replaces(response, known, now)
    except GateError as error:
        withheld.append(str(error))
        return False


def _genuine(current: StoredResponse, issuer: Issuer) -> bool:
    """Whether a stored response is the issuer's, under the times that its DER has: a store may be written by others."""
    try:
        content = read_response(current.der, issuer)
    except GateError:
        return False
    return (current.this_update, current.next_update) == (epoch(content.this_update), epoch(content.next_update))


def _contradicts(shown: Known | None, revoked: Known) -> bool:
    """Whether an answer says good of what is revoked; one after a hold may be its release."""
    if shown is None or shown.revoked:
        return False
    return not revoked.releasable or shown.this_update <= revoked.this_update


def _newer_is_there(status: TargetStatus, manifest: Manifest) -> bool:
    """Whether the slice was filled with a later one: then an expired bundle is merely an old one."""
    part = (manifest.part.issuer, manifest.part.slice)
    return any((row.issuer, row.slice) == part and row.this_update > manifest.this_update for row in status.slices)


def _up_to(count: int, verified: Iterator[Sequence[Verified]]) -> Iterator[Sequence[Verified]]:
    """What comes next, until it is that many responses or more."""
    for piece in verified:
        yield piece
        count -= sum(map(len, piece))
        if count <= 0:
            return


def _issuer_rows(public: PublicConfig) -> Iterator[tuple[bytes, bytes]]:
    for profile in public.profiles.values():
        for hash_ in profile.ocsp.hashes:
            known_as = CertID.of(profile.issuer, b"", hash_)
            yield issuer_key(hash_, known_as.issuer_name_hash, known_as.issuer_key_hash), profile.issuer.octets
