"""`revocast worker signer`: works its queues off, and looks by itself. It opens no listening socket."""

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from revocation import cli, clock
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, NoAnswer, RevocastError
from revocation.logs import about, log_to_stderr
from revocation.messages import Outcome, Publish, Reply, Verb, compose
from revocation.visible import visible
from revocation.wire.job import Task, Together
from revocation.wire.looker import Looker
from revocation.wire.notes import of_signer
from revocation.wire.queue import ISSUES_QUEUE, LOOKS_QUEUE, SIGNER_QUEUE, Wire
from revocation.wire.route import REGISTRARS_QUEUE
from signer.acknowledgements import Acknowledgements
from signer.asked import Asked
from signer.change import change_together
from signer.followed import messages_in
from signer.issuing.issue import issue_together
from signer.issuing.lanes import IssuingLanes, issuing_here
from signer.issuing.thread import IssuingThread
from signer.ledger.early import ONE_SECOND
from signer.ledger.issued import Issued
from signer.look import look
from signer.looks import Looks
from signer.noting import Noting
from signer.signer import Signer, open_signer
from signer.slice_sizes import large_slices
from signer.unlocking import unlock_in_time

_LOG: Final = logging.getLogger("revocast.signer")
_STOPPING_SECONDS: Final = 10.0
_TELLING_SECONDS: Final = 1.0
_UNLOCKING_SECONDS: Final = 30.0
_SWITCHING_SECONDS: Final = 0.0005
"""How long the looker may hold the interpreter while messages wait for it: recording one asks for it fifteen times."""

_MOST_IDS: Final = 20
"""Of unsigned messages, which anybody may send, in a line of the log."""

_CHANGES: Final = (Verb.REVOKE, Verb.RELEASE, Verb.RAISE, Verb.EXCUSE, Verb.DISCARD, Verb.REGISTER)
_LOOKS: Final = (Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN, Verb.DUE)


@click.command(short_help="Handle the signer's queues.")
@click.option("--passphrases-fd", type=int, help="A pipe with what `signer unlock` wrote.")
@cli.config_option
def worker(passphrases_fd: int | None, config: Path | None) -> None:
    """Handle the signer's queues, and look at what is due at the start and every minute.

    Signed messages come before unsigned ones. Prints `ready` when it listens. Keys are unlocked at the start, so that
    a wrong passphrase or PIN is known at once. One that is wrong, or a key that is not there, is reported, and tried or
    looked for again when it is needed; what does not need it is done.
    """
    log_to_stderr("signer")
    sys.setswitchinterval(_SWITCHING_SECONDS)
    signer = open_signer(ConfigFile.read(config), clock.now(), _typed(passphrases_fd))
    if signer.config.queue is None:
        raise ConfigurationError(
            "signer.queue is not set", advice="a worker needs a queue; without one, use `revocast refresh`"
        )
    unlock_in_time(signer, _UNLOCKING_SECONDS)
    for advice in large_slices(signer, clock.now()):
        _LOG.warning("%s", advice)
    wire = Wire(signer.config.queue)
    acknowledgements = Acknowledgements(wire.put_reply)
    noting = Noting(wire.journal)
    looker = Looker(lambda: look_once(signer, wire, asked, noting))
    teller = Looker(lambda: _tell(acknowledgements))
    asked = Asked(signer.public.profiles, looker.wake)
    looks = Looks(signer, asked)
    changes = _changes(signer, acknowledgements, looks, looker, teller)
    issuing = _issuing(signer, wire, looker)
    queues = {
        SIGNER_QUEUE: dict.fromkeys(map(str, _CHANGES), lambda text: changes([text])),
        REGISTRARS_QUEUE: dict.fromkeys(map(str, _CHANGES), lambda text: changes([text])),
        ISSUES_QUEUE: {str(Verb.ISSUE): lambda text: issuing.add([text])},
        LOOKS_QUEUE: dict.fromkeys(map(str, _LOOKS), _look_task(wire, looks)),
    }
    looker.start()
    teller.start()
    issuing.start()
    together = {SIGNER_QUEUE: changes, REGISTRARS_QUEUE: changes, ISSUES_QUEUE: issuing.add}
    try:
        wire.work_in_order(queues, ready=lambda: click.echo("ready"), together=together)
    finally:
        issuing.stop(_STOPPING_SECONDS)
        looker.stop(_STOPPING_SECONDS)
        signer.signing.kill()  # one that hangs would be waited for
        teller.stop(_TELLING_SECONDS)
        with suppress(NoAnswer):
            acknowledgements.hand_out(clock.now() + ONE_SECOND)


