"""Offline: the CRLs of a series, which begin after the ceremony: the first one's entries in later windows.

What is left to sign follows from the ledger and the exchange, as everything: a ceremony that broke off goes on where it
stopped, and no number is used for two contents. The others of a series keep nothing waiting: what is made later has a
higher number than all of them, and supersedes them.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from revocation import crlbytes
from revocation.bundle import BundleReader
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.durations import show
from revocation.errors import RevocastError
from revocation.part import Part
from signer import selfcheck
from signer.crls import enclose, write_tbs
from signer.encoding import crl
from signer.keys import FileTBS
from signer.keys.limited_key import Use
from signer.keys.purpose import Purpose
from signer.ledger import audit, crl_numbers, departures, issued
from signer.ledger.issued import Issued
from signer.lint import lint_crl
from signer.produce import File, put_bundle
from signer.signer import Signer
from signer.slices import Intact
from signer.unsigned import given_back


@dataclass(frozen=True)
class Numbered:
    """A CRL of a series, before it is signed."""

    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True)
class PlannedSeries:
    """Those behind the first that will be signed.

    Attributes:
        every: from one to the next, in words.
        before: how many of it were signed before the ceremony broke off.
        first: of the series, which is signed before them.
    """

    issuer: str
    label: str
    part: Part
    every: str
    before: int
    first: Numbered
    crls: tuple[Numbered, ...]

    def lines(self) -> Iterator[str]:
        """It in words, and what it costs."""
        first, last, total = self.first, self.crls[-1], (self.before or 1) + len(self.crls)
        until = f"number {last.number}, from {iso(last.this_update)} until {iso(last.next_update)}"
        yield (
            f"{self.issuer}: CRL {self.label}, a series of {total}: number {first.number} from "
            f"{iso(first.this_update)} to {iso(first.next_update)}, then one every {self.every}, the last {until}"
        )
        if self.before:
            yield f"  {self.before} of them were signed before this ceremony broke off"
        yield "  all of them say the same of every certificate; each is published when it begins"
        yield (
            "  keep them secret until then: to whoever is shown one that leaked, it hides what is revoked after this "
            f"ceremony, from its beginning until its end, {iso(last.next_update)} at the latest"
        )


def begins(spec: CRLSpec, first: datetime) -> list[datetime]:
    """When the others of a series begin of which the first begins then; none does after the end of its issuer."""
    series = spec.settings.series
    if series is None:
        return []
    found = (first + number * series.every for number in range(1, series.count))
    return [begin for begin in found if begin < spec.issuer.not_after]


def planned(connection: Connection, spec: CRLSpec, intact: Intact, first: Numbered | None) -> PlannedSeries | None:
    """What is to be signed of the series of a CRL; None where that is nothing.

    Args:
        first: of the series, where it is going to be signed; else the last one that was counts.
    """
    series = spec.settings.series
    if series is None:
        return None
    if first is not None:
        wanted, before, number = begins(spec, first.this_update), 0, first.number + 1
    else:
        row = issued.last_stored(connection, spec.part)
        if row is None:
            return None
        done = _done(connection, spec, row, intact)
        wanted, before = begins(spec, row.this_update)[len(done) :], 1 + len(done)
        first = Numbered(row.crl_number or 0, row.this_update, row.next_update)
        number = crl_numbers.next_crl_number(connection, spec.issuer, spec.part, row.this_update)
    if not wanted:
        return None
    lasts = first.next_update - first.this_update
    crls = tuple(Numbered(number + n, begin, begin + lasts) for n, begin in enumerate(wanted))
    return PlannedSeries(spec.issuer.name, spec.label, spec.part, show(series.every), before, first, crls)


def sign_series(signer: Signer, profile: IssuerProfile, spec: CRLSpec, intact: Intact, at: datetime) -> list[str]:
    """Sign what is left of the series of a CRL whose first one lies in the exchange; the bundles of all but the first.

    Raises:
        KeyUnavailable: the CA key cannot be used.
        LimitReached: or not for that, or not now.
        RevocastError: the first one is gone.
    """
    with signer.ledger.signing():
        with signer.ledger.read() as connection:
            first = issued.last_stored(connection, spec.part)
            done = _done(connection, spec, first, intact) if first else []
            begun = {row.name for row in issued.signed_ahead(connection, first)} if first else set()
        if first is None:
            raise RevocastError("is gone: a series has none to begin with", where=str(spec))
        _take_out(signer, begun - {row.name for row in done})
        wanted = begins(spec, first.this_update)[len(done) :]
        entries = list(crlbytes.entries(_read(signer, first))) if wanted else []
        done += [_sign(signer, profile, spec, first, begin, entries, at) for begin in wanted]
    return [row.name for row in done]


def _done(connection: Connection, spec: CRLSpec, first: Issued, intact: Intact) -> list[Issued]:
    """Those behind the first that were signed and are there, as far as they follow on each other."""
    found: list[Issued] = []
    wanted = begins(spec, first.this_update)
    for row in issued.signed_ahead(connection, first):
        if len(found) < len(wanted) and row.this_update == wanted[len(found)] and intact(row):
            found.append(row)
    return found


def _take_out(signer: Signer, names: set[str]) -> None:
    """One whose number is too low by now, since one before it had to be signed again."""
    for stored in signer.exchange.list():
        if stored.name in names:
            signer.exchange.remove(stored.name)


def _read(signer: Signer, row: Issued) -> bytes:
    with signer.exchange.open(row.name) as source:
        reader = BundleReader(row.name, source)
        return reader.content(reader.manifest.entries[0])


def _sign(
    signer: Signer,
    profile: IssuerProfile,
    spec: CRLSpec,
    first: Issued,
    begin: datetime,
    entries: list[bytes],
    at: datetime,
) -> Issued:
    """One of them, from its number to its bundle; the number is recorded before it is signed."""
    issuer, lasts = spec.issuer, first.next_update - first.this_update
    key = signer.keyring.key_of(issuer, Purpose.CRL)
    with tempfile.TemporaryFile(prefix="revocast-") as file:
        with signer.ledger.write() as connection:
            key.permit(connection, Use(lasts=lasts, for_revocation=True, begins=begin), at)
            row = issued.reserve(
                connection,
                issuer,
                spec.part,
                base_revision=0,
                revision=first.revision,
                this_update=begin,
                next_update=begin + lasts,
                hashes=spec.form,
                departed=first.departed,
                ahead_of=first,
            )
            kept_since = departures.swept_until(connection, issuer) if profile.crl.keep_expired else None
            frame = crl.CRLFrame(spec, row.crl_number or 0, begin, begin + lasts, kept_since)
            lint_crl(frame, begin)
            before, after = crl.around(frame, sum(map(len, entries)), key.algorithm_identifier)
            tbs = write_tbs(file, (before, *entries, after))
            what = {"crl": spec.label, "crl_number": str(row.crl_number), "entries": len(entries)}
            what |= {"revision": row.revision, "bundle": row.name, **row.said_window, "first": first.name}
            digest = tbs.digest("sha256").hex()
            audit.record_signing(connection, at, "sign crl", issuer.id, key, Purpose.CRL, **what, tbs_sha256=digest)
        with given_back(signer.ledger, key):
            place, size = enclose(file, tbs, key.algorithm_identifier, key.sign(tbs))
        selfcheck.check_crl(file, place, issuer.public_key_info, row.crl_number or 0)
        sha256 = FileTBS(file, place, size).digest("sha256").hex()
        put_bundle(signer, row, [File(spec.path, file, place, size, sha256, 1)], len(entries))
    return row
