"""What the commands of all rooms share: how an error is shown, and the options that many have."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from revocation.errors import RevocastError

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass
class Output:
    """How the command that runs is to speak; found by `json_option` in click's context."""

    as_json: bool = False


def config_option(command: _Command) -> _Command:
    """`--config FILE`, passed as `config: Path | None`."""
    return click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The configuration; else $REVOCAST_CONFIG, ./revocast.toml, ./revocast-data/revocast.toml.",
    )(command)


def json_option(command: _Command) -> _Command:
    """`--json`, passed as `as_json: bool`; an error is then a JSON document too."""
    return click.option("--json", "as_json", is_flag=True, callback=_note_json, help="Print JSON for scripts.")(command)


def _note_json(context: click.Context, option: click.Parameter, value: bool) -> bool:  # noqa: ARG001 - click's
    output = context.find_object(Output)
    if output is not None:
        output.as_json = value
    return value


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=1, default=str))


def show_error(error: RevocastError) -> None:
    """What, where and what to do, on standard error."""
    place = f"{error.where}: " if error.where else ""
    title = "error:" if os.environ.get("NO_COLOR") else click.style("error:", fg="red")
    click.echo(f"{title} {place}{error.what}", err=True)
    if error.advice:
        click.echo(f"  {error.advice}", err=True)


def run(command: click.Command) -> None:
    """Run a command as a process does: errors that are ours end in their exit code, not in a traceback.

    With `--json` the error stands on standard output too: `error`, `where`, `advice`, `exit_code`.
    """
    output = Output()
    try:
        command.main(standalone_mode=True, obj=output)
    except RevocastError as error:
        _end(error, output)
    except OSError as error:
        where = str(error.filename) if error.filename else None
        _end(RevocastError(error.strerror or str(error), where=where, advice="see to room and rights there"), output)


def _end(error: RevocastError, output: Output) -> NoReturn:
    show_error(error)
    if output.as_json:
        print_json({"error": error.what, "where": error.where, "advice": error.advice, "exit_code": error.exit_code})
    sys.exit(error.exit_code)
