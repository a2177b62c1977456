"""`revocast signer run`: messages from standard input, for who has no queue; what they make due is made at once."""

import sys
import time
from pathlib import Path
from typing import Final

import click

from revocation import cli, clock
from revocation.configfile import ConfigFile
from revocation.errors import RevocastError
from revocation.messages import Look, Outcome, Reply
from signer.ceremony.waiting import is_offline
from signer.finding import EVERYTHING
from signer.handle import handle_text
from signer.look import look
from signer.signer import Signer, open_signer

_LONGEST_PAUSE: Final = 2.0


@click.command(short_help="Handle messages from standard input.")
@cli.config_option
def run(config: Path | None) -> None:
    """Handle messages from standard input, one JSON a line; replies go to standard output the same way.

    What a change of facts makes due is made before its reply is printed; what could not be made stands in the reply.
    Exit status 1 if a message was not done.
    """
    signer = open_signer(ConfigFile.read(config), clock.now())
    failed = False
    for line in sys.stdin:
        if not line.strip():
            continue
        reply = _answer(signer, line)
        failed |= reply.outcome is not Outcome.DONE
        click.echo(reply.model_dump_json())
    sys.exit(1 if failed else 0)


def _answer(signer: Signer, line: str) -> Reply:
    reply = handle_text(signer, line, clock.now)
    if reply.data.get("again_at"):
        time.sleep(1.0)  # thisUpdate rises by whole seconds: what is due again within one is made in the next
        reply = _both(reply, handle_text(signer, line, clock.now))
    if reply.outcome is not Outcome.DONE or reply.issuer is None:
        return reply
    problems = [str(problem) for problem in _make_now(signer, reply.issuer)]
    return reply.model_copy(update={"data": {**reply.data, "problems": problems}}) if problems else reply


def _both(first: Reply, second: Reply) -> Reply:
    """The second reply, with what was made before the first."""
    if not (earlier := first.data["made"]) or "made" not in second.data:
        return second
    made = [*earlier, *second.data["made"]]
    detail = second.detail if second.data["problems"] else f"{len(made)} made"
    return second.model_copy(update={"detail": detail, "data": {**second.data, "made": made}})


def _make_now(signer: Signer, issuer: str) -> list[RevocastError]:
    """Make what a change of facts of an issuer made due, waiting for the next second where one was already used.

    Returns:
        Why something of it could not be made. The facts are recorded all the same.
    """
    if offline := is_offline(signer, issuer):
        return [offline]
    while True:
        try:
            report = look(signer, clock.now, EVERYTHING, Look(issuers=(issuer,)))
        except RevocastError as error:
            return [error]
        except OSError as error:
            where = f"exchange {signer.config.exchange}"
            return [RevocastError(f"cannot be used: {error.strerror}", where=where, advice="see to its rights")]
        if report.again_at is None:
            return report.problems
        seconds = clock.seconds_until(report.again_at)
        if seconds > _LONGEST_PAUSE:
            return report.problems
        time.sleep(max(0.05, seconds))
