"""`revocast worker registrar`: validates challenges and cleans up, when it is asked over the queue, and by itself.

A message says only that there may be something to look at: it names a challenge, and what is validated stands in the
database. So who can write to the queue has nothing validated that no client asked for.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import click

from registrar.cleanup import clean_up
from registrar.configured import read_registrar
from registrar.database import Database
from registrar.records import DatabaseRecords
from registrar.tenant import tenants_of
from registrar.validating import Validating
from revocation import cli
from revocation.clock import Clock
from revocation.clock import now as clock_now
from revocation.configfile import ConfigFile
from revocation.errors import InputError, RevocastError
from revocation.logs import log_to_stderr
from revocation.messages import Validate, Verb, parse_message
from revocation.wire.job import Task
from revocation.wire.looker import Looker
from revocation.wire.notes import of_registrar
from revocation.wire.queue import Wire
from revocation.wire.route import REGISTRAR_QUEUE

_LOG: Final = logging.getLogger("revocast.registrar")
_STOPPING_SECONDS: Final = 25.0
_CLEANING_SECONDS: Final = 5.0
_CLEANED_EVERY: Final = timedelta(minutes=15)
"""Without being asked; a scheduler asks every five minutes."""


@click.command()
@cli.config_option
def worker(config: Path | None) -> None:
    """Validate the challenges of ACME, and clean up, when the queue says so and by itself.

    Prints `ready` when it listens; ends with exit code 0 on SIGTERM or SIGINT.
    """
    log_to_stderr("registrar")
    settings, public = read_registrar(ConfigFile.read(config))
    database = Database(settings.database)
    records = DatabaseRecords(database, tenants_of(settings, public))
    cleanup = partial(clean_up, database, settings.retention) if settings.served_issuers else None
    run(Work(Validating(records, settings.validation, clock_now), cleanup), Wire(settings.queue), clock_now)


Cleanup: TypeAlias = Callable[[datetime], object]
"""Removes rows whose time is over by then, in batches."""


@dataclass(frozen=True)
class Work:
    """What the worker does.

    Attributes:
        cleanup: None where no issuer has ACME or the API.
    """

    validating: Validating
    cleanup: Cleanup | None


def run(work: Work, wire: Wire, now: Clock, ready: Callable[[], None] = lambda: click.echo("ready")) -> None:
    """Work the queue off until a signal says to stop; look at the database at once, and every minute."""
    looker = Looker(work.validating.look)
    cleaner = Looker(lambda: clean(work.cleanup, wire, now), _CLEANED_EVERY.total_seconds())
    work.validating.start()
    looker.start()
    cleaner.start()

    def listens() -> None:
        looker.wake()  # a queue server that was away has lost what it held
        ready()

    try:
        wire.work(REGISTRAR_QUEUE, tasks(work.validating, cleaner), ready=listens)
    finally:
        looker.stop(_CLEANING_SECONDS)
        cleaner.stop(_CLEANING_SECONDS)
        work.validating.stop(_STOPPING_SECONDS)


def tasks(validating: Validating, cleaner: Looker) -> Mapping[str, Task]:
    """What is done with each message: something is looked at soon, in another thread."""

    def validated(text: str) -> None:
        body = parse_message(text).typed_body()
        if not isinstance(body, Validate):
            raise InputError("is no message `validate`", where="queue registrar")
        if not validating.ask(body.challenge):
            _LOG.warning("challenge %s waits in the database: too many wait here", body.challenge)

    def cleaned(text: str) -> None:
        if parse_message(text).verb is not Verb.ACME_CLEANUP:
            raise InputError("is no message `acme_cleanup`", where="queue registrar")
        cleaner.wake()

    return {str(Verb.VALIDATE): validated, str(Verb.ACME_CLEANUP): cleaned}


def clean(cleanup: Cleanup | None, wire: Wire, now: Clock) -> None:
    """Clean up, and note that it was done, or why not.

    Raises:
        RevocastError: it was not.
    """
    name = of_registrar(Verb.ACME_CLEANUP)
    try:
        if cleanup is None:
            _LOG.info("acme_cleanup: no issuer has ACME or the API, so there is nothing to clean up")
        else:
            cleanup(now())
    except RevocastError as error:
        wire.journal.failed({name: str(error)}, now())
        raise
    wire.journal.succeeded([name], now())
