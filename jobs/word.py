"""Asking the signer for something on an operator's word: signed, audited, and done when the signer says so."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from jobs.courier import courier
from jobs.installation import Installation
from jobs.terminal import printable
from revocation import cli
from revocation.clock import now
from revocation.errors import Refused
from revocation.messages import Change, Outcome, Reply, RequesterKey, Verb, compose

_Command = TypeVar("_Command", bound=Callable[..., Any])


def word_options(command: _Command) -> _Command:
    """The options of every command that gives an operator's word: `why`, `timeout`, `no_queue`, `config`, `as_json`."""
    for option in (
        cli.json_option,
        cli.config_option,
        click.option("--no-queue", is_flag=True, help="Start a signer for this, even where a queue is configured."),
        click.option(
            "--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds to wait."
        ),
        click.option("--why", required=True, help="For the audit log."),
    ):
        command = option(command)
    return command


def tell(reply: Reply, *, as_json: bool) -> None:
    """Print what the signer recorded; output that nobody takes changes nothing about that."""
    with cli.telling("recorded"):
        cli.print_json(reply.model_dump(mode="json")) if as_json else click.echo(printable(reply.detail))


def give_word(installation: Installation, verb: Verb, body: Change, timeout: float, *, no_queue: bool) -> Reply:
    """The signer's reply, if it did what was asked.

    Args:
        timeout: seconds to wait for it.

    Raises:
        Refused: it did not.
        NoAnswer: nobody replied.
    """
    key = RequesterKey.load(installation.jobs.requester_key)
    message = key.sign(compose(verb, body, now(), requester=installation.jobs.requester))
    (reply,) = courier(installation.path, installation.jobs, no_queue=no_queue).ask([message], timeout)
    require_done(reply, f"issuer {installation.public.profile(body.issuer).issuer.name}")
    return reply


def require_done(reply: Reply, where: str) -> None:
    """Nothing, if the signer did what it was asked; the place stands once in the error, whoever named it first.

    Raises:
        Refused: it did not, and why.
    """
    if reply.outcome is Outcome.DONE:
        return
    verdict = "the signer refuses" if reply.outcome is Outcome.REFUSED else "the signer failed"
    raise Refused(
        f"{verdict}: {printable(reply.detail).removeprefix(f'{where}: ')}",
        where=where,
        advice=printable(reply.advice) if reply.advice else None,
    )
