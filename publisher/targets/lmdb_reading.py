"""An LMDB store read by whoever only asks, beside a publisher that may be writing it; see `revocation/store.py`."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import lmdb

from revocation.errors import TargetError
from revocation.store import RESPONSES_DATABASE, STATUS_DATABASE, require_whole

STATUS: Final = b"status"
ENTRIES: Final = b"entries"
_FILLED_UP_WITHIN: Final = 0.1


def read_status(folder: Path) -> bytes | None:
    """The status of a store; None when there is no store, or none in it.

    Raises:
        TargetError: it cannot be read, or was cut.
    """
    with _opened(folder) as environment:
        if environment is None:
            return None
        statuses = environment.open_db(STATUS_DATABASE, create=False)
        responses = environment.open_db(RESPONSES_DATABASE, create=False)
        with environment.begin() as txn:
            return status_in(txn, statuses, responses)
    return None


def read_responses(folder: Path, keys: Iterable[bytes]) -> list[bytes]:
    """The values of those keys that a store has; see `StoredResponse.decode`. Empty when there is no store.

    Raises:
        TargetError: it cannot be read, or was cut.
    """
    with _opened(folder) as environment:
        if environment is None:
            return []
        with environment.begin(db=environment.open_db(RESPONSES_DATABASE, create=False)) as txn:
            return [bytes(value) for key in keys if (value := txn.get(key)) is not None]
    return []


def status_in(txn: Any, statuses: Any, responses: Any) -> bytes | None:
    """The status, if the store still holds as many responses as when it was saved."""
    status, entries = txn.get(STATUS, db=statuses), txn.get(ENTRIES, db=statuses)
    fits = entries == str(txn.stat(responses)["entries"]).encode()
    return bytes(status) if status is not None and fits else None


@contextmanager
def _opened(folder: Path) -> Iterator[Any]:
    """The environment, None where there is none. A database that is not there yet ends the block.

    Its map is as large as the publisher's: in one that fits what is there now, nobody could read what comes meanwhile.
    """
    data = folder / "data.mdb"
    try:
        if not data.exists():
            yield None
            return
        with lmdb.open(str(folder), map_size=0, readonly=True, max_dbs=4, create=False) as environment:
            _require_whole(environment, data)
            yield environment
    except lmdb.NotFoundError:
        return
    except (lmdb.Error, OSError) as error:
        raise TargetError(
            f"the store cannot be read: {error}",
            where=str(folder),
            advice="`revocast publish` or `revocast refresh` sets a damaged one aside and fills a new one",
        ) from error


def _require_whole(environment: Any, data: Path) -> None:
    """A publisher fills the file up right after a transaction: one that is too short is looked at twice."""
    try:
        require_whole(environment, data)
    except OSError:
        time.sleep(_FILLED_UP_WITHIN)
        require_whole(environment, data)
