"""What a ledger says of a certificate, and what a signer says of a message that it refuses."""

from datetime import datetime

from revocation import serials
from revocation.clock import fixed
from revocation.messages import Message, Outcome
from signer.handle import handle_text
from signer.ledger import facts
from signer.signer import Signer
from tests.authority import NOW


def is_revoked(signer: Signer, number: int) -> bool:
    """Whether the ledger knows a certificate as revoked."""
    (profile,) = signer.public.profiles.values()
    with signer.ledger.read() as connection:
        found = facts.find(connection, profile.issuer, serials.from_int(number))
    return found is not None and found.revocation is not None


def refusal(signer: Signer, message: Message, now: datetime = NOW) -> str:
    """The words of a refusal, after which nothing is revoked."""
    reply = handle_text(signer, message.model_dump_json(), fixed(now))
    assert reply.outcome is Outcome.REFUSED
    assert not any(is_revoked(signer, number) for number in (1, 2, 3))
    return reply.detail
