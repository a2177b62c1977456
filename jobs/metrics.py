"""`revocast metrics`: all that this machine knows, for the textfile collector of node_exporter; nothing listens."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import click

from jobs import artifact_metrics, task_metrics
from jobs.artifact_metrics import Published
from jobs.installation import Installation
from jobs.noted import read_notes
from jobs.overview import lines
from jobs.progress import Known, progress
from jobs.seen import Seen, see
from jobs.wanted import ask_signer, look_at_exchange
from revocation import cli
from revocation.clock import now as clock_now
from revocation.durable import replace_file
from revocation.errors import ConfigurationError, RevocastError

_UNKNOWN: Final = 3
_FOR_ALL: Final = 0o644
"""Who collects it is another user; serials and passwords are not in it."""


@click.command()
@cli.config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write them to this file, whole or not at all; without it they are printed.",
)
@click.option("--timeout", default=40.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for the signer.")
@click.option("--no-signer", is_flag=True, help="Do not ask the signer what is due.")
@click.pass_context
def metrics(
    context: click.Context, config: Path | None, output: Path | None, timeout: float, *, no_signer: bool
) -> None:
    """Print, for Prometheus, what is published and until when, and when periodic work last succeeded.

    It is what `revocast status` and `revocast schedule` show, as far as this machine's configuration lets it look. What
    is wrong stands in the metrics, for the alert rules, and not in the exit code.

    Exit code 0: printed or written. 1: the file cannot be written. 2: configuration. 3: the targets cannot be looked
    at. But for 0 a file that is there stays as it is.
    """
    try:
        found = "".join(_found(Installation.read(config), None if no_signer else timeout))
    except ConfigurationError:
        raise
    except RevocastError as error:
        cli.show_error(error)
        context.exit(_UNKNOWN)
    if output is None:
        click.echo(found, nl=False)
        return

    def write(file: BinaryIO) -> None:
        file.write(found.encode())

    try:
        replace_file(output, write, _FOR_ALL)
    except OSError as error:
        raise RevocastError(f"cannot be written: {error.strerror}", where=str(output)) from error


def _found(installation: Installation, seconds: float | None) -> Iterator[str]:
    """The families of what is published, then those of the work.

    Raises:
        ConfigurationError: there is nothing to look at.
        RevocastError: the targets or the exchange cannot be read.
    """
    seen = see(installation, clock_now())
    is_asked = seconds is not None and installation.hears_signer
    wanted = (
        look_at_exchange(installation)
        if seconds is None or not is_asked
        else ask_signer(installation, seen.statuses, seconds)
    )
    now = clock_now()
    shown = lines(seen.statuses, installation.public, wanted, now)
    yield artifact_metrics.exposition(Published(seen, shown, wanted, is_asked), installation.public, now)
    yield _work(installation, seen, now)


def _work(installation: Installation, seen: Seen, now: datetime) -> str:
    """How each task stands; that of none is known where nothing of them can be read."""
    try:
        notes = read_notes(installation)
    except RevocastError:  # which the metrics say
        notes = None
    known = Known(notes, seen.statuses, unasked=installation.unasked)
    heard = installation.asking(notes, now)
    return task_metrics.exposition(list(progress(installation.tasks, installation.target_names, known, now)), heard)
