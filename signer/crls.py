"""Making a complete CRL: number, revision and snapshot of the facts under one lock; signature, check, bundle."""

import hashlib
import logging
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

from sqlalchemy import Connection

from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import Refused
from revocation.issuer import Issuer
from signer import deltas, selfcheck
from signer.ahead import ahead
from signer.departed import tell_departures
from signer.encoding import crl
from signer.expired import require_live
from signer.forbidden import require_allowed_reasons
from signer.keys import FileTBS
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.purpose import Purpose
from signer.ledger import audit, dates, departures, facts, issued, pages, this_updates
from signer.ledger.groups import Selection
from signer.ledger.issued import Issued
from signer.ledger.page import PagesDamaged
from signer.lint import lint_crl
from signer.produce import File, put_bundle
from signer.published import Published
from signer.signer import Signer
from signer.unsigned import given_back

_LOG: Final = logging.getLogger("revocast.signer")
_ROOM: Final = 16
_BATCH: Final = 16
"""Pages that are fetched and verified in one go, while those before them are written: some 700 KB."""


def make_crl(
    signer: Signer, profile: IssuerProfile, spec: CRLSpec, clock: Clock, *, for_revocation: bool = False
) -> Issued:
    """Sign a CRL and put it into the exchange.

    In a burst it would wait for others between any two of its transactions, so it has its turn; not while its key is
    opened, nor for as long as one may take to sign.

    Args:
        for_revocation: whether it is due because a status changed.

    Raises:
        KeyUnavailable: the CA key cannot be used.
        LimitReached: or not for this, or not now.
        Refused: the issuer has expired, or something is revoked for a reason that its rules forbid.
        TooEarly: it would not be later than the one before, or than what it says was revoked.
    """
    issuer = spec.issuer
    require_live(issuer, clock())
    key = signer.keyring.key_of(issuer, Purpose.CRL)
    with signer.ledger.turn() as turn, tempfile.TemporaryFile(prefix="revocast-") as file:
        try:
            taken = _take(signer, profile, spec, key, clock, file, for_revocation=for_revocation)
        except PagesDamaged:
            _LOG.error("%s: the pages of its entries are damaged; they are made again from the facts", spec)
            with signer.ledger.write() as connection:
                pages.forget(connection, issuer)
            taken = _take(signer, profile, spec, key, clock, file, for_revocation=for_revocation)
        row = taken.row
        with given_back(signer.ledger, key):
            signature = turn.await_signature(partial(key.sign, taken.tbs))
        begin, size = enclose(file, taken.tbs, key.algorithm_identifier, signature)
        with ThreadPoolExecutor(1) as beside:
            sha256 = beside.submit(FileTBS(file, begin, size).digest, "sha256")
            selfcheck.check_crl(file, begin, issuer.public_key_info, row.crl_number or 0)
        tell_departures(signer, issuer, clock())
        put_bundle(signer, row, [File(spec.path, file, begin, size, sha256.result().hex(), 1)], taken.count)
    return row


@dataclass(frozen=True)
class _Taken:
    """A CRL before its signature.

    Attributes:
        count: how many entries it has.
    """

    row: Issued
    tbs: FileTBS
    count: int


def _take(
    signer: Signer,
    profile: IssuerProfile,
    spec: CRLSpec,
    key: LimitedKey,
    clock: Clock,
    file: BinaryIO,
    *,
    for_revocation: bool,
) -> _Taken:
    """The number, the time and the facts of a CRL in one transaction, which nobody else can write in."""
    with signer.ledger.write() as connection:
        now = clock()
        bring_up(connection, signer.published, profile, spec, now)
        require_allowed_reasons(connection, profile, spec)
        complete = profile.crls[str(spec.name.complete)]
        base = signer.published.base(connection, complete, now) if spec.name.delta else None
        if spec.name.delta and base is None:
            raise Refused("has no published complete CRL to add to", where=str(spec))
        options = {"keep_expired": profile.crl.keep_expired, "for_revocation": for_revocation}
        return _snapshot(connection, spec, key, now, file, base, **options)


def enclose(file: BinaryIO, tbs: FileTBS, algorithm_identifier: bytes, signature: bytes) -> tuple[int, int]:
    """Write the rest of the CRL around what was signed; where the CRL begins, and its size."""
    before, after = crl.envelope(tbs.size, algorithm_identifier, signature)
    begin = tbs.begin - len(before)
    file.seek(begin)
    file.write(before)
    file.seek(tbs.begin + tbs.size)
    file.write(after)
    file.flush()
    return begin, len(before) + tbs.size + len(after)


