"""Which queue a message goes into. What changes facts waits behind nothing that anybody may ask for unsigned."""

from typing import Final

from revocation.messages import Verb

SIGNER_QUEUE: Final = "signer"
"""Signed messages to the signer, worked off first."""
LOOKS_QUEUE: Final = "signer.looks"
"""Unsigned ones, worked off when there is no signed one."""
PUBLISHER_QUEUE: Final = "publisher"


def queue_of(verb: Verb) -> str:
    """The name of the queue whose worker does that."""
    if verb is Verb.PUBLISH:
        return PUBLISHER_QUEUE
    return SIGNER_QUEUE if verb.changes_facts else LOOKS_QUEUE
