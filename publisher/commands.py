"""`revocast publish`: bring the targets up to date, now, and say what was done."""

from collections.abc import Sequence
from pathlib import Path

import click

from publisher.alarms import alarms
from publisher.config import PublisherConfig
from publisher.publish import Outcome, publish_each
from publisher.targets.alarm import Alarm
from revocation import cli
from revocation.clock import now
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import RevocastError
from revocation.wire.notefile import NoteFile
from revocation.wire.notes import of_publisher


@click.command()
@cli.config_option
@cli.json_option
@click.option("--quiet", is_flag=True, help="Say nothing when all is done.")
@click.pass_context
def publish(context: click.Context, config: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Bring every target up to date with the exchange, and say what was done.

    Safe at any time: what is published already is left as it is, what is damaged or lost is put again.

    Exit code 0: done. 1: a bundle was set aside now or has been held for an hour, or a target failed. 2: configuration.
    """
    file = ConfigFile.read(config)
    publisher = PublisherConfig.read(file)
    outcomes = publish_each(publisher, PublicConfig.read(file), now)
    trouble = _note(outcomes, publisher.noted)
    found = alarms(publisher)
    has_failed = bool(trouble) or any(_failed(outcome) for outcome in outcomes)
    if quiet and not has_failed and not found:
        return
    if as_json:
        cli.print_json([_as_json(outcome, found) for outcome in outcomes])
    else:
        for outcome in outcomes:
            _show(outcome)
        for alarm in found:
            click.echo(f"warning: {alarm}", err=True)
    if trouble:
        cli.show_error(trouble)
    context.exit(1 if has_failed else 0)


def _note(outcomes: Sequence[Outcome], path: Path) -> RevocastError | None:
    """Keep when what succeeded did, for `revocast schedule`; what is wrong where that cannot be kept."""
    try:
        NoteFile(path).note([of_publisher(one.status.target) for one in outcomes if not one.error], now())
    except OSError as error:
        return RevocastError(f"what was done could not be noted: {error.strerror}", where=str(path))
    return None


def _failed(outcome: Outcome) -> bool:
    return bool(outcome.error or outcome.set_aside or any(held.is_overdue(now()) for held in outcome.status.held))


def _show(outcome: Outcome) -> None:
    status = outcome.status
    responses = sum(row.count for row in status.slices)
    click.echo(f"{status.target}: {len(status.crls)} CRLs, {responses} OCSP responses")
    for line in outcome.lines:
        click.echo(f"  {line}")
    if outcome.error:
        cli.show_error(outcome.error)


def _as_json(outcome: Outcome, found: list[Alarm]) -> dict[str, object]:
    return {
        "target": outcome.status.target,
        "done": outcome.lines,
        "set_aside": [refused.model_dump(mode="json") for refused in outcome.set_aside],
        "error": str(outcome.error) if outcome.error else None,
        "alarms": [alarm.sentence for alarm in found if alarm.target == outcome.status.target],
        "status": outcome.status.model_dump(mode="json"),
    }
