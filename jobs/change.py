"""A change of one certificate's status: ask the signer, and do not say "done" before relying parties get it.

The reply of the queue is a claim. Exit code 0 needs proof: published artifacts, signed by the issuer, that say so.
"""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import click

from jobs.courier import Courier, QueueCourier, courier
from jobs.evidence import Expected, missing
from jobs.installation import Installation
from jobs.interruption import interruptible
from jobs.signer_process import SignerProcess
from jobs.subject import Named, Subject
from jobs.terminal import printable
from jobs.word import require_done
from revocation import cli
from revocation.clock import now as clock_now
from revocation.errors import NoAnswer, NotPublishedYet, RevocastError
from revocation.messages import Change, Message, Reply, RequesterKey, Verb, compose
from revocation.status import Reason

_POLL_SECONDS: Final = 0.05
_FETCH_PAUSE: Final = 1.0
_MOST_PROBLEMS: Final = 5


@dataclass(frozen=True)
class Ask:
    """What the commands are given beside the certificate."""

    config: Path | None
    id_: str | None
    timeout: float
    no_queue: bool
    as_json: bool


def change(
    installation: Installation,
    asked: Ask,
    which: Subject | Named,
    what: tuple[Verb, Change],
    reason: Reason | None,
    revoked_at: datetime | None = None,
) -> None:
    """Ask for a change and wait until it is published; says so.

    Args:
        reason: of the revocation that is to be seen then; None for good.
        revoked_at: its date, where that is known.

    Raises:
        Refused: the signer refuses.
        NotPublishedYet: it is recorded, and not seen published in time.
        NoAnswer: nobody replied, or somebody would not wait.
    """
    started = time.monotonic()
    message = signed(installation, asked, what)
    chosen = courier(installation.path, installation.jobs, no_queue=asked.no_queue)
    if sys.stderr.isatty():
        click.echo(f"asking the signer; to ask the same again, whatever happens: --id {message.id}", err=True)
    reply: Reply | None = None
    try:
        with interruptible(signal.SIGTERM):
            (reply,) = chosen.ask([message], asked.timeout)
            require_done(reply, str(which))
            if isinstance(chosen, SignerProcess) and installation.publisher is not None:
                publish_here(installation, message)
            proof = (reply.revision or 0, _labels(reply), revoked_at)
            expected = [Expected(which.profile, serial, reason, *proof) for serial in which.serials_in(reply)]
            nobody_else_makes_it = isinstance(chosen, SignerProcess) and problems_of(reply)
            deadline = started if nobody_else_makes_it else started + asked.timeout
            await_evidence(installation, partial(_missing, installation, expected), message, reply, deadline)
    except NoAnswer as error:
        error.advice = how_to_go_on(message, error, chosen)
        raise
    except KeyboardInterrupt:
        raise interrupted(message, replied=reply is not None) from None
    with cli.telling(f"{which}: recorded and published (message {reply.id})"):
        _print(asked, which, reply, time.monotonic() - started)


def _missing(installation: Installation, expected: Sequence[Expected], now: datetime) -> str | None:
    return next((lacking for one in expected if (lacking := missing(installation, one, now))), None)


def interrupted(message: Message, *, replied: bool) -> RevocastError:
    """What is known of a message when somebody would not wait any longer."""
    where = f"message {message.id}"
    if replied:
        what = "interrupted; the signer says that it is recorded, and it was not yet seen published"
        return NotPublishedYet(what, where=where, advice=f"asking again with --id {message.id} waits again")
    what = "interrupted before the signer replied; it may be recorded nevertheless"
    return NoAnswer(what, where=where, advice=_ask_again(message))


def how_to_go_on(message: Message, error: NoAnswer, chosen: Courier) -> str:
    """What can be done where nobody replied."""
    advice = [error.advice] if error.advice else []
    if isinstance(chosen, QueueCourier):
        advice.append("--no-queue asks without a queue, on the signer's machine")
    return "; ".join((*advice, _ask_again(message)))


