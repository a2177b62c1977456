"""The messages of a request that this machine does not do: all of them in one refusal, so that people decide once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from revocation.clock import iso
from revocation.errors import Refused, RevocastError
from revocation.messages import Verb
from revocation.visible import visible
from signer.ceremony.request import Asked

_MOST: Final = 20


@dataclass(frozen=True)
class Declined:
    """A message, and why it is not done.

    Attributes:
        before: the message before it about the same certificate, on which it cannot follow.
    """

    asked: Asked
    error: RevocastError
    before: Asked | None = None

    @property
    def words(self) -> str:
        """What it is, and why not."""
        message = self.asked.message
        what = f"{message.verb} of {visible(message.requester or 'nobody')}, which the online ledger did at"
        return f"{what} {iso(self.asked.recorded_at)}, is refused here: {self.error.what}"

    @property
    def where(self) -> str:
        """Which one."""
        return self.error.where or f"message {self.asked.message.id}"


class CannotFollow(Refused):
    """What is asked for cannot follow on how the certificate stands."""


def of(asked: Asked, error: RevocastError, before: Sequence[Asked], declined: Sequence[Declined]) -> Declined:
    """A message that is not done, and what of those before it, which are not done for good, may be left out instead.

    A release that was declined follows on once what stands in its way is left out, and so may what comes after it.

    Args:
        declined: those of them that are not done either.
    """
    if not isinstance(error, CannotFollow):
        return Declined(asked, error)
    same = next((one for one in reversed(before) if _about(one) == _about(asked)), None)
    own = next((one for one in declined if same is not None and one.asked.message.id == same.message.id), None)
    in_the_way = own.before if own and own.asked.message.verb is Verb.RELEASE else None
    return Declined(asked, error, in_the_way or same)


def _about(asked: Asked) -> tuple[object, object]:
    body = asked.message.body
    return body.get("issuer"), body.get("serial")


def require_none(declined: Sequence[Declined]) -> None:
    """Return if there is none.

    Raises:
        Refused: there are some: which, why, and the options that hold the ceremony without them.
    """
    if not declined:
        return
    one, *others = declined
    without = without_them(each.asked for each in declined)
    advice = [*dict.fromkeys(each.error.advice for each in declined[:_MOST] if each.error.advice)]
    it = "them" if others else "it"
    again = f"and so does `revocast ceremony accept` online: then ask for {it} again there, with new messages"
    advice.append("nothing was recorded or signed")
    if any(each.before for each in declined):
        instead = without_them(each.before or each.asked for each in declined)
        advice.append(
            f"{instead} holds the ceremony with what was asked for again, where a ceremony before left out what stands "
            "in its way"
        )
    advice.append(f"{without} holds the ceremony without {it}, {again}")
    if not others:
        raise Refused(one.words, where=one.where, advice="; ".join(advice)) from one.error
    lines = [f"{each.where}: {each.words}" for each in declined[:_MOST]]
    lines += [f"and {len(declined) - _MOST} more"] if len(declined) > _MOST else []
    raise Refused(
        "\n  ".join([f"{len(declined)} of its messages are refused here:", *lines]),
        where="the request",
        advice="; ".join(advice),
    ) from one.error


def without_them(messages: Iterable[Asked]) -> str:
    """The options that leave messages out."""
    return " ".join(dict.fromkeys(f"--leave-out {asked.message.id}" for asked in messages))
