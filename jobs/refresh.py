"""`revocast refresh`: everything that is due, without a queue, for cron or a timer; and its parts by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobs.behind import clock_behind
from jobs.courier import Courier, reachable_courier
from jobs.installation import Installation
from jobs.lock import held
from jobs.reconcile import lacks_delta, looks
from jobs.signer_process import SignerProcess
from jobs.terminal import printable
from revocation import cli
from revocation.clock import now as clock_now
from revocation.errors import RevocastError
from revocation.messages import Message, Outcome, Reply, Verb, compose
from revocation.published import TargetStatus
from revocation.wire.notefile import NoteFile
from revocation.wire.notes import of_publisher, of_signer

if TYPE_CHECKING:
    from publisher.publish import Outcome as Publication

EVERYTHING = (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN)
_TIMEOUT = click.option(
    "--timeout", default=600.0, show_default=True, type=click.FloatRange(min=1), help="Seconds to wait for the signer."
)


@dataclass(frozen=True)
class Outcomes:
    """What came of a run: the signer's replies, what the targets then say, and what went wrong on the way.

    Attributes:
        done: what the publisher did, for people: a target and a line.
    """

    replies: list[tuple[Verb, Reply]]
    statuses: Sequence[TargetStatus]
    errors: list[RevocastError]
    refused: Sequence[str] = ()
    done: Sequence[tuple[str, str]] = ()

    @property
    def exit_code(self) -> int:
        """0 when all of it worked, else the code of the first failure; 1 when a bundle was set aside."""
        if self.errors:
            return self.errors[0].exit_code
        done = all(reply.outcome is Outcome.DONE for _, reply in self.replies)
        return 0 if done and not self.refused else 1

    def as_json(self) -> dict[str, object]:
        """The same for scripts."""
        return {
            "replies": [{"verb": verb, **reply.model_dump(mode="json")} for verb, reply in self.replies],
            "targets": [{**_target_summary(status), "done": self.lines_of(status)} for status in self.statuses],
            "errors": [str(error) for error in self.errors],
            "set_aside": list(self.refused),
            "exit_code": self.exit_code,
        }

    def lines_of(self, status: TargetStatus) -> list[str]:
        """What was done for a target."""
        return [line for target, line in self.done if target == status.target]


@click.command()
@cli.config_option
@cli.json_option
@_TIMEOUT
@click.option("--quiet", is_flag=True, help="Say nothing when all is done.")
@click.pass_context
def refresh(context: click.Context, config: Path | None, timeout: float, *, as_json: bool, quiet: bool) -> None:
    """Do all that is due, without a queue: renew responder certificates, CRLs and OCSP responses, and publish them.

    Made for cron: `revocast schedule --cron` says how often. Two runs never overlap. Where the configuration has no
    targets, what is made waits in the exchange for `revocast publish` on another machine.

    Exit code 0: all done. 1: something failed. 2: configuration. 5: the signer did not answer.
    """
    installation = Installation.read(config)
    with held(installation.jobs.state / "refresh.lock", "refresh"):
        has_targets = installation.publisher is not None
        outcomes = run(installation, SignerProcess(installation.path), EVERYTHING, timeout, publish=has_targets)
        note(outcomes, installation.refreshed)
    if outcomes.exit_code or not quiet:
        _show(outcomes, as_json=as_json)
    context.exit(outcomes.exit_code)


@click.command()
@cli.config_option
@cli.json_option
@_TIMEOUT
@click.pass_context
def generate_crls(context: click.Context, config: Path | None, timeout: float, *, as_json: bool) -> None:
    """Make the CRLs that are due. Nothing due, nothing made."""
    _one(context, config, Verb.GENERATE_CRLS, timeout, as_json=as_json)


@click.command()
@cli.config_option
@cli.json_option
@_TIMEOUT
@click.pass_context
def generate_ocsp_keys(context: click.Context, config: Path | None, timeout: float, *, as_json: bool) -> None:
    """Renew the OCSP responder keys and certificates that are due. Nothing due, nothing made."""
    _one(context, config, Verb.GENERATE_OCSP_KEYS, timeout, as_json=as_json)


def _one(context: click.Context, config: Path | None, verb: Verb, timeout: float, *, as_json: bool) -> None:
    """One task, over the queue when it answers (the publisher's worker then publishes), else as `refresh` does it."""
    installation = Installation.read(config)
    chosen = reachable_courier(installation)
    if isinstance(chosen, SignerProcess):
        with held(installation.jobs.state / "refresh.lock", "refresh"):
            outcomes = run(installation, chosen, (verb,), timeout, publish=installation.publisher is not None)
    else:
        outcomes = run(installation, chosen, (verb,), timeout, publish=False)
    _show(outcomes, as_json=as_json)
    context.exit(outcomes.exit_code)


def run(
    installation: Installation, chosen: Courier, verbs: Sequence[Verb], timeout: float, *, publish: bool
) -> Outcomes:
    """Ask the signer for what is due, then publish. A signer that fails keeps nothing that is ready from going out.

    The first delta needs a complete CRL that the signer is told to be published: then it is asked once more.
    """
    outcomes = _once(installation, chosen, verbs, timeout, publish=publish)
    if Verb.GENERATE_CRLS not in verbs or not lacks_delta(installation.public, outcomes.statuses):
        return outcomes
    again = _once(installation, chosen, (Verb.GENERATE_CRLS,), timeout, publish=publish)
    replies, errors = [*outcomes.replies, *again.replies], [*outcomes.errors, *again.errors]
    refused, done = [*outcomes.refused, *again.refused], [*outcomes.done, *again.done]
    return Outcomes(replies, again.statuses, errors, refused, done)


def _once(
    installation: Installation, chosen: Courier, verbs: Sequence[Verb], timeout: float, *, publish: bool
) -> Outcomes:
    errors: list[RevocastError] = []
    replies: list[tuple[Verb, Reply]] = []
    before = installation.statuses(clock_now())
    try:
        replies = list(zip(verbs, chosen.ask(_messages(before, verbs, clock_now()), timeout), strict=True))
    except RevocastError as error:
        errors.append(error)
    published: Sequence[Publication] = []
    if publish:
        try:
            published = installation.publish_each(clock_now)
        except RevocastError as error:
            errors.append(error)
    errors += [outcome.error for outcome in published if outcome.error]
    statuses = [outcome.status for outcome in published if not outcome.error]
    errors += clock_behind(statuses, installation.public, clock_now())
    known = _set_aside(before)
    refused = [
        f"{bundle}: {reason}" for (bundle, at), reason in _set_aside(statuses).items() if (bundle, at) not in known
    ]
    done = [(outcome.status.target, line) for outcome in published for line in outcome.lines]
    return Outcomes(replies, statuses, errors, refused, done)


def note(outcomes: Outcomes, path: Path) -> None:
    """Keep when what succeeded did, for `revocast schedule`."""
    made = [of_signer(verb) for verb, reply in outcomes.replies if reply.outcome is Outcome.DONE]
    published = [of_publisher(status.target) for status in outcomes.statuses]
    try:
        NoteFile(path).note([*made, *published], clock_now())
    except OSError as error:
        outcomes.errors.append(RevocastError(f"what was done could not be noted: {error.strerror}", where=str(path)))


def _set_aside(statuses: Sequence[TargetStatus]) -> dict[tuple[str, datetime], str]:
    return {(aside.bundle, aside.at): aside.reason for status in statuses for aside in status.set_aside}


def _messages(published: Sequence[TargetStatus], verbs: Sequence[Verb], now: datetime) -> list[Message]:
    bodies = looks(published)
    return [compose(verb, bodies[verb], now) for verb in verbs]


def _show(outcomes: Outcomes, *, as_json: bool) -> None:
    for error in outcomes.errors:
        cli.show_error(error)
    for reason in outcomes.refused:
        click.echo(f"set aside: {printable(reason)}", err=True)
    if as_json:
        cli.print_json(outcomes.as_json())
        return
    for verb, reply in outcomes.replies:
        click.echo(f"{verb}: {reply.outcome}" + (f" ({printable(reply.detail)})" if reply.detail else ""))
        if reply.advice:
            click.echo(f"  {printable(reply.advice)}")
    for status in outcomes.statuses:
        summary = _target_summary(status)
        click.echo(
            "target {target} holds {crls} CRLs, {responses} OCSP responses; {set_aside} bundles set aside".format(
                **summary
            )
        )
        for line in outcomes.lines_of(status):
            click.echo(f"  {printable(line)}")


def _target_summary(status: TargetStatus) -> dict[str, object]:
    return {
        "target": status.target,
        "crls": len(status.crls),
        "slices": len(status.slices),
        "responses": sum(row.count for row in status.slices),
        "set_aside": len(status.set_aside),
    }
