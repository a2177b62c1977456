"""`revocast schedule`: which periodic work runs when, when it last succeeded, and what is due and why."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from jobs.crontab import cron_lines
from jobs.due import due_by_task
from jobs.installation import Installation
from jobs.noted import read_notes
from jobs.overview import lines
from jobs.progress import Known, Progress, Standing, other_failures, progress, said
from jobs.terminal import printable
from jobs.wanted import Wanted, ask_signer, look_at_exchange
from revocation import cli
from revocation.clock import iso
from revocation.clock import now as clock_now
from revocation.durations import show
from revocation.errors import ConfigurationError, RevocastError
from revocation.messages import Verb
from revocation.wire.notes import Notes

_UNKNOWN: Final = 3
_WIDTH: Final = 160
_COLUMNS: Final = ("task", "every", "last slot", "next slot", "asked for", "last success", "")
_STYLES: Final = {
    Standing.DONE: "green",
    Standing.FAILED: "bold red",
    Standing.LATE: "bold red",
    Standing.UNKNOWN: "yellow",
}


@click.command()
@cli.config_option
@cli.json_option
@click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for the signer.")
@click.option("--no-signer", is_flag=True, help="Do not ask the signer what is due.")
@click.option("--cron", is_flag=True, help="Print the crontab lines for life without a queue instead.")
@click.pass_context
def schedule(
    context: click.Context, config: Path | None, timeout: float, *, as_json: bool, no_signer: bool, cron: bool
) -> None:
    """Show which periodic work runs when (in UTC), when it last succeeded, and what is due and why.

    Exit code 0: all of it succeeded lately. 1: a task did not for two intervals and five minutes, whatever processes
    are alive, or `check_published` found something. 2: configuration. 3: unknown, since the queue cannot be reached or
    read, or the signer did not answer.
    """
    installation = Installation.read(config)
    all_tasks = installation.tasks
    if cron:
        _print_crontab(installation, as_json=as_json)
        return
    try:
        statuses = installation.statuses(clock_now())
        wanted = look_at_exchange(installation) if no_signer else ask_signer(installation, statuses, timeout)
    except ConfigurationError:
        raise
    except RevocastError as error:
        statuses, wanted = [], Wanted(trouble=f"was not asked: {error}")
    artifacts = lines(statuses, installation.public, wanted, clock_now())
    notes, trouble = _notes(installation)
    due = due_by_task(wanted.due, artifacts, installation.public)
    known = Known(notes, statuses, due, by_cron=installation.jobs.queue is None)
    shown = list(progress(all_tasks, installation.target_names, known, clock_now()))
    failures = other_failures(notes or Notes(), shown)
    code = _exit_code(shown, is_unknown=bool(trouble or wanted.trouble))
    if as_json:
        cli.print_json(
            {
                "exit_code": code,
                "tasks": [one.as_json() for one in shown],
                "failures": failures,
                "signer": wanted.trouble or "answered",
                "queue": trouble or ("read" if installation.jobs.queue else "none"),
            }
        )
    else:
        _print(shown)
        for sentence in _sentences(shown, failures, wanted, trouble, is_asked=not no_signer):
            click.echo(printable(sentence))
    context.exit(code)


def _print_crontab(installation: Installation, *, as_json: bool) -> None:
    """What to run how often on which machine; nothing is asked or looked at for it."""
    found = cron_lines(
        installation.public,
        installation.path,
        has_signer=installation.has_signer,
        has_publisher=installation.publisher is not None,
    )
    if as_json:
        cli.print_json([line.as_json() for line in found])
        return
    for line in found:
        click.echo(f"# {line.machine}\n{line}")


def _notes(installation: Installation) -> tuple[Notes | None, str]:
    """And why they cannot be read."""
    try:
        return read_notes(installation), ""
    except RevocastError as error:
        return None, str(error)


def _exit_code(shown: Sequence[Progress], *, is_unknown: bool) -> int:
    if any(one.trouble for one in shown):
        return 1
    return _UNKNOWN if is_unknown else 0


def _print(shown: Sequence[Progress]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH, no_color=True)
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for one in shown:
        times = ["-" if at is None else iso(at) for at in (one.last_slot, one.next_slot, one.asked, one.success)]
        table.add_row(one.name, show(one.task.interval), *times, Text(one.standing, style=_STYLES[one.standing]))
    console.print(table)


def _sentences(
    shown: Sequence[Progress], failures: Sequence[str], wanted: Wanted, trouble: str, *, is_asked: bool
) -> Iterator[str]:
    """Why each task is due, or that nothing of it is, and what is wrong."""
    for one in shown:
        yield from (f"{one.name}: due: {sentence}" for sentence in one.due)
        if is_asked and not one.due and not wanted.trouble and isinstance(one.task.verb, Verb):
            yield f"{one.name}: nothing is due; asked for again at {iso(one.next_slot)}"
    for one in shown:
        if one.trouble:
            yield one.trouble
        elif one.failure:
            yield f"{one.name}: {said(one.failure)}"
    yield from failures
    if trouble:
        yield f"When work last succeeded is not known: {trouble}"
    if wanted.trouble:
        yield f"The signer {wanted.trouble}."
