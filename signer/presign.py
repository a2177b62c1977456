"""Pre-signing the OCSP responses of a slice: all of its live certificates, or those that changed since a revision."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from revocation import der
from revocation.bundle import Part
from revocation.certid import CertID
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from signer import selfcheck
from signer.encoding.ocsp import ResponseTemplate
from signer.keys import BytesTBS, SigningKey
from signer.ledger import audit, facts, issued, responders
from signer.ledger.issued import Issued
from signer.produce import File, put_bundle
from signer.signer import Signer

_CHUNK: Final = 8192
"""Responses per file of a bundle: some megabytes."""


@dataclass(frozen=True)
class Responder:
    """Who signs: a delegate's key and certificate."""

    key: SigningKey
    certificate: bytes
    not_after: datetime


def presign(signer: Signer, profile: IssuerProfile, part: Part, base_revision: int, now: datetime) -> Issued:
    """Sign the responses of a slice and put them into the exchange; `base_revision` 0 means all of them.

    Raises:
        KeyUnavailable: there is no responder certificate that is valid now, or its key is gone.
    """
    with signer.ledger.write() as connection:
        responder = _responder(connection, signer, profile.issuer, now)
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
    responder: Responder,
    now: datetime,
) -> tuple[Issued, ResponseTemplate, list[bytes]]:
    """What the slice says, read with its revision in one transaction; nothing outlives the delegate or the issuer."""
    issuer = profile.issuer
    row = issued.reserve(
        connection,
        issuer,
        part,
        base_revision=base_revision,
        revision=facts.revision_of(connection, issuer),
        this_update=now,
        next_update=min(now + profile.ocsp.expires, responder.not_after, issuer.not_after),
        slices=profile.ocsp.slices,
    )
    hashes = facts.slice_hashes(part.slice or 0, profile.ocsp.slices)
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


def _template(responder: Responder, row: Issued) -> ResponseTemplate:
    return ResponseTemplate(
        der.public_key_octets(responder.key.public_key_info),
        responder.certificate,
        responder.key.algorithm_identifier,
        row.this_update,
        row.next_update,
    )


def _responder(connection: Connection, signer: Signer, issuer: Issuer, now: datetime) -> Responder:
    for candidate in responders.with_key(connection, issuer):
        if candidate.not_before <= now < candidate.not_after and signer.responder_keys.exists(candidate.key):
            key = signer.responder_keys.load(candidate.key)
            _require_match(candidate.der, key, issuer)
            return Responder(key, candidate.der, candidate.not_after)
    raise KeyUnavailable(
        f"has no OCSP responder certificate that is valid at {iso(now)}",
        where=f"issuer {issuer.name}",
        advice="`revocast generate-ocsp-keys` makes one; it needs the CA key",
    )


def _require_match(certificate: bytes, key: SigningKey, issuer: Issuer) -> None:
    public = x509.load_der_x509_certificate(certificate).public_key()
    if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != key.public_key_info:
        raise KeyUnavailable("a responder key is not that of its certificate", where=f"issuer {issuer.name}")


def _chunks(part: Part, responses: Sequence[bytes], responder: Responder) -> list[File]:
    files = []
    for start in range(0, len(responses), _CHUNK):
        chunk = responses[start : start + _CHUNK]
        selfcheck.check_response(random.choice(chunk), responder.key.public_key_info)  # noqa: S311 - a sample, no secret
        path = f"ocsp/{part.issuer}/{part.label}-{start // _CHUNK:05d}.ders"
        files.append(File(path, b"".join(chunk), len(chunk)))
    return files