def _ask_again(message: Message) -> str:
    return f"ask again with the same id: --id {message.id} (it is done once in any case)"


def signed(installation: Installation, asked: Ask, what: tuple[Verb, Change]) -> Message:
    """The message, signed with the operator's key.

    Raises:
        InputError: that cannot be used.
    """
    verb, body = what
    chosen_in = "it is `requester_key` of [jobs]; `revocast init` makes one"
    key = RequesterKey.load(installation.jobs.requester_key, chosen_in)
    return key.sign(compose(verb, body, clock_now(), requester=installation.jobs.requester, id_=asked.id_))


def _labels(reply: Reply) -> tuple[str, ...]:
    """The CRLs that the signer names, as far as it is one that speaks."""
    named = reply.data.get("crls")
    return tuple(label for label in named if isinstance(label, str)) if isinstance(named, list) else ()


def publish_here(installation: Installation, message: Message) -> None:
    """Publish here, since no worker does. What fails now does not undo what was recorded.

    Raises:
        NotPublishedYet: it failed.
    """
    try:
        installation.publish(clock_now)
    except RevocastError as error:
        raise NotPublishedYet(
            f"it is recorded, but publishing failed: {error.what}",
            where=error.where,
            advice=f"mend that, then `revocast publish`, or ask again with --id {message.id}",
        ) from error


def problems_of(reply: Reply) -> list[str]:
    """What the signer could not make of what the change makes due; from a queue it may be anything."""
    said = reply.data.get("problems")
    return [printable(str(problem)) for problem in said[:_MOST_PROBLEMS]] if isinstance(said, list) else []


def await_evidence(
    installation: Installation,
    missing_at: Callable[[datetime], str | None],
    message: Message,
    reply: Reply,
    deadline: float,
) -> None:
    """Return once nothing lacks.

    Args:
        missing_at: what lacks then; None where nothing does.
        reply: what the signer said, of what it could not make too.
        deadline: by the monotonic clock.

    Raises:
        NotPublishedYet: something lacks still.
    """
    while True:
        lacking = missing_at(clock_now())
        if lacking is None:
            return
        if time.monotonic() > deadline:
            waits = reply.data.get("waits_for_ceremony") is True
            raise _at_a_ceremony(lacking, message) if waits else _unpublished(lacking, message, problems_of(reply))
        time.sleep(_POLL_SECONDS if installation.publisher else _FETCH_PAUSE)


def _unpublished(lacking: str, message: Message, problems: list[str]) -> NotPublishedYet:
    why = f", since the signer could not make it: {'; '.join(problems)}" if problems else ""
    advice = f"mend that, then `revocast refresh`, or ask again with --id {message.id}"
    return NotPublishedYet(
        f"the signer says that it is recorded, but {lacking}{why}",
        where=f"message {message.id}",
        advice=advice if problems else "see `revocast status`; asking again with the same --id waits again",
    )


def _at_a_ceremony(lacking: str, message: Message) -> NotPublishedYet:
    """Of an issuer whose key is offline: nothing is wrong, and nothing to be mended."""
    return NotPublishedYet(
        f"the signer says that it is recorded, and it waits for a ceremony: its key is offline: the next ceremony "
        f"signs it ({lacking})",
        where=f"message {message.id}",
        advice="`revocast ceremony request --out FILE` (docs/ceremony.md); asking again with "
        f"--id {message.id} says whether it is published",
    )


def _print(asked: Ask, which: Subject | Named, reply: Reply, seconds: float) -> None:
    if asked.as_json:
        cli.print_json({"published": True, "seconds": round(seconds, 3), **reply.model_dump(mode="json")})
        return
    click.echo(printable(reply.detail) or str(which))
    click.echo(f"published everywhere after {seconds:.2f} s (message {reply.id})")
