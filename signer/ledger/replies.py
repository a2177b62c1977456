"""Replies to messages that changed facts: an id is answered once, and ever after with the same words."""

from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from revocation.errors import Refused
from revocation.messages import Message, Reply
from signer.ledger.schema import replies

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
    if row.digest != message.content_digest():
        raise Refused("this id was used for another message", where=f"message {message.id}", advice="take a new id")
    return Reply.model_validate_json(row.reply)


def keep_reply(connection: Connection, message: Message, reply: Reply) -> None:
    """Remember the reply in the transaction that did what was asked."""
    values = {"message": message.id, "digest": message.content_digest(), "reply": reply.model_dump_json()}
    connection.execute(_KEEP, values)
