"""`revocast worker publisher`: look every minute, and at once on a hint.

A hint says only that there may be something new; without any, without a queue even, everything is still published
within a minute. The worker needs the queue server to be hurried, not to work. A signer tells every publisher that
listens, a scheduler one, through their queue.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from publisher.alarms import NowAndThen, alarms
from publisher.config import PublisherConfig
from publisher.publish import Outcome, publish_each
from publisher.targets.alarm import Alarm
from revocation import cli
from revocation.clock import now
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError
from revocation.logs import about, log_to_stderr
from revocation.messages import Verb, parse_message
from revocation.wire.notefile import NoteFile
from revocation.wire.notes import of_publisher
from revocation.wire.statusnote import note_of

if TYPE_CHECKING:
    from revocation.wire.journal import Journal
    from revocation.wire.looker import Looker

_STOPPING_SECONDS: Final = 60.0
_REFUSED: Final = (
    "what is published stays, and this is not tried again as it is. See {}, and whether the signer made it: if not, "
    "somebody else writes into the exchange"
)
_LOG: Final = logging.getLogger("revocast.publisher")


@click.command()
@cli.config_option
def worker(config: Path | None) -> None:
    """Publish what the signer put into the exchange: at once on a hint, and every minute anyway.

    Prints `ready` when it listens; ends with exit code 0 on SIGTERM or SIGINT.
    """
    log_to_stderr("publisher")
    file = ConfigFile.read(config)
    publisher, public = PublisherConfig.read(file), PublicConfig.read(file)
    if publisher.queue is None:
        raise ConfigurationError(
            "publisher.queue is missing", where=str(file.path), advice="without a queue, `revocast publish` does it"
        )
    from revocation.wire.looker import Looker
    from revocation.wire.queue import PUBLISHER_QUEUE, Wire

    wire, told = Wire(publisher.queue), NowAndThen()
    looker = Looker(lambda: _look(publisher, public, wire.journal, told))
    hints = wire.hints(looker.wake)
    looker.start()
    hints.listen()

    def hinted(text: str) -> None:
        message = parse_message(text)
        if message.verb is Verb.PUBLISH:
            hints.take(message.id)

    wire.work(PUBLISHER_QUEUE, {str(Verb.PUBLISH): hinted}, ready=lambda: _listens(looker))
    hints.stop()
    looker.stop(_STOPPING_SECONDS)


def _look(publisher: PublisherConfig, public: PublicConfig, journal: "Journal", told: NowAndThen) -> None:
    try:
        outcomes = publish_each(publisher, public, now)
    except RevocastError as error:
        journal.failed({of_publisher(table.name): str(error) for table in publisher.targets}, now())
        raise
    for outcome in outcomes:
        target = outcome.status.target
        _tell(outcome, publisher.state)
        if outcome.error:
            _LOG.error("%s: %s", target, outcome.error, extra=about(target=target))
    succeeded = [of_publisher(one.status.target) for one in outcomes if not one.error]
    _keep(succeeded, publisher.noted)
    journal.failed({of_publisher(one.status.target): str(one.error) for one in outcomes if one.error}, now())
    journal.succeeded(succeeded, now())
    if any(spec.name.delta for profile in public.profiles.values() for spec in profile.crls.values()):
        journal.publishes([one.status for one in outcomes])  # the signer bases deltas on it
    threats = alarms(publisher)
    journal.tell([note_of(one.status, _of(one.status.target, threats), now()) for one in outcomes])
    for alarm in told.worth_telling(threats):
        _LOG.warning("%s", alarm, extra=about(target=alarm.target))


def _keep(names: Sequence[str], path: Path) -> None:
    """The same in a file, for `revocast schedule` on this machine: our user of the queue server may not read there."""
    try:
        NoteFile(path).note(names, now())
    except OSError as error:
        _LOG.warning("%s: what was done could not be noted: %s", path, error.strerror)


def _tell(outcome: Outcome, state: Path) -> None:
    """What was done, for the log: what somebody should look into as a warning, when it happens and not at each look."""
    refused = {str(bundle) for bundle in outcome.set_aside}
    wrong = {str(crl) for crl in (*outcome.status.put_back, *outcome.status.disturbed)}
    target = outcome.status.target
    for line in outcome.lines:
        extra = about(target=target, bundle=outcome.about.get(line))
        if line in refused:
            _LOG.warning("%s: %s; %s", target, line, _REFUSED.format(state / "set-aside"), extra=extra)
        else:
            _LOG.log(logging.WARNING if line in wrong else logging.INFO, "%s: %s", target, line, extra=extra)


def _of(target: str, threats: Sequence[Alarm]) -> list[str]:
    return [alarm.sentence for alarm in threats if alarm.target == target]


def _listens(looker: "Looker") -> None:
    """Say so, once. When the queue server comes back, hints are lost, and what it held of ours may be."""
    if _SAID.is_set():
        looker.wake()
        return
    _SAID.set()
    click.echo("ready")


_SAID: Final = threading.Event()
