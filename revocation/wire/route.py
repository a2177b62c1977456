"""Which queue a message goes into. What changes facts waits behind nothing that anybody may ask for unsigned."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from revocation.messages import Verb

SIGNER_QUEUE: Final = "signer"
"""Signed messages to the signer, worked off first."""
ISSUES_QUEUE: Final = "signer.issues"
"""Signed messages that ask for certificates: what waits for a key here keeps no revocation waiting."""
REGISTRARS_QUEUE: Final = "signer.registrars"
"""Signed messages of registrars, which face strangers: who takes one over spoils nothing that others ask."""
LOOKS_QUEUE: Final = "signer.looks"
"""Unsigned ones, worked off when there is no signed one."""
PUBLISHER_QUEUE: Final = "publisher"
REGISTRAR_QUEUE: Final = "registrar"
"""Unsigned messages to the registrar's worker: what it is told to look at stands in its database."""

_JOB_PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ISSUES_QUEUE: "issue-",
        REGISTRARS_QUEUE: "asked-",
        LOOKS_QUEUE: "look-",
        PUBLISHER_QUEUE: "publish-",
        REGISTRAR_QUEUE: "registrar-",
    }
)


def queue_of(verb: Verb) -> str:
    """The name of the queue whose worker does that."""
    if verb is Verb.PUBLISH:
        return PUBLISHER_QUEUE
    if verb is Verb.ISSUE:
        return ISSUES_QUEUE
    if verb in (Verb.VALIDATE, Verb.ACME_CLEANUP):
        return REGISTRAR_QUEUE
    return SIGNER_QUEUE if verb.changes_facts else LOOKS_QUEUE


def job_id(queue: str, message_id: str) -> str:
    """The id of a message's job: it begins with what the queue is for, so that a server's ACL can tell them apart.

    Those of messages that change facts begin with a hexadecimal digit, as the message's own id does.
    """
    return _JOB_PREFIXES.get(queue, "") + message_id


def message_of(job: str) -> str:
    """The id of the message that a job is for."""
    return job.rpartition("-")[2]
