"""Making a CA certificate: permitted, recorded, signed, checked, and in the ledger before it is handed out."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable, Refused
from revocation.issuer import Issuer
from signer import selfcheck
from signer.auditing.heads import require_uncontradicted
from signer.encoding import ca_certificate
from signer.encoding.ca_certificate import CACertificateFrame
from signer.encoding.crl import assemble
from signer.importers.certificate import serial_of
from signer.importers.entry import ImportEntry
from signer.issuers.brought import parent_here
from signer.issuers.distrust import require_trusted
from signer.issuers.order import Order
from signer.issuers.rules import begin_of, require_allowed
from signer.issuers.subject import shown_name
from signer.issuers.turn import UNSIGNED, require_turn
from signer.keys import BytesTBS
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.purpose import Purpose
from signer.ledger import audit, certified, facts
from signer.shards import shard_of
from signer.signer import Signer
from signer.unsigned import given_back


def certify(
    signer: Signer, order: Order, key: LimitedKey, now: datetime, who: str, agreed: Sequence[str]
) -> x509.Certificate:
    """The certificate that was ordered.

    Args:
        key: of the parent, or of the root itself.
        who: who asks, for the audit log.
        agreed: whose approvals were verified.

    Raises:
        Refused: it may not be certified, or the ledger may have been put back, and it was certified before.
        LimitReached: the key may not sign it.
        KeyUnavailable: the key cannot be used.
    """
    require_allowed(order, now)
    require_uncontradicted(signer)
    frame = frame_of(order, order.window(begin_of(order, now)))
    tbs = ca_certificate.encode_tbs(frame, key.algorithm_identifier)
    certifier = order.certifier
    with signer.ledger.write() as connection:  # recorded before it is signed: no signature is without a record
        require_turn(connection, certifier, order.turn)
        require_trusted(connection, signer, order)
        if order.parent:
            require_unrevoked(connection, signer, order.parent.issuer)
        key.permit(connection, Use(lasts=frame.not_after - frame.not_before), now)
        said = {
            "requester": who,
            "serial": serials.to_hex(frame.serial),
            "subject": shown_name(order.subject),
            "subject_key": order.key_sha256,
            "not_before": iso(frame.not_before),
            "not_after": iso(frame.not_after),
            "order": order.digest,
            "approvals": list(agreed),
            "tbs_sha256": hashlib.sha256(tbs).hexdigest(),
        }
        certified.note(connection, certifier.id, frame.serial)
        act = certified.SIGNED
        audit.record_signing(connection, now, act, certifier.id, key, Purpose.CA_CERTIFICATE, **said)
    data = assemble(tbs, key.algorithm_identifier, _signature(signer, order, key, tbs, now, who))
    selfcheck.check_certificate(data, certifier.public_key_info)
    if order.parent:
        _register(signer, order.parent, frame, data)
    return x509.load_der_x509_certificate(data)


def _signature(signer: Signer, order: Order, key: LimitedKey, tbs: bytes, now: datetime, who: str) -> bytes:
    """Made with the key; where that cannot be used it is recorded, and the order is still to be carried out."""
    try:
        with given_back(signer.ledger, key):
            return key.sign(BytesTBS(tbs))
    except KeyUnavailable:
        said = {"requester": who, "serial": serials.to_hex(order.serial), "order": order.digest}
        with signer.ledger.write() as connection:
            audit.record(connection, now, UNSIGNED, order.certifier.id, **said)
        raise


def subject_key_identifier(ca: Issuer) -> bytes:
    """As in the certificates that it has, for what it issued names it so; else SHA-1 of the key (RFC 5280 4.2.1.2)."""
    if ca.certificates:
        return ca.key_identifier
    return hashlib.sha1(ca.key_octets, usedforsecurity=False).digest()


def frame_of(order: Order, window: tuple[datetime, datetime]) -> CACertificateFrame:
    """What the certificate that was ordered says."""
    own = subject_key_identifier(order.ca)
    issuer = order.certifier
    return CACertificateFrame(
        order.serial,
        issuer.subject,
        issuer.key_identifier if order.parent else own,
        order.ca.subject,
        order.ca.public_key_info,
        own,
        *window,
        order.profile,
        order.places,
    )


def require_unrevoked(connection: Connection, signer: Signer, parent: Issuer) -> None:
    """Return unless a ledger here says that the newest certificate of who is to certify is revoked.

    Raises:
        Refused: it does: relying parties refuse the chain.
    """
    newest = parent.certificates[0]
    above = parent_here(signer.public, newest)
    known = facts.find(connection, above.issuer, serial_of(newest)) if above else None
    if known is not None and known.revocation is not None:
        raise Refused(
            f"its certificate {serials.to_hex(known.serial)} is revoked since {iso(known.revocation.revoked_at)}",
            where=f"issuer {parent.name}",
            advice="give it another, where its key is still trusted: `revocast issuer renew`",
        )


def _register(signer: Signer, parent: IssuerProfile, frame: CACertificateFrame, data: bytes) -> None:
    """Have the ledger of the parent know it, so that it is answered for and can be revoked."""
    entry = ImportEntry(frame.serial, frame.not_after, True, None, data, "the certificate that was made")
    shard = shard_of(parent, entry).number
    with signer.ledger.write() as connection:
        facts.ensure_issuer(connection, parent.issuer)
        facts.register(
            connection, parent.issuer, frame.serial, not_after=frame.not_after, is_ca=True, der=data, shard=shard
        )