def _snapshot(
    connection: Connection,
    spec: CRLSpec,
    key: LimitedKey,
    now: datetime,
    file: BinaryIO,
    base: Issued | None,
    *,
    keep_expired: bool,
    for_revocation: bool,
) -> _Taken:
    """Reserve the number and read the facts in one transaction: a higher number contains all that a lower one has.

    The TBSCertList goes into the file: it may have millions of entries.
    """
    issuer, selection = spec.issuer, Selection.of(spec)
    revision = facts.ensure_issuer(connection, issuer)
    dates.require_passed(connection, issuer, now)
    this_updates.require_later(connection, spec.part, now)
    this_update, next_update = spec.window(now, this_updates.latest_before(connection, spec.part, now))
    use = Use(lasts=next_update - this_update, for_revocation=for_revocation, begins=this_update)
    key.permit(connection, use, now)
    row = issued.reserve(
        connection,
        issuer,
        spec.part,
        base_revision=0,
        revision=revision,
        this_update=this_update,
        next_update=next_update,
        hashes=spec.form,
        departed=departures.newest(connection, issuer),
    )
    count, size, entries = _entries(connection, issuer, selection, base, this_update)
    kept_since = departures.swept_until(connection, issuer) if keep_expired else None
    window = (row.this_update, row.next_update)
    frame = crl.CRLFrame(spec, row.crl_number or 0, *window, kept_since, base.crl_number if base else None)
    lint_crl(frame, now)
    before, after = crl.around(frame, size, key.algorithm_identifier)
    tbs = write_tbs(file, chain((before,), entries, (after,)))
    if tbs.size != len(before) + size + len(after):
        raise selfcheck.SelfCheckFailed(f"CRL {row.crl_number}: the pages of its entries are damaged")
    what = {"crl": spec.label, "crl_number": str(row.crl_number), "entries": count, "revision": revision}
    what |= {"bundle": row.name, **row.said_window, "tbs_sha256": tbs.digest("sha256").hex()}
    audit.record_signing(connection, now, "sign crl", issuer.id, key, Purpose.CRL, **what)
    return _Taken(row, tbs, count)


def _entries(
    connection: Connection, issuer: Issuer, selection: Selection, base: Issued | None, this_update: datetime
) -> tuple[int, int, Iterable[bytes]]:
    """How many entries the CRL has, how many octets they are, and the entries: of a delta those since its base."""
    if base is None:
        return *pages.measure(connection, issuer, selection), pages.entries(connection, issuer, selection)
    changed = deltas.changes(connection, issuer, selection, base, this_update)
    return len(changed), sum(map(len, changed)), changed


def write_tbs(file: BinaryIO, pieces: Iterable[bytes]) -> FileTBS:
    """Write what is to be signed, hashing it on the way; in front of it there is room for what will stand there."""
    digest = hashlib.sha256()
    file.seek(_ROOM)
    with closing(ahead(pieces, _BATCH)) as batches:
        for piece in chain.from_iterable(batches):
            file.write(piece)
            digest.update(piece)
    file.flush()
    return FileTBS(file, _ROOM, file.tell() - _ROOM, {"sha256": digest.digest()})


def bring_up(
    connection: Connection, published: Published, profile: IssuerProfile, spec: CRLSpec, now: datetime
) -> None:
    """Entries of new facts in; those out that every CRL which has them has shown after their certificates' expiry.

    An entry stays until it was on one regularly scheduled CRL past that (RFC 5280 section 3.3), also when the
    certificate expired before its first CRL; and then for the life of a CRL or response. A CRL that was not published
    has shown nothing.
    """
    pages.settle(connection, spec.issuer, now)
    selection = Selection.of(spec)
    sharing = [other for other in profile.complete_crls.values() if selection.overlaps(Selection.of(other))]
    last = [published.last(connection, other.part, now) for other in sharing]
    appeared = [crl for crl in last if crl is not None]
    if profile.crl.keep_expired or len(appeared) < len(sharing):
        return
    keep = max(profile.ocsp.expires, *(other.settings.expires for other in sharing))
    before = min(crl.this_update for crl in appeared) - keep
    pages.sweep(connection, spec.issuer, selection, before, min(crl.revision for crl in appeared), now)
