"""What the commands of all rooms share: how an error is shown, and the options that many have."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from revocation.errors import RevocastError

_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_option(command: _Command) -> _Command:
    """`--config FILE`, passed as `config: Path | None`."""
    return click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The configuration; else $REVOCAST_CONFIG, ./revocast.toml, ./revocast-data/revocast.toml.",
    )(command)


def json_option(command: _Command) -> _Command:
    """`--json`, passed as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=1, default=str))


def show_error(error: RevocastError) -> None:
    """What, where and what to do, on standard error."""
    place = f"{error.where}: " if error.where else ""
    click.echo(f"{click.style('error:', fg='red')} {place}{error.what}", err=True)
    if error.advice:
        click.echo(f"  {error.advice}", err=True)


def run(command: click.Command) -> None:
    """Run a command as a process does: errors that are ours end in their exit code, not in a traceback."""
    try:
        command.main(standalone_mode=True)
    except RevocastError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        where = str(error.filename) if error.filename else None
        show_error(RevocastError(error.strerror or str(error), where=where, advice="see to room and rights there"))
        sys.exit(RevocastError.exit_code)
