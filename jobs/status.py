"""`revocast status`: what is published on each target, how fresh it is, and what the signer says is due, and why."""

import itertools
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from jobs.artifact_metrics import Published, exposition
from jobs.behind import clock_behind
from jobs.installation import Installation
from jobs.issuer_files import grouped, issuer_lines
from jobs.overview import Line, State, held, large_slices, lines, set_aside, undone
from jobs.registrar_fit import out_of_reach
from jobs.seen import see
from jobs.series import series_left
from jobs.terminal import printable, span
from jobs.wanted import Wanted, ask_signer, look_at_exchange
from jobs.work import look_at_work
from publisher.audit_heads import AuditHeads
from revocation import cli
from revocation.clock import now as clock_now
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, NotInstalled, RevocastError
from revocation.installed import named

_UNKNOWN: Final = 3
_WIDTH: Final = 160
_COLUMNS: Final = ("what", "state", "number", "revision", "age", "left", "renewed in")
_STYLES: Final = {
    State.FRESH: "green",
    State.DUE: "yellow",
    State.BEHIND: "bold red",
    State.OVERDUE: "bold red",
    State.EXPIRED: "bold red",
    State.MISSING: "bold red",
}


class Unseen(RevocastError):
    """What is published cannot be seen at all from here, so nothing is known of it."""

    exit_code = _UNKNOWN

    def __init__(self, error: RevocastError) -> None:
        super().__init__(error.what, where=error.where, advice=error.advice)


@click.command()
@cli.config_option
@cli.json_option
@click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for the signer.")
@click.option("--no-signer", is_flag=True, help="Do not ask the signer what is due.")
@click.option("--prometheus", is_flag=True, help="Print metrics for Prometheus instead.")
@click.pass_context
def status(
    context: click.Context, config: Path | None, timeout: float, *, as_json: bool, no_signer: bool, prometheus: bool
) -> None:
    """Show every artifact of every target: number, age, time left, when it is renewed, what is due and why.

    Targets of [publisher] are read; those that `targets` of [jobs] names besides are shown as their publishers tell.

    Exit code 0: all fresh. 1: something is overdue, expired, missing, behind what is recorded, was set aside, has been
    held for an hour, was put back from the archive, was changed or missing twice within an hour, is not configured
    any more and alone lists what is revoked, or starts later than this clock says, or a store is nearly full, or has a
    reader that keeps it growing, or a series comes near its end or has a gap, or periodic work has not succeeded for
    two intervals, as `revocast schedule` shows.
    Advice, as on too few OCSP slices or a base_url that clients of ACME cannot reach, changes none.
    3: unknown, as when the signer was asked and did not answer, the queue cannot be reached, or a publisher tells
    nothing.
    """
    try:
        installation = Installation.read(config)
        is_asked = not no_signer and installation.hears_signer
        with named("`revocast status`", "jobs"):
            seen = see(installation, clock_now())
            statuses = seen.statuses
            wanted = ask_signer(installation, statuses, timeout) if is_asked else look_at_exchange(installation)
            work = look_at_work(installation, statuses, clock_now())
    except RevocastError as error:
        if isinstance(error, ConfigurationError) and not isinstance(error, NotInstalled):
            raise
        raise Unseen(error) from error
    artifacts = lines(statuses, installation.public, wanted, clock_now())
    shown = grouped([*artifacts, *issuer_lines(installation.publisher, installation.public, clock_now())])
    is_stuck = any(bundle.is_overdue(clock_now()) for status in statuses for bundle in status.held)
    left = [f"{status.target}: {crl}" for status in statuses for crl in status.leftovers]
    back = [f"{status.target}: {crl}" for status in statuses for crl in status.put_back]
    disturbed = [f"{status.target}: {crl}" for status in statuses for crl in status.disturbed]
    goes_on = any(crl.goes_on for status in statuses for crl in status.disturbed)
    clock = [str(problem) for problem in clock_behind(statuses, installation.public, clock_now())]
    threats = [str(alarm) for alarm in seen.alarms]
    advice = [*large_slices(statuses, installation.public), *_breaks(installation, clock_now())]
    advice += out_of_reach(ConfigFile.read(installation.path))
    series = series_left(statuses, installation.public)
    threats += [f"{one.target}: {one.spec}: {said}" for one in series if (said := one.trouble(clock_now()))]
    is_refused = is_stuck or bool(set_aside(statuses) or left or back or goes_on or clock or threats or work.late)
    code = _exit_code(shown, is_refused=is_refused, is_unknown=bool(wanted.trouble or work.unknown or seen.unseen))
    more = undone(wanted.due, shown, installation.public)
    if prometheus:
        click.echo(exposition(Published(seen, artifacts, wanted, is_asked), installation.public, clock_now()), nl=False)
    elif as_json:
        cli.print_json(
            {
                "exit_code": code,
                "artifacts": [line.as_json() for line in shown],
                "due": more,
                "signer": "not asked" if not is_asked else wanted.trouble or "answered",
                "unseen": seen.sentences,
                "set_aside": set_aside(statuses),
                "held": held(statuses),
                "series": [one.as_json(clock_now()) for one in series],
                "not_configured": left,
                "put_back": back,
                "disturbed": disturbed,
                "clock": clock,
                "alarms": threats,
                "late": work.late,
                "failed": work.failed,
                "queue": work.unknown or None,
                "advice": advice,
            }
        )
    else:
        sentences = [f"set aside: {printable(sentence)}" for sentence in set_aside(statuses)]
        sentences += [f"held: {printable(sentence)}" for sentence in held(statuses)]
        sentences += [f"series: {one}" for one in series]
        sentences += [f"not configured: {printable(sentence)}" for sentence in left]
        sentences += [f"put back: {printable(sentence)}" for sentence in back]
        sentences += [f"disturbed: {printable(sentence)}" for sentence in disturbed]
        sentences += [printable(one) for one in [*clock, *threats, *seen.sentences, *work.sentences, *advice]]
        _print(shown, more, wanted, sentences)
    context.exit(code)


