"""`revocast revoke` and `release`: ask, and do not say "done" before it is seen in what relying parties get.

The reply of the queue is a claim. Exit code 0 needs proof: published artifacts, signed by the issuer, that say so.
"""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from jobs.courier import Courier, QueueCourier, courier
from jobs.evidence import Expected, missing
from jobs.installation import Installation
from jobs.interruption import interruptible
from jobs.moment import Moment
from jobs.signer_process import SignerProcess
from jobs.subject import Subject, subject
from jobs.terminal import printable
from revocation import cli
from revocation.clock import now as clock_now
from revocation.errors import NoAnswer, NotPublishedYet, Refused, RevocastError
from revocation.messages import Body, Message, Outcome, Release, Reply, RequesterKey, Revoke, Verb, compose
from revocation.status import Reason

_POLL_SECONDS: Final = 0.05
_FETCH_PAUSE: Final = 1.0
_MOST_PROBLEMS: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{32}")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_CODES = """

    Exit code 0: published. 4: recorded, but not published yet. 1: refused. 5: no answer: ask again with the printed
    --id. 2: bad input or configuration.
    """


@dataclass(frozen=True)
class Ask:
    """What both commands are given beside the certificate."""

    config: Path | None
    id_: str | None
    timeout: float
    no_queue: bool
    as_json: bool


def _message_id(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _ID.fullmatch(value):
        raise click.BadParameter("an id has 32 hexadecimal digits, in lower case", context, option)
    return value


def _options(command: _Command) -> _Command:
    for option in (
        cli.json_option,
        cli.config_option,
        click.option("--no-queue", is_flag=True, help="Start a signer for this, even where a queue is configured."),
        click.option(
            "--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds to wait in all."
        ),
        click.option(
            "--id", "id_", callback=_message_id, help="Ask again with the id of an earlier message: it is done once."
        ),
        click.option("--cert", type=click.Path(path_type=Path, dir_okay=False), help="The certificate itself."),
        click.option("--issuer", help="Its issuer; needed with a serial where several are configured."),
        click.argument("serial", required=False),
    ):
        command = option(command)
    return command


@click.command(epilog=_CODES)
@_options
@click.option("--reason", default="unspecified", show_default=True, help="Such as keyCompromise or superseded.")
@click.option("--invalidity-date", type=Moment(), help="Since when the key is suspected to be compromised.")
@click.option("--revoked-at", type=Moment(), help="The revocation date, when it is not now.")
def revoke(
    serial: str | None,
    issuer: str | None,
    cert: Path | None,
    reason: str,
    invalidity_date: datetime | None,
    revoked_at: datetime | None,
    **ask: Any,
) -> None:
    """Revoke a certificate, by its serial (hexadecimal) or with --cert, and wait until it is published."""
    why = Reason.parse(reason)
    asked = Ask(**ask)
    installation = Installation.read(asked.config)
    which = subject(installation.public, serial, issuer, cert)
    body = Revoke(
        issuer=which.profile.issuer.id,
        serial=which.serial_hex,
        reason=why.name,
        revoked_at=revoked_at,
        invalidity_date=invalidity_date,
    )
    _change(installation, asked, which, (Verb.REVOKE, body), why)


@click.command(epilog=_CODES)
@_options
def release(serial: str | None, issuer: str | None, cert: Path | None, **ask: Any) -> None:
    """Release a certificate from certificateHold, and wait until it is published as good."""
    asked = Ask(**ask)
    installation = Installation.read(asked.config)
    which = subject(installation.public, serial, issuer, cert)
    body = Release(issuer=which.profile.issuer.id, serial=which.serial_hex)
    _change(installation, asked, which, (Verb.RELEASE, body), None)


def _change(
    installation: Installation, asked: Ask, which: Subject, what: tuple[Verb, Body], reason: Reason | None
) -> None:
    started = time.monotonic()
    message = _signed(installation, asked, what)
    chosen = courier(installation.path, installation.jobs, no_queue=asked.no_queue)
    if sys.stderr.isatty():
        click.echo(f"asking the signer; to ask the same again, whatever happens: --id {message.id}", err=True)
    reply: Reply | None = None
    try:
        with interruptible():
            (reply,) = chosen.ask([message], asked.timeout)
            _require_done(reply, which)
            if isinstance(chosen, SignerProcess) and installation.publisher is not None:
                _publish(installation, message)
            expected = Expected(which.profile, which.serial, reason, reply.revision or 0, _labels(reply))
            problems = _problems(reply)
            nobody_else_makes_it = isinstance(chosen, SignerProcess) and problems
            deadline = started if nobody_else_makes_it else started + asked.timeout
            _await_evidence(installation, expected, message, deadline, problems)
    except NoAnswer as error:
        error.advice = _how_to_go_on(message, error, chosen)
        raise
    except KeyboardInterrupt:
        raise _interrupted(message, replied=reply is not None) from None
    _print(asked, which, reply, time.monotonic() - started)


def _interrupted(message: Message, *, replied: bool) -> RevocastError:
    """What is known of a message when somebody would not wait any longer."""
    where = f"message {message.id}"
    if replied:
        what = "interrupted; the signer says that it is recorded, and it was not yet seen published"
        return NotPublishedYet(what, where=where, advice=f"asking again with --id {message.id} waits again")
    what = "interrupted before the signer replied; it may be recorded nevertheless"
    return NoAnswer(what, where=where, advice=_ask_again(message))


def _how_to_go_on(message: Message, error: NoAnswer, chosen: Courier) -> str:
    advice = [error.advice] if error.advice else []
    if isinstance(chosen, QueueCourier):
        advice.append("--no-queue asks without a queue, on the signer's machine")
    return "; ".join((*advice, _ask_again(message)))


def _ask_again(message: Message) -> str:
    return f"ask again with the same id: --id {message.id} (it is done once in any case)"


def _signed(installation: Installation, asked: Ask, what: tuple[Verb, Body]) -> Message:
    verb, body = what
    chosen_in = "it is `requester_key` of [jobs]; `revocast init` makes one"
    key = RequesterKey.load(installation.jobs.requester_key, chosen_in)
    return key.sign(compose(verb, body, clock_now(), requester=installation.jobs.requester, id_=asked.id_))


def _require_done(reply: Reply, which: Subject) -> None:
    if reply.outcome is Outcome.DONE:
        return
    verdict = "the signer refuses" if reply.outcome is Outcome.REFUSED else "the signer failed"
    raise Refused(
        f"{verdict}: {printable(reply.detail).removeprefix(f'{which}: ')}",
        where=str(which),
        advice=printable(reply.advice) if reply.advice else None,
    )


def _labels(reply: Reply) -> tuple[str, ...]:
    """The CRLs that the signer names, as far as it is one that speaks."""
    named = reply.data.get("crls")
    return tuple(label for label in named if isinstance(label, str)) if isinstance(named, list) else ()


def _publish(installation: Installation, message: Message) -> None:
    """Publish here, since no worker does. What fails now does not undo what was recorded."""
    try:
        installation.publish(clock_now)
    except RevocastError as error:
        raise NotPublishedYet(
            f"it is recorded, but publishing failed: {error.what}",
            where=error.where,
            advice=f"mend that, then `revocast publish`, or ask again with --id {message.id}",
        ) from error


def _problems(reply: Reply) -> list[str]:
    """What the signer could not make of what the change makes due; from a queue it may be anything."""
    said = reply.data.get("problems")
    return [printable(str(problem)) for problem in said[:_MOST_PROBLEMS]] if isinstance(said, list) else []


def _await_evidence(
    installation: Installation, expected: Expected, message: Message, deadline: float, problems: list[str]
) -> None:
    while True:
        lacking = missing(installation, expected, clock_now())
        if lacking is None:
            return
        if time.monotonic() > deadline:
            why = f", since the signer could not make it: {'; '.join(problems)}" if problems else ""
            advice = f"mend that, then `revocast refresh`, or ask again with --id {message.id}"
            raise NotPublishedYet(
                f"the signer says that it is recorded, but {lacking}{why}",
                where=f"message {message.id}",
                advice=advice if problems else "see `revocast status`; asking again with the same --id waits again",
            )
        time.sleep(_POLL_SECONDS if installation.publisher else _FETCH_PAUSE)


def _print(asked: Ask, which: Subject, reply: Reply, seconds: float) -> None:
    if asked.as_json:
        cli.print_json({"published": True, "seconds": round(seconds, 3), **reply.model_dump(mode="json")})
        return
    click.echo(printable(reply.detail) or str(which))
    click.echo(f"published everywhere after {seconds:.2f} s (message {reply.id})")
