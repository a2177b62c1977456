"""Issuing: decided and recorded, then signed, then handed out. Each id is answered once, whatever fails in between.

1. In one transaction: the serial is assigned, the certificate registered, what is to be signed kept under the message's
   id, the signature counted and in the audit log.
2. Outside of any transaction, since keys may be slow or hang: it is signed. A crash here loses a signature that nobody
   saw; who asks again gets the same certificate, signed anew.
3. In one transaction: certificate and reply are stored. Only then the reply leaves.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import Clock
from revocation.errors import RevocastError
from revocation.messages import Message, Reply, parse_message
from signer import selfcheck
from signer.change import asked_of
from signer.encoding.crl import assemble
from signer.issuing.answer import carrying, not_done
from signer.issuing.prepare import Keys, Prepared, prepare
from signer.issuing.reserve import Reserved, reserve
from signer.ledger import audit, issuances, replies
from signer.refusal import NO_ID
from signer.signer import Signer
from signer.unsigned import given_back

_LOG: Final = logging.getLogger("revocast.signer")


@dataclass(frozen=True)
class _Signed:
    """What the key signed, and nobody has yet."""

    reserved: Reserved
    der: bytes

    @property
    def message(self) -> Message:
        return self.reserved.prepared.asked.message


def issue_together(
    signer: Signer, texts: Sequence[str], clock: Clock, registered: Callable[[], None] = lambda: None
) -> list[Reply]:
    """The replies to messages that came at the same time, in their order: two transactions, and a batch for each key.

    Never raises for what a text says: one that is refused changes nothing about the others.

    Args:
        registered: called when there are new certificates in the ledger, before they are signed.

    Raises:
        LedgerUnavailable: the ledger cannot be written: the same messages may be asked again.
    """
    keys = Keys(signer)
    prepared = [_prepared(signer, text, keys, clock) for text in texts]
    with signer.ledger.write() as connection:
        signer.stolen.read_on(connection)
        begun = [one if isinstance(one, Reply) else _reserved(connection, signer, one, clock) for one in prepared]
    reserved = [one for one in begun if isinstance(one, Reserved)]
    if not reserved:
        return [one for one in begun if isinstance(one, Reply)]
    registered()
    signed = _sign(signer, reserved, clock)
    with signer.ledger.write() as connection:
        now = clock()
        done = {id_: _finish(connection, one, now) if isinstance(one, _Signed) else one for id_, one in signed.items()}
    return [done[one.prepared.asked.message.id] if isinstance(one, Reserved) else one for one in begun]


def _prepared(signer: Signer, text: str, keys: Keys, clock: Clock) -> Prepared | Reply:
    id_ = NO_ID
    try:
        message = parse_message(text)
        id_ = message.id
        return prepare(signer, asked_of(signer, message), keys, clock())
    except RevocastError as error:
        return not_done(id_, error, clock())
    except Exception as error:  # what somebody thought up is no reason to do nothing of the others, or to call it ill
        _LOG.exception("message %s could not be prepared", id_)
        what = f"this message could not be done: {type(error).__name__}"
        return not_done(id_, RevocastError(what, where="signer", advice="see the signer's log, and report it"), clock())


def _reserved(connection: Connection, signer: Signer, prepared: Prepared, clock: Clock) -> Reply | Reserved:
    try:
        return reserve(connection, signer, prepared, clock())
    except RevocastError as error:
        return not_done(prepared.asked.message.id, error, clock())


def _sign(signer: Signer, reserved: Sequence[Reserved], clock: Clock) -> dict[str, _Signed | Reply]:
    """By message id what was signed, or why it was not; what one key cannot sign keeps no other from it."""
    done: dict[str, _Signed | Reply] = {}
    for _, group in groupby(sorted(reserved, key=lambda one: id(one.key)), key=lambda one: id(one.key)):
        batch = list(group)
        try:
            signed = _signed(signer, batch)
        except RevocastError as error:
            failed = [one.prepared.asked.message.id for one in batch]
            done |= {id_: not_done(id_, error, clock()) for id_ in failed}
        else:
            done |= {one.message.id: one for one in signed}
    return done


def _signed(signer: Signer, batch: Sequence[Reserved]) -> list[_Signed]:
    key = batch[0].key
    tbs = [one.unsigned.tbs for one in batch]
    with given_back(signer.ledger, key):
        signatures = key.sign_many(tbs)
    made = []
    for one, signature in zip(batch, signatures, strict=True):
        der = assemble(one.unsigned.tbs, key.algorithm_identifier, signature)
        selfcheck.check_certificate(der, one.prepared.asked.profile.issuer.public_key_info)
        made.append(_Signed(one, der))
    return made


def _finish(connection: Connection, signed: _Signed, now: datetime) -> Reply:
    """Store the certificate and the reply; where another process was faster, its own are what counts."""
    message, unsigned = signed.message, signed.reserved.unsigned
    der = issuances.put_certificate(connection, message.id, unsigned, signed.der)
    if der is signed.der:
        said = {
            "message": message.id,
            "serial": serials.to_hex(unsigned.serial),
            "certificate_sha256": hashlib.sha256(der).hexdigest(),
        }
        audit.record(connection, now, "issue", unsigned.issuer, requester=message.requester, outcome="done", **said)
        replies.keep_reply(connection, message, unsigned.reply)
    return carrying(unsigned.reply, der)
