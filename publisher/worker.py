"""`revocast worker publisher`: look every minute, and at once on a hint from the queue.

A hint says only that there may be something new; without any, without a queue even, everything is still published
within a minute. The worker needs the queue to be hurried, not to work.
"""

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from publisher.config import PublisherConfig
from publisher.publish import publish_each
from revocation import cli
from revocation.clock import now
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError
from revocation.messages import Verb, parse_message

_LOOK_SECONDS: Final = 60.0
_LOG: Final = logging.getLogger("revocast.publisher")


class Looking(threading.Thread):
    """Looks when told to, and every minute anyway; whatever a look ends with, the next one comes.

    Args:
        look: one look.
        every: seconds between looks when there are no hints.
    """

    def __init__(self, look: Callable[[], None], every: float = _LOOK_SECONDS) -> None:
        super().__init__(name="looking", daemon=True)
        self._look, self._every = look, every
        self._hint = threading.Event()
        self._stopping = False

    def run(self) -> None:
        """Look until stopped. Hints that come during a look lead to one more."""
        while not self._stopping:
            self._hint.clear()
            try:
                self._look()
            except RevocastError as error:
                _LOG.error("%s", error)
            except Exception:
                _LOG.exception("a look failed; the next one follows")
            self._hint.wait(self._every)

    def hint(self) -> None:
        """Look now."""
        self._hint.set()

    def stop(self) -> None:
        """Finish the look at hand, then end."""
        self._stopping = True
        self._hint.set()
        self.join()


@click.command()
@cli.config_option
def worker(config: Path | None) -> None:
    """Publish what the signer put into the exchange: at once on a hint from the queue, and every minute anyway.

    Prints `ready` when it listens; ends with exit code 0 on SIGTERM or SIGINT.
    """
    file = ConfigFile.read(config)
    publisher, public = PublisherConfig.read(file), PublicConfig.read(file)
    if publisher.queue is None:
        raise ConfigurationError(
            "publisher.queue is missing", where=str(file.path), advice="without a queue, `revocast publish` does it"
        )
    from revocation.wire.queue import PUBLISHER_QUEUE, Wire

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    looking = Looking(lambda: _look(publisher, public))
    looking.start()

    def hinted(text: str) -> None:
        if parse_message(text).verb is Verb.PUBLISH:
            looking.hint()

    Wire(publisher.queue).work(PUBLISHER_QUEUE, {str(Verb.PUBLISH): hinted}, ready=_say_ready)
    looking.stop()


def _look(publisher: PublisherConfig, public: PublicConfig) -> None:
    for outcome in publish_each(publisher, public, now()):
        for line in outcome.lines:
            _LOG.info("%s: %s", outcome.status.target, line)
        if outcome.error:
            _LOG.error("%s: %s", outcome.status.target, outcome.error)


def _say_ready() -> None:
    """Once, however often the queue server comes and goes."""
    if not _SAID.is_set():
        _SAID.set()
        click.echo("ready")


_SAID: Final = threading.Event()
