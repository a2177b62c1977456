"""Pre-signing the OCSP responses of a slice: all of its live certificates, or those that changed since a revision."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation import der
from revocation.certid import CertID
from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from revocation.part import Part
from signer import selfcheck
from signer.delegates import Delegate, delegates
from signer.encoding.ocsp import ResponseTemplate
from signer.keys import BytesTBS
from signer.ledger import audit, dates, facts, issued
from signer.ledger.issued import Issued
from signer.produce import File, put_bundle
from signer.signer import Signer

_CHUNK: Final = 8192
"""Responses per file of a bundle: some megabytes."""


def presign(signer: Signer, profile: IssuerProfile, part: Part, base_revision: int, clock: Clock) -> Issued:
    """Sign the responses of a slice and put them into the exchange; `base_revision` 0 means all of them.

    Raises:
        KeyUnavailable: there is no responder certificate that is valid now, or its key is gone.
        TooEarly: they would not be later than those before, or than what they say was revoked.
    """
    with signer.ledger.write() as connection:
        now = clock()
        responder = _delegate(connection, signer, profile.issuer, now)
        row, template, batch = _snapshot(connection, profile, part, base_revision, responder, now)
    signatures = responder.key.sign_many([BytesTBS(tbs) for tbs in batch])
    responses = [template.assemble(tbs, signature) for tbs, signature in zip(batch, signatures, strict=True)]
    put_bundle(signer, row, _chunks(part, responses, responder), len(responses))
    return row


def _snapshot(
    connection: Connection,
    profile: IssuerProfile,
    part: Part,
    base_revision: int,
    responder: Delegate,
    now: datetime,
) -> tuple[Issued, ResponseTemplate, list[bytes]]:
    """What the slice says, read with its revision in one transaction; nothing outlives the delegate or the issuer."""
    issuer = profile.issuer
    dates.require_passed(connection, issuer, now)
    issued.require_later(connection, part, now)
    row = issued.reserve(
        connection,
        issuer,
        part,
        base_revision=base_revision,
        revision=facts.revision_of(connection, issuer),
        this_update=now,
        next_update=min(now + profile.compliance.lasting(profile.ocsp.expires), responder.not_after, issuer.not_after),
        slices=profile.ocsp.slices,
        hashes=" ".join(hash_.value for hash_ in profile.ocsp.hashes),
    )
    hashes = facts.slice_hashes(part.slice, profile.ocsp.slices)
    template = _template(responder, row)
    certificates = facts.live_certificates(connection, issuer, hashes, now, after_revision=base_revision)
    batch = list(_to_be_signed(template, profile, certificates))
    what = {"slice": part.slice, "responses": len(batch), "base_revision": base_revision, "revision": row.revision}
    digest = hashlib.sha256(b"".join(hashlib.sha256(tbs).digest() for tbs in batch)).hexdigest()
    audit.record(connection, now, "sign ocsp", issuer.id, bundle=row.name, batch_sha256=digest, **what)
    return row, template, batch


def _to_be_signed(
    template: ResponseTemplate, profile: IssuerProfile, certificates: Iterable[facts.Certificate]
) -> Iterable[bytes]:
    for certificate in certificates:
        for hash_ in profile.ocsp.hashes:
            cert_id = CertID.of(profile.issuer, certificate.serial, hash_)
            yield template.encode_tbs(cert_id, certificate.revocation)


def _template(responder: Delegate, row: Issued) -> ResponseTemplate:
    return ResponseTemplate(
        der.public_key_octets(responder.key.public_key_info),
        responder.certificate,
        responder.key.algorithm_identifier,
        row.this_update,
        row.next_update,
    )


def _delegate(connection: Connection, signer: Signer, issuer: Issuer, now: datetime) -> Delegate:
    found = next(delegates(connection, signer.responder_keys, issuer, now), None)
    if found is None:
        raise KeyUnavailable(
            "has no OCSP responder that can sign now",
            where=f"issuer {issuer.name}",
            advice="`revocast generate-ocsp-keys` makes one; it needs the CA key",
        )
    return found


def _chunks(part: Part, responses: Sequence[bytes], responder: Delegate) -> list[File]:
    files = []
    for start in range(0, len(responses), _CHUNK):
        chunk = responses[start : start + _CHUNK]
        selfcheck.check_response(random.choice(chunk), responder.key.public_key_info)  # noqa: S311 - a sample, no secret
        path = f"ocsp/{part.issuer}/{part.label}-{start // _CHUNK:05d}.ders"
        files.append(File.of(path, b"".join(chunk), len(chunk)))
    return files