def _breaks(installation: Installation, now: datetime) -> list[str]:
    """What a publisher here saw of the signer's audit log that is to be known, and is no alarm."""
    return AuditHeads(installation.publisher.state, ()).breaks(now) if installation.publisher else []


def _exit_code(shown: list[Line], *, is_refused: bool, is_unknown: bool) -> int:
    if any(line.state.is_bad for line in shown) or is_refused:
        return 1
    return _UNKNOWN if is_unknown or not shown else 0


def _print(shown: list[Line], more: list[str], wanted: Wanted, unpublished: list[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = sys.stdout.isatty()
    console = Console() if is_terminal else Console(width=_WIDTH, no_color=True)

    def say(sentence: str) -> None:
        console.print(Text(sentence), soft_wrap=not is_terminal)  # a line each, for grep and for mails

    for (target, issuer), group in itertools.groupby(shown, key=lambda line: (line.target, line.issuer)):
        table = Table(title=Text(f"{target}: {issuer}"), box=box.SIMPLE, title_justify="left", padding=(0, 1, 0, 0))
        for name in _COLUMNS:
            table.add_column(name, overflow="fold")  # a number that does not fit goes on in the next line
        for line in group:
            ends = [_moment(line, line.left, "for ever"), _moment(line, line.renew_in, "never")]
            cells = [_count(line), _text(line.revision), span(line.age), *ends]
            table.add_row(line.what, Text(line.state, style=_STYLES[line.state]), *cells)
        console.print(table)
    for line in shown:
        if line.why:
            say(f"{line.target}: {line.issuer}: {line.what}: {line.why}")
    if wanted.trouble:
        say(f"The signer {wanted.trouble}.")
    for sentence in more:
        say(f"due: {printable(sentence)}")
    for sentence in unpublished:
        say(sentence)


def _count(line: Line) -> str:
    return _text(line.number) if line.responses is None else f"{line.responses} responses"


def _moment(line: Line, value: timedelta | None, never: str) -> str:
    """How far away something is; an artifact that has a number is there, so what is not said never comes."""
    return never if value is None and line.number is not None else span(value)


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)
