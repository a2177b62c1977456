"""What who asked for a certificate is told: the certificate too, which the ledger keeps once."""

import base64
from datetime import datetime

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.errors import RevocastError
from revocation.messages import Outcome, Reply
from signer.keys.limits import LimitReached, NotNow
from signer.ledger import issuances
from signer.refusal import refused


def with_certificate(connection: Connection, reply: Reply) -> Reply:
    """A reply that is remembered, with the certificate as base64 of its DER."""
    der = issuances.certificate_of(connection, reply.issuer or "", serials.from_hex(reply.data["serial"]))
    return carrying(reply, der)


def carrying(reply: Reply, der: bytes) -> Reply:
    """The same, where it is at hand."""
    return reply.model_copy(update={"data": {**reply.data, "certificate": base64.b64encode(der).decode()}})


def again(refusal: Reply) -> Reply:
    """A refusal that is remembered: it is not thought over."""
    return refusal.model_copy(update={"advice": "this id was refused before and stays so: ask with a new one"})


def not_done(message_id: str, error: RevocastError, now: datetime) -> Reply:
    """Why nothing was issued, which is not remembered; `retry_at` says when it can be, where that is known."""
    reply = refused(message_id, error, now)
    if isinstance(error, LimitReached):
        reply = reply.model_copy(update={"outcome": Outcome.REFUSED})
    return reply.model_copy(update={"data": {"retry_at": iso(error.again_at)}}) if isinstance(error, NotNow) else reply