def look_once(signer: Signer, wire: Wire, asked: Asked, noting: Noting) -> float | None:
    """Make what is due, tell publishers of each thing, reply to who asked for it, and say in how many seconds to look
    again, if that is soon.
    """
    batch = asked.take(clock.now())
    try:
        report = look(signer, clock.now, hint=batch.hint, tell=lambda: _hint(wire, clock.now()))
    except Exception as error:
        noting.failed(error, clock.now())
        _offer(wire, batch.failed(error, clock.now()))
        if not asked.next_at():
            raise
        _LOG.error("%s", error, exc_info=None if isinstance(error, RevocastError) else error)
        return _seconds_until(asked.next_at())
    if batch.tasks:
        _LOG.info("looked as was asked", extra=about(message_ids=list(batch.tasks)[:_MOST_IDS]))
    for made, row in report.bundles:
        _LOG.info("made %s", made, extra=_about_bundle(signer, row) if row else None)
    for problem in report.problems:
        _LOG.error("%s", problem)
    _offer(wire, batch.replies(report, clock.now()))
    noting.looked(report, batch.tasks.values(), clock.now())
    return _seconds_until(report.again_at, asked.next_at())


def _seconds_until(*moments: datetime | None) -> float | None:
    """Until the first of them, some moments at least."""
    soon = [at for at in moments if at is not None]
    return max(0.01, clock.seconds_until(min(soon))) if soon else None


def _offer(wire: Wire, replies: Sequence[Reply]) -> None:
    """Put the replies of a look; who gets none asks again."""
    if not replies:
        return
    try:
        wire.put_reply(*replies)
    except NoAnswer as error:
        _LOG.warning("%s", error)


def _tell(acknowledgements: Acknowledgements) -> float | None:
    """Hand out the replies that waited for their second, however long a look takes; in how many the next one does."""
    try:
        acknowledgements.hand_out(clock.now())
    except NoAnswer as error:
        _LOG.warning("%s", error)
    return _seconds_until(acknowledgements.next_at())


def _look_task(wire: Wire, looks: Looks) -> Task:
    """What is done with an unsigned message: offer the reply, or leave that to the look."""

    def task(text: str) -> None:
        reply = looks.handle(text, clock.now)
        if reply is not None:
            if reply.outcome is not Outcome.DONE:
                _tell_of(reply)
            wire.put_reply(reply)

    return task


def _changes(
    signer: Signer, acknowledgements: Acknowledgements, looks: Looks, looker: Looker, teller: Looker
) -> Together:
    """What is done with signed messages: record, reply, and have the looker look when a fact changed.

    A burst is recorded in few transactions, and by the time that the looker can sign the next CRL it lists all of them.
    A look in place of the looker's would hold up the messages behind.
    """

    def changes(texts: Sequence[str]) -> None:
        replies = change_together(signer, texts, clock.now)
        acknowledgements.add(replies)
        if any(reply.outcome is Outcome.DONE for _, reply in replies):
            looks.forget()
            looker.wake()
        for _, reply in replies:
            _tell_of(reply)
        acknowledgements.hand_out(clock.now())
        if acknowledgements.next_at():
            teller.wake()

    return changes


def _issuing(signer: Signer, wire: Wire, looker: Looker) -> IssuingLanes:
    """What is done with messages that ask for certificates: the looker signs their responses, many together."""

    def issue(texts: Sequence[str]) -> Sequence[Reply]:
        replies = issue_together(signer, texts, clock.now, looker.wake_soon)
        for reply in replies:
            _tell_of(reply)
        return replies

    def told(error: Exception | None) -> None:
        name = of_signer(Verb.ISSUE)
        wire.journal.failed({name: str(error)}, clock.now()) if error else wire.journal.over([name])

    def open_thread() -> IssuingThread:
        return IssuingThread(issue, wire.put_reply, clock.now, told)

    return IssuingLanes(signer.public, issuing_here(signer), open_thread)


def _about_bundle(signer: Signer, row: Issued) -> Mapping[str, object]:
    ids = messages_in(signer, row)
    return about(bundle=row.name, issuer=row.part.issuer, revision=row.revision, message_ids=ids)


def _tell_of(reply: Reply) -> None:
    """What became of a message, done or refused."""
    what = about(message_id=reply.id, issuer=reply.issuer, revision=reply.revision, outcome=str(reply.outcome))
    if reply.outcome is Outcome.DONE:
        _LOG.info("message %s: done: %s", reply.id, visible(reply.detail), extra=what)
    else:
        _LOG.warning("message %s: %s: %s", reply.id, reply.outcome, visible(reply.detail), extra=what)


def _hint(wire: Wire, now: datetime) -> None:
    """Tell publishers that there is something; they look by themselves when this is lost."""
    try:
        wire.tell_publishers(compose(Verb.PUBLISH, Publish(), now))
    except NoAnswer as error:
        _LOG.warning("%s", error)


def _typed(descriptor: int | None) -> dict[str, bytes] | None:
    if descriptor is None:
        return None
    with os.fdopen(descriptor) as pipe:
        return {name: passphrase.encode() for name, passphrase in json.load(pipe).items()}
