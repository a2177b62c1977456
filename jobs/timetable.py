"""`revocast schedule`: which periodic work runs when, when it last succeeded, and what is due and why."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from jobs.crontab import cron_lines
from jobs.installation import Installation
from jobs.progress import Progress, Standing
from jobs.task_metrics import exposition
from jobs.tasks_found import find_tasks
from jobs.terminal import printable
from revocation import cli
from revocation.clock import iso
from revocation.clock import now as clock_now
from revocation.durations import show

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
@click.option("--prometheus", is_flag=True, help="Print metrics for Prometheus instead; does not ask the signer.")
@click.option("--cron", is_flag=True, help="Print the crontab lines for life without a queue instead.")
@click.pass_context
def schedule(
    context: click.Context,
    config: Path | None,
    timeout: float,
    *,
    as_json: bool,
    no_signer: bool,
    prometheus: bool,
    cron: bool,
) -> None:
    """Show which periodic work runs when (in UTC), when it last succeeded, and what is due and why.

    Exit code 0: all of it succeeded lately. 1: a task did not for two intervals and five minutes, whatever processes
    are alive, `check_published` found something, or schedulers have asked for nothing for five minutes. 2:
    configuration. 3: unknown, since the queue cannot be reached or read, or the signer did not answer.
    """
    installation = Installation.read(config)
    if cron:
        _print_crontab(installation, as_json=as_json)
        return
    found = find_tasks(installation, None if no_signer or prometheus else timeout, clock_now())
    if prometheus:
        click.echo(exposition(found.shown, found.asking), nl=False)
    elif as_json:
        cli.print_json(found.as_json())
    else:
        _print(found.shown)
        for sentence in found.sentences:
            click.echo(printable(sentence))
    context.exit(found.exit_code)


def _print_crontab(installation: Installation, *, as_json: bool) -> None:
    """What to run how often on which machine; nothing is asked or looked at for it."""
    found = cron_lines(
        installation.public,
        installation.path,
        has_signer=installation.has_signer,
        has_publisher=installation.publisher is not None,
        has_jobs=installation.has_jobs,
        has_registrar=installation.has_registrar,
    )
    if as_json:
        cli.print_json([line.as_json() for line in found])
        return
    for line in found:
        click.echo(f"# {line.machine}\n{line}")
    if not installation.has_jobs:
        click.echo(
            "# and `revocast check` every 5 minutes on a machine that reaches what is published, whose file has [jobs]"
        )


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
