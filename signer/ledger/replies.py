"""Replies to messages that changed facts: an id is answered once, and ever after with the same words."""

import hashlib
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from revocation.clock import from_epoch
from revocation.errors import Refused
from revocation.messages import Message, Reply
from signer.ledger.schema import replies

_NEVER: Final = from_epoch(0)
_FIND: Final = select(replies).where(replies.c.message == bindparam("id"))
_KEEP: Final = insert(replies)


def earlier_reply(connection: Connection, message: Message) -> Reply | None:
    """What was replied to this very message before, if anything.

    Raises:
        Refused: the id was used for another message.
    """
    row = connection.execute(_FIND, {"id": message.id}).one_or_none()
    if row is None:
        return None
    if row.digest != digest_of(message):
        raise Refused("this id was used for another message", where=f"message {message.id}", advice="take a new id")
    return Reply.model_validate_json(row.reply)


def keep_reply(connection: Connection, message: Message, reply: Reply) -> None:
    """Remember the reply in the transaction that did what was asked."""
    values = {"message": message.id, "digest": digest_of(message), "reply": reply.model_dump_json()}
    connection.execute(_KEEP, values)


def digest_of(message: Message) -> str:
    """SHA-256 of the content that the id stands for: who asked for what, whenever it was composed."""
    asked = message.model_copy(update={"signature": None, "issued_at": _NEVER, "expires_at": _NEVER})
    return hashlib.sha256(asked.signed_bytes()).hexdigest()
