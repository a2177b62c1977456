"""Whether the periodic work is done: asked for, and ended well, after a moment, by what is noted in the queue server.

What is published looks right for a while also where nobody works any more, and a process that hangs lives.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from revocation.messages import Verb
from revocation.wire.journal import Journal
from revocation.wire.notes import Notes, all_names, of_publisher, of_signer
from tests.e2e.servers import Servers

_BY_SIGNER: Final = (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN)
_TASKS: Final = (*_BY_SIGNER, Verb.PUBLISH)
_PAUSE: Final = 0.5


def missing(notes: Notes, since: datetime, targets: Collection[str]) -> Iterator[str]:
    """What of the periodic work was not asked for, or had no success, later than that; times are of whole seconds."""
    for task in _TASKS:
        if not _is_later(notes.asked.get(task), since):
            yield f"no scheduler asked for {task}"
    for name in (*map(of_signer, _BY_SIGNER), *map(of_publisher, targets)):
        if not _is_later(notes.successes.get(name), since):
            yield f"no success of {name}"


def await_noted(servers: Servers, targets: Sequence[str], seconds: float) -> tuple[list[str], float]:
    """What of the work at these targets was not done from now on within so many seconds, and how long it took."""
    since, started = datetime.now(UTC).replace(microsecond=0), time.monotonic()
    with servers.valkey.client() as client:
        journal = Journal(client)
        while True:
            lacking, took = list(missing(journal.read(all_names(targets)), since, targets)), time.monotonic() - started
            if not lacking or took > seconds:
                return lacking, took
            time.sleep(_PAUSE)


def _is_later(at: datetime | None, since: datetime) -> bool:
    return at is not None and at > since
