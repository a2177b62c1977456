"""`revocast status`: what is published on each target, how fresh it is, and what the signer says is due, and why."""

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from jobs.courier import reachable_courier
from jobs.installation import Installation
from jobs.overview import Due, Line, State, lines, set_aside, undone
from jobs.reconcile import everything
from jobs.terminal import printable, span
from revocation import cli
from revocation.clock import now as clock_now
from revocation.errors import ConfigurationError, RevocastError
from revocation.messages import Outcome, Verb, compose
from revocation.published import TargetStatus

_UNKNOWN: Final = 3
_WIDTH: Final = 160
_BEHIND: Final = "covers revision"  # how the signer begins to say that an artifact is behind a fact
_COLUMNS: Final = ("what", "number", "revision", "age", "left", "renewed in", "state", "due, and why")
_STYLES: Final = {
    State.FRESH: "green",
    State.DUE: "yellow",
    State.OVERDUE: "bold red",
    State.EXPIRED: "bold red",
    State.MISSING: "bold red",
}


@dataclass(frozen=True)
class _Answer:
    """What the signer said; `trouble` is why it said nothing although it was asked."""

    due: Due
    trouble: str = ""


@click.command()
@cli.config_option
@cli.json_option
@click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for the signer.")
@click.option("--no-signer", is_flag=True, help="Do not ask the signer what is due.")
@click.pass_context
def status(context: click.Context, config: Path | None, timeout: float, *, as_json: bool, no_signer: bool) -> None:
    """Show every artifact of every target: number, age, time left, when it is renewed, what is due and why.

    Exit code 0: all fresh. 1: something is overdue, expired, missing, behind a fact, or was set aside. 3: unknown, as
    when the signer was asked and did not answer.
    """
    try:
        installation = Installation.read(config)
        installation.targets()
        statuses = installation.statuses(clock_now())
    except ConfigurationError:
        raise
    except RevocastError as error:
        cli.show_error(error)
        context.exit(_UNKNOWN)
    answer = _Answer({}) if no_signer else _ask(installation, statuses, timeout)
    shown = lines(statuses, installation.public, answer.due, clock_now())
    code = _exit_code(shown, answer, set_aside(statuses))
    more = undone(answer.due, shown, installation.public)
    if as_json:
        cli.print_json(
            {
                "exit_code": code,
                "artifacts": [line.as_json() for line in shown],
                "due": more,
                "signer": answer.trouble or "answered",
                "set_aside": set_aside(statuses),
            }
        )
    else:
        _print(shown, more, answer, set_aside(statuses))
    context.exit(code)


def _ask(installation: Installation, statuses: Sequence[TargetStatus], timeout: float) -> _Answer:
    message = compose(Verb.DUE, everything(statuses), clock_now())
    try:
        (reply,) = reachable_courier(installation.path, installation.jobs, timeout).ask([message], timeout)
    except RevocastError as error:
        return _Answer({}, f"does not answer: {error.what}")
    if reply.outcome is not Outcome.DONE:
        return _Answer({}, f"answers {reply.outcome}: {printable(reply.detail)}")
    try:
        found = {(str(one["issuer"]), str(one["what"])): printable(str(one["why"])) for one in reply.data["due"]}
    except (KeyError, TypeError):
        return _Answer({}, "gave an answer that cannot be read")
    return _Answer(found)


def _exit_code(shown: list[Line], answer: _Answer, refused: list[str]) -> int:
    if any(line.state.is_bad for line in shown) or any(_BEHIND in why for why in answer.due.values()) or refused:
        return 1
    return _UNKNOWN if answer.trouble or not shown else 0


def _print(shown: list[Line], more: list[str], answer: _Answer, refused: list[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH, no_color=True)
    for (target, issuer), group in itertools.groupby(shown, key=lambda line: (line.target, line.issuer)):
        table = Table(*_COLUMNS, title=Text(f"{target}: {issuer}"), box=box.SIMPLE, title_justify="left")
        for line in group:
            cells = [line.what, _number(line.number), _number(line.revision), span(line.age), span(line.left)]
            state = Text(line.state, style=_STYLES[line.state])
            table.add_row(*cells, span(line.renew_in), state, Text(line.why))
        console.print(table)
    if answer.trouble:
        console.print(Text(f"The signer {answer.trouble}."))
    for sentence in more:
        console.print(Text(f"due: {printable(sentence)}"))
    for sentence in refused:
        console.print(Text(f"set aside: {printable(sentence)}"))


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
