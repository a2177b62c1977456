"""What the commands of all rooms share: how an error is shown, and the options that many have."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from revocation import logs
from revocation.errors import RevocastError
from revocation.visible import visible

_Command = TypeVar("_Command", bound=Callable[..., Any])
_JSON: Final = "--json"


def config_option(command: _Command) -> _Command:
    """`--config FILE`, passed as `config: Path | None`."""
    return click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The configuration; else $REVOCAST_CONFIG, ./revocast.toml, ./revocast-data/revocast.toml, "
        "/etc/revocast/revocast.toml.",
    )(command)


def json_option(command: _Command) -> _Command:
    """`--json`, passed as `as_json: bool`; an error is then a JSON document too."""
    return click.option(_JSON, "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=1, default=str))


def print_titled(lists: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Each list that is not empty: how many lines of what, then the lines."""
    for title, lines in lists:
        if lines:
            click.echo(f"{len(lines)} {title}:")
        for line in lines:
            click.echo(f"  {line}")


@contextmanager
def unheard() -> Iterator[None]:
    """Within, standard output that nobody takes any more ends nothing: what is left of it, and all later, is let go.

    What stays in its buffer would fail once more when the process ends, and change the exit code.
    """
    try:
        yield
    except OSError:
        with suppress(OSError, ValueError):  # a test's standard output has no descriptor
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


@contextmanager
def telling(done: str) -> Iterator[None]:
    """Within, an outcome is told. Standard output that does not take it changes no exit code: standard error says so.

    Args:
        done: what was done, in few words.
    """
    with unheard():
        try:
            yield
        except OSError as error:
            click.echo(f"{done}, which cannot be written to standard output: {error.strerror}", err=True)
            raise


def show_error(error: RevocastError) -> None:
    """What, where and what to do, on standard error; a line of the log where this is a service whose log is JSON."""
    if logs.ended_with(error):
        return
    place = f"{_lines(error.where)}: " if error.where else ""
    title = "error:" if os.environ.get("NO_COLOR") else click.style("error:", fg="red")
    click.echo(f"{title} {place}{_lines(error.what)}", err=True)
    if error.advice:
        click.echo(f"  {_lines(error.advice)}", err=True)


def _lines(text: str) -> str:
    """As a terminal may show it: what an error quotes may come from a stick, a queue or a bucket."""
    return "\n".join(map(visible, text.split("\n")))


def run(command: click.Command) -> None:
    """Run a command as a process does: errors that are ours end in their exit code, not in a traceback.

    With `--json` the error stands on standard output too: `error`, `where`, `advice`, `exit_code`. That holds for a
    command line that cannot be understood as well, so what was asked for is read from it as it stands.
    """
    try:
        code = command.main(standalone_mode=False)
    except RevocastError as error:
        with suppress(OSError):  # nobody reads it: the exit code stays
            show_error(error)
        _end(error.what, error.where, error.advice, error.exit_code)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        context = error.ctx if isinstance(error, click.UsageError) else None
        advice = f"see `{context.command_path} --help`" if context else None
        _end(error.format_message(), None, advice, error.exit_code)
    except click.Abort:
        with suppress(OSError):
            click.echo("Aborted!", err=True)
        sys.exit(1)
    except OSError as error:
        where = str(error.filename) if error.filename else None
        failed = RevocastError(error.strerror or str(error), where=where, advice="see to room and rights there")
        with suppress(OSError):
            show_error(failed)
        _end(failed.what, failed.where, failed.advice, failed.exit_code)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _end(what: str, where: str | None, advice: str | None, code: int) -> NoReturn:
    if _JSON in sys.argv[1:]:
        with unheard():
            print_json({"error": what, "where": where, "advice": advice, "exit_code": code})
    sys.exit(code)
