"""Making a complete CRL: number, revision and snapshot of the facts under one lock; signature, check, bundle."""

import hashlib
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import BinaryIO, Final

from sqlalchemy import Connection

from revocation.artifacts import Kind, Scope
from revocation.bundle import Part
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.paths import crl_path
from signer import selfcheck
from signer.encoding import crl
from signer.keys import FileTBS, SigningKey
from signer.ledger import audit, facts, issued, pages
from signer.ledger.issued import Issued
from signer.produce import File, put_bundle
from signer.signer import Signer

_ROOM: Final = 16


def make_crl(signer: Signer, profile: IssuerProfile, scope: Scope, now: datetime) -> Issued:
    """Sign the CRL of one scope and put it into the exchange.

    Raises:
        KeyUnavailable: the CA key cannot be used.
        Refused: the issuer has expired.
    """
    issuer = profile.issuer
    if now >= issuer.not_after:
        raise Refused(f"has expired at {iso(issuer.not_after)}: it signs no more CRLs", where=f"issuer {issuer.name}")
    key = signer.keyring.key_of(issuer)
    with tempfile.TemporaryFile(prefix="revocast-") as file:
        with signer.ledger.write() as connection:
            row, tbs, count = _snapshot(connection, signer, profile, scope, key, now, file)
        begin, size = _enclose(file, tbs, key)
        with ThreadPoolExecutor(1) as beside:
            sha256 = beside.submit(FileTBS(file, begin, size).digest, "sha256")
            selfcheck.check_crl(file, begin, issuer.public_key_info, row.crl_number or 0)
        path = crl_path(issuer.id, scope)
        put_bundle(signer, row, [File(path, file, begin, size, sha256.result().hex(), 1)], count)
    return row


def _enclose(file: BinaryIO, tbs: FileTBS, key: SigningKey) -> tuple[int, int]:
    """Sign what is to be signed, and write the rest of the CRL around it; where the CRL begins, and its size."""
    before, after = crl.envelope(tbs.size, key.algorithm_identifier, key.sign(tbs))
    begin = tbs.begin - len(before)
    file.seek(begin)
    file.write(before)
    file.seek(tbs.begin + tbs.size)
    file.write(after)
    file.flush()
    return begin, len(before) + tbs.size + len(after)


def _snapshot(
    connection: Connection,
    signer: Signer,
    profile: IssuerProfile,
    scope: Scope,
    key: SigningKey,
    now: datetime,
    file: BinaryIO,
) -> tuple[Issued, FileTBS, int]:
    """Reserve the number and read the facts in one transaction: a higher number contains all that a lower one has.

    The TBSCertList goes into the file: it may have millions of entries.
    """
    issuer = profile.issuer
    part = Part(issuer=issuer.id, kind=Kind.CRL, scope=scope)
    revision = facts.ensure_issuer(connection, issuer)
    row = issued.reserve(
        connection,
        issuer,
        part,
        base_revision=0,
        revision=revision,
        this_update=now,
        next_update=now + profile.crl.expires,
    )
    _bring_up(connection, profile, now)
    is_ca = None if scope is Scope.ALL else scope is Scope.CA
    count, size = pages.measure(connection, issuer, is_ca)
    url = signer.public.url(crl_path(issuer.id, scope))
    frame = crl.CRLFrame(issuer, scope, row.crl_number or 0, now, row.next_update, url)
    before, after = crl.around(frame, size, key.algorithm_identifier)
    tbs = _write(file, chain((before,), pages.entries(connection, issuer, is_ca), (after,)))
    if tbs.size != len(before) + size + len(after):
        raise selfcheck.SelfCheckFailed(f"CRL {row.crl_number}: the pages of its entries are damaged")
    what = {"scope": str(scope), "crl_number": str(row.crl_number), "entries": count}
    digest = tbs.digest("sha256").hex()
    audit.record(connection, now, "sign crl", issuer.id, revision=revision, bundle=row.name, tbs_sha256=digest, **what)
    return row, tbs, count


def _write(file: BinaryIO, pieces: Iterable[bytes]) -> FileTBS:
    """Write what is to be signed, hashing it on the way; in front of it there is room for what will stand there."""
    digest = hashlib.sha256()
    file.seek(_ROOM)
    for piece in pieces:
        file.write(piece)
        digest.update(piece)
    file.flush()
    return FileTBS(file, _ROOM, file.tell() - _ROOM, {"sha256": digest.digest()})


def _bring_up(connection: Connection, profile: IssuerProfile, now: datetime) -> None:
    """Entries of new facts in; those out that were on a CRL of every scope after their certificates had expired.

    An entry stays until it was on one regularly scheduled CRL past that (RFC 5280 section 3.3), also when the
    certificate expired before its first CRL; and then for the life of a CRL or response, in which one that was
    scheduled has been published.
    """
    issuer = profile.issuer
    pages.settle(connection, issuer, now)
    parts = [Part(issuer=issuer.id, kind=Kind.CRL, scope=Scope(scope)) for scope in profile.crl.scopes]
    last = [next(iter(issued.stored_since_complete(connection, part)), None) for part in parts]
    appeared = [crl for crl in last if crl is not None]
    if len(appeared) < len(parts):
        return
    keep = max(profile.crl.expires, profile.ocsp.expires)
    oldest = min(crl.this_update for crl in appeared)
    pages.sweep(connection, issuer, oldest - keep, min(crl.revision for crl in appeared), now)
