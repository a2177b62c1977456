"""What people at a ceremony say of single messages of its request: this one is left out, that one may come late.

Who holds the online machine can keep a message back and bring it when something else was done since: a revocation
after the release of a hold. So a message is refused that the ceremony before should have had, unless people say that
it is right. Until when it could be recorded its requester signed; when it was is the online ledger's word.
"""

from collections.abc import Collection

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.errors import Refused
from revocation.visible import visible
from signer.ceremony.request import Asked, Request
from signer.ceremony.transcript import Try
from signer.ledger import ceremonies, replies
from signer.ledger.ceremonies import Step


def require_exemptions(connection: Connection, request: Request) -> None:
    """Return if people can say that of those messages.

    Raises:
        Refused: the request lacks one, or it was done already, or the ceremony had begun without.
    """
    has = {asked.message.id: asked for asked in request.messages}
    begun = ceremonies.of_request(connection, Step.BEGUN, request.digest)
    if begun is not None:
        _require_same(request, Try.model_validate(begun.detail))
        return
    for id_ in sorted(request.left_out | request.late):
        where = f"message {visible(id_)}"
        if id_ not in has:
            raise Refused("is not in the request", where=where, advice="take its id from what was refused")
        if id_ in request.left_out and replies.earlier_reply(connection, has[id_].message) is not None:
            raise Refused(
                "was done at an earlier ceremony, and cannot be left out",
                where=where,
                advice="a hold can be released; any other revocation is final",
            )


def require_in_time(connection: Connection, asked: Asked, request: Request) -> None:
    """Return if no ceremony before should have had a message that is not done yet, or people say that it is right.

    A request was made before its ceremony, whatever the online clock said.

    Raises:
        Refused: one should.
    """
    last = ceremonies.last(connection, Step.SIGNED)
    message = asked.message
    if last is None or message.id in request.late or message.id in left_out_before(connection):
        return
    made_at = min(last.made_at, last.at)
    if asked.recorded_at >= made_at and message.expires_at > made_at:
        return
    raise Refused(
        f"was recorded at {iso(asked.recorded_at)} and could be until {iso(message.expires_at)}, and the request of "
        f"the last ceremony was made at {iso(made_at)}: it should have had it",
        where=f"message {message.id}",
        advice=f"somebody may have kept it back until something else was done: ask {visible(message.requester or '')}; "
        f"where it is right, --late {message.id}",
    )


def in_words(asked: Asked) -> str:
    """A message that is left out, for people."""
    message = asked.message
    what = " ".join(visible(str(message.body[name])) for name in ("serial", "source") if name in message.body)
    who = visible(message.requester or "nobody")
    return f"LEFT OUT: {message.verb} {what} of {who}, recorded at {iso(asked.recorded_at)} (message {message.id})"


def left_out_before(connection: Connection) -> Collection[str]:
    """The messages that ceremonies of this ledger left out."""
    held = ceremonies.all_of(connection, Step.SIGNED)
    return {id_ for one in held for id_ in one.detail.get("left_out", ())}


def _require_same(request: Request, begun: Try) -> None:
    """Return if nothing is to be left out but what was left out when it began: the rest is done."""
    if more := request.left_out - set(begun.left_out):
        raise Refused(
            f"this ceremony began at {iso(begun.at)}, and did what the message asks for",
            where=f"message {visible(min(more))}",
            advice="go on without --leave-out for it",
        )
