"""Making a complete CRL: number, revision and snapshot of the facts under one lock; signature, check, bundle."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from revocation.artifacts import Kind, Scope
from revocation.bundle import Part
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.paths import crl_path
from signer import selfcheck
from signer.encoding import crl
from signer.keys import BytesTBS, SigningKey
from signer.ledger import audit, facts, issued
from signer.ledger.issued import Issued
from signer.produce import File, put_bundle
from signer.signer import Signer


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
    with signer.ledger.write() as connection:
        row, tbs, count = _snapshot(connection, signer, profile, scope, key, now)
    data = crl.assemble(tbs, key.algorithm_identifier, key.sign(BytesTBS(tbs)))
    selfcheck.check_crl(data, issuer.public_key_info, row.crl_number or 0)
    put_bundle(signer, row, [File(crl_path(issuer.id, scope), data, 1)], count)
    return row


def _snapshot(
    connection: Connection, signer: Signer, profile: IssuerProfile, scope: Scope, key: SigningKey, now: datetime
) -> tuple[Issued, bytes, int]:
    """Reserve the number and read the facts in one transaction: a higher number contains all that a lower one has."""
    issuer = profile.issuer
    part = Part(issuer=issuer.id, kind=Kind.CRL, scope=scope)
    revision = facts.ensure_issuer(connection, issuer)
    last = issued.stored_since_complete(connection, part)
    row = issued.reserve(
        connection,
        issuer,
        part,
        base_revision=0,
        revision=revision,
        this_update=now,
        next_update=now + profile.crl.expires,
    )
    is_ca = None if scope is Scope.ALL else scope is Scope.CA
    keep = max(profile.crl.expires, profile.ocsp.expires)
    appeared = facts.Appeared(last[0].this_update, last[0].revision, keep) if last else None
    entries = list(facts.crl_entries(connection, issuer, is_ca, appeared))
    url = signer.public.url(crl_path(issuer.id, scope))
    frame = crl.CRLFrame(issuer, scope, row.crl_number or 0, now, row.next_update, url)
    tbs = crl.encode_tbs(frame, entries, key.algorithm_identifier)
    digest = hashlib.sha256(tbs).hexdigest()
    what = {"scope": str(scope), "crl_number": str(row.crl_number), "entries": len(entries), "tbs_sha256": digest}
    audit.record(connection, now, "sign crl", issuer.id, revision=revision, bundle=row.name, **what)
    return row, tbs, len(entries)
