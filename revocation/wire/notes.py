"""What is noted of periodic work: when it was asked for, when it last succeeded, and what went wrong since.

A note is a claim, as a reply is: who can write to the queue can forge it, and a server that restarts has none. The
proof is what is published, and how fresh that is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from revocation.instant import Instant
from revocation.messages import Verb

REGISTRARS: Final = (Verb.VALIDATE, Verb.ACME_CLEANUP)
"""What the registrar's worker does."""


class Chore(StrEnum):
    """Periodic work that a scheduler does itself, and asks nobody for."""

    CHECK_PUBLISHED = "check_published"


class Failure(BaseModel):
    """What went wrong last.

    Attributes:
        error: why, for people.
        again_at: when it is tried again; None where the next time is a look, or there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Instant
    error: str
    again_at: Instant | None = None


@dataclass(frozen=True)
class Notes:
    """What was found.

    Attributes:
        asked: when a scheduler last asked, by task.
        successes: when work last ended well, by its name.
        failures: what failed last of it, by its name; forgotten with the next success, or after a day.
    """

    asked: Mapping[str, datetime] = field(default_factory=dict)
    successes: Mapping[str, datetime] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)


def of_signer(verb: Verb) -> str:
    """The name of what the signer does."""
    return f"signer:{verb}"


def of_registrar(verb: Verb) -> str:
    """The name of what the registrar's worker does."""
    return f"registrar:{verb}"


def of_publisher(target: str) -> str:
    """The name of publishing to one target; publishers that share a queue name theirs differently."""
    return f"publisher:publish:{target}"


def of_scheduler(chore: Chore) -> str:
    """The name of what a scheduler does itself."""
    return f"scheduler:{chore}"


def of_job(queue: str, task: str) -> str:
    """The name of what a queue's worker was told to do."""
    return f"{queue.partition('.')[0]}:{task}"


def all_names(targets: Iterable[str]) -> list[str]:
    """Everything of which something may be noted, where these are the targets."""
    of_others = {Verb.PUBLISH: of_job("publisher", Verb.PUBLISH)} | {verb: of_registrar(verb) for verb in REGISTRARS}
    verbs = [of_others.get(verb) or of_signer(verb) for verb in Verb]
    return [*verbs, *map(of_publisher, targets), *map(of_scheduler, Chore)]
