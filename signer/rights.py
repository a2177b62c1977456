"""Who may ask for what: facts are changed by messages that a requester with the right has signed."""

from datetime import datetime, timedelta
from typing import Final

from revocation.clock import iso
from revocation.durations import show
from revocation.errors import Refused
from revocation.issuer import Issuer
from revocation.messages import Message, verify_signature
from revocation.refusalkind import RefusalKind
from signer.config import Requester, SignerConfig
from signer.refusal import refused_as

_SKEW: Final = timedelta(minutes=5)
_LONGEST_LIFE: Final = timedelta(days=31)
_TABLE: Final = "[[signer.requesters]], where the signer runs"
_LONGEST_UNSIGNED: Final = timedelta(minutes=15)


@refused_as(RefusalKind.LATER)
def require_current(message: Message, now: datetime) -> None:
    """Return if the message is neither expired nor from the future.

    Raises:
        Refused: it is.
    """
    where = f"message {message.id}"
    if now >= message.expires_at:
        raise Refused(f"expired at {iso(message.expires_at)}", where=where, advice="send a new one")
    if message.issued_at > now + _SKEW:
        raise Refused(f"is dated {iso(message.issued_at)}, in the future", where=where, advice="set the clocks right")
    longest = _LONGEST_LIFE if message.verb.changes_facts else _LONGEST_UNSIGNED
    if message.expires_at - message.issued_at > longest:
        raise Refused(f"lives for more than {show(longest)}", where=where, advice="let it expire sooner")


def authorize(config: SignerConfig, message: Message, issuer: Issuer) -> Requester:
    """The requester of a message, if it may ask this of this issuer.

    Raises:
        Refused: unknown requester, no such right, unsigned or wrongly signed.
    """
    requester = authenticate(config, message)
    require_right(requester, message, issuer)
    return requester


@refused_as(RefusalKind.REQUESTER)
def authenticate(config: SignerConfig, message: Message) -> Requester:
    """The requester who signed a message. It costs 0.1 ms, and comes before everything that costs more.

    Raises:
        Refused: unknown requester, unsigned or wrongly signed.
    """
    where = f"message {message.id}"
    if message.requester is None:
        raise Refused("is not signed", where=where, advice=f"{message.verb} changes facts: sign it as one of {_TABLE}")
    requester = next((r for r in config.requesters if r.name == message.requester), None)
    if requester is None:
        raise Refused(f"requester {message.requester!r} is not known", where=where, advice=f"see {_TABLE}")
    verify_signature(message, requester.public_key)
    return requester


@refused_as(RefusalKind.REQUESTER)
def require_right(requester: Requester, message: Message, issuer: Issuer) -> None:
    """Return if a requester may ask this of this issuer.

    Raises:
        Refused: it may not.
    """
    where = f"message {message.id}"
    if message.verb not in requester.verbs:
        advice = f"ask as one who may, or add it to the `verbs` of {requester.name!r} in {_TABLE}"
        raise Refused(f"requester {requester.name!r} may not {message.verb}", where=where, advice=advice)
    if "*" not in requester.issuers and issuer.name not in requester.issuers:
        advice = f"ask as one who has, or add it to the `issuers` of {requester.name!r} in {_TABLE}"
        raise Refused(f"requester {requester.name!r} has no right for issuer {issuer.name}", where=where, advice=advice)
