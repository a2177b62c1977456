"""What was published, collected: of each certificate what was signed last, and of each kind what it said.

Pure: objects in, what they say out. What is not signed by a configured issuer says nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from revocation import departed
from revocation.artifacts import Kind
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.departed import Chunk, Departed, Why
from revocation.part import Part
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from signer.recovery.signed import SignedAnswer, SignedCRL, SignedReader
from signer.recovery.sources import Found


@dataclass(frozen=True)
class Said:
    """That a certificate is revoked so, and the latest thisUpdate of what says it."""

    entry: ImportEntry
    revocation: Revocation
    at: datetime


@dataclass(frozen=True)
class Bundle:
    """One of the exchange that has something that the issuer signed, with the window of the latest in it."""

    sequence: int
    part: Part
    this_update: datetime
    next_update: datetime


@dataclass
class Evidence:
    """What is known of one issuer.

    Attributes:
        number: the highest CRL number; -1 where there is no CRL.
        newest: the newest complete CRL of each label.
        begins: the first of the series of that one, as far as it was read; else that one.
        good: the latest thisUpdate of what says that a certificate is good.
        revoked: all that was said of a certificate that was ever said to be revoked, by date and reason.
        left: what expired or was excused, by the day on which it was told.
        responders: the certificates (DER) of delegates.
    """

    profile: IssuerProfile
    number: int = -1
    crls: int = 0
    responses: int = 0
    newest: dict[str, SignedCRL] = field(default_factory=dict)
    begins: dict[str, SignedCRL] = field(default_factory=dict)
    good: dict[bytes, datetime] = field(default_factory=dict)
    revoked: dict[bytes, dict[tuple[datetime, Reason], Said]] = field(default_factory=dict)
    bundles: dict[int, Bundle] = field(default_factory=dict)
    left: dict[Chunk, list[Departed]] = field(default_factory=dict)
    responders: set[bytes] = field(default_factory=set)

    def history(self, serial: bytes) -> list[Said]:
        """What was said of a certificate, in the order in which it was said last."""
        return sorted(self.revoked.get(serial, {}).values(), key=lambda said: said.at)

    def add_crl(self, crl: SignedCRL) -> None:
        """Take in what a CRL says."""
        self.crls += 1
        self.number = max(self.number, crl.number)
        for entry in crl.entries:
            if entry.revocation is not None:
                self._add_revoked(entry, entry.revocation, crl.this_update)
        if crl.spec is not None:
            before = self.newest.get(crl.spec.label)
            if before is None or is_older(before, crl.this_update, crl.number, crl.spec):
                self.newest[crl.spec.label] = crl
            self._begin(crl, crl.spec)

    def _begin(self, crl: SignedCRL, spec: CRLSpec) -> None:
        newest, first = self.newest[spec.label], self.begins.get(spec.label)
        lowest = newest.number - (spec.settings.series.count if spec.settings.series else 1)
        if first is not None and first.number > lowest and first.serials == crl.serials:
            is_first = lowest < crl.number < first.number
        else:
            is_first = crl is newest
        if is_first:
            self.begins[spec.label] = crl

    def add_answer(self, answer: SignedAnswer, place: str) -> None:
        """Take in what a response says."""
        self.responses += 1
        if answer.responder is not None:
            self.responders.add(answer.responder)
        if answer.revocation is None:
            self.good[answer.serial] = max(answer.this_update, self.good.get(answer.serial, answer.this_update))
            return
        entry = ImportEntry(answer.serial, None, False, answer.revocation, None, place, says_kind=False)
        self._add_revoked(entry, answer.revocation, answer.this_update)

    def add_bundle(self, bundle: tuple[int, Part], this_update: datetime, next_update: datetime) -> None:
        """An object of a bundle is signed, so it is one of the ledger's."""
        sequence, part = bundle
        known = self.bundles.get(sequence)
        if known is None or known.this_update < this_update:
            self.bundles[sequence] = Bundle(sequence, part, this_update, next_update)

    def _add_revoked(self, entry: ImportEntry, revocation: Revocation, at: datetime) -> None:
        """What says more is kept: the kind of the certificate and its invalidity date stand on CRLs alone."""
        said = self.revoked.setdefault(entry.serial, {})
        key = (revocation.revoked_at, revocation.reason)
        before = said.get(key)
        if before is not None:
            entry = entry if entry.says_kind or not before.entry.says_kind else before.entry
            newer, older = (revocation, before.revocation) if at >= before.at else (before.revocation, revocation)
            invalid = newer.invalidity_date or older.invalidity_date
            revocation, at = replace(revocation, invalidity_date=invalid), max(at, before.at)
        said[key] = Said(entry, revocation, at)


def is_older(crl: SignedCRL, this_update: datetime, number: int, spec: CRLSpec) -> bool:
    """Whether a CRL was made before one of that time and number: of a series, which is of one time, the number says it.

    One that was signed ahead and superseded since begins later than what superseded it.
    """
    if spec.settings.series is not None:
        return crl.number < number
    return (crl.this_update, crl.number) < (this_update, number)


class Collected:
    """What all sources say.

    Attributes:
        issuers: by issuer id.
        ignored: how many objects no configured issuer signed.
    """

    def __init__(self, profiles: Iterable[IssuerProfile]) -> None:
        self.issuers = {profile.issuer.id: Evidence(profile) for profile in profiles}
        self._reader = SignedReader(one.profile for one in self.issuers.values())
        self._digest = hashlib.sha256()
        self.ignored = 0

    @property
    def sha256(self) -> str:
        """Of all that was read, in its order."""
        return self._digest.hexdigest()

    def add(self, found: Found) -> None:
        """Take in one object.

        Raises:
            InputError: an issuer signed it, and what it says cannot be understood.
        """
        self._digest.update(hashlib.sha256(found.data).digest())
        if found.kind is Kind.DEPARTED:
            self._add_departed(found)
        elif not (found.kind is not Kind.OCSP and self._add_crl(found)) and not self._add_answers(found):
            self.ignored += 1

    def _add_crl(self, found: Found) -> bool:
        crl = self._reader.crl(found.data, found.place)
        if crl is None:
            return False
        evidence = self.issuers[crl.profile.issuer.id]
        evidence.add_crl(crl)
        if found.bundle is not None:
            evidence.add_bundle(found.bundle, crl.this_update, crl.next_update)
        return True

    def _add_answers(self, found: Found) -> bool:
        if found.kind is Kind.CRL:
            return False
        answers = list(self._reader.answers(found.data))
        for answer in answers:
            evidence = self.issuers[answer.profile.issuer.id]
            evidence.add_answer(answer, found.place)
            if found.bundle is not None:
                evidence.add_bundle(found.bundle, answer.this_update, answer.next_update)
        return bool(answers)

    def _add_departed(self, found: Found) -> None:
        """That something expired or was excused nobody signed; a publisher holds it against what it knows."""
        if found.bundle is not None and (evidence := self.issuers.get(found.bundle[1].issuer)) is not None:
            told = evidence.left.setdefault(Chunk.parse(found.bundle[1].label), [])
            told.extend(_unsigned(found.data))


def _unsigned(text: bytes) -> Iterator[Departed]:
    """What does not follow from the facts; that something was released or moved does."""
    try:
        yield from (one for one in departed.read(text) if one.why in (Why.EXPIRED, Why.EXCUSED))
    except ValueError:
        return  # damaged: as if it had not been told
