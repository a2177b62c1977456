"""The real signer behind the registrar: messages that its key signed are handed over in place of a queue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from registrar.issuance import SignerIssuance
from revocation.clock import fixed
from revocation.messages import Message, Reply
from revocation.wire.claim import Claim
from signer.issuing.issue import issue_together
from tests.signer.issuing.office import Office


@dataclass
class Handed:
    """What `SignerIssuance` needs of a queue."""

    office: Office
    clock: Callable[[], datetime]
    replies: dict[str, Reply] = field(default_factory=dict)

    def claim(self, name: str, owner: str, seconds: int) -> Claim:
        return Claim.NEW

    def send(self, queue: str, message: Message) -> None:
        (reply,) = issue_together(self.office.signer, [message.model_dump_json()], fixed(self.clock()))
        self.replies[message.id] = Reply.model_validate_json(reply.model_dump_json())

    def await_reply(self, id_: str, seconds: float) -> Reply | None:
        return self.replies.get(id_)


def signed_by(office: Office, clock: Callable[[], datetime]) -> SignerIssuance:
    """Issuing by that signer, asked with its operator's key."""
    return SignerIssuance(Handed(office, clock), {"home": office.estate.operator}, clock)
