"""Whether the database takes what is written, as a probe asks: looked at once in a while, however often it is asked."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from revocation.errors import RevocastError

EVERY: Final = timedelta(seconds=10)
_SAME: Final = text("UPDATE alembic_version SET version_num = version_num")


class Writable:
    """The last look, and what came of it."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._looked_at: datetime | None = None
        self._trouble: RevocastError | None = None

    def require(self, look: Callable[[], None], now: datetime) -> None:
        """Return if the last look, not older than `EVERY`, wrote. Who asks while another looks has the one before.

        Args:
            look: writes something, or raises RevocastError.

        Raises:
            RevocastError: it did not.
        """
        if self._looking.acquire(blocking=False):
            try:
                if self._looked_at is None or abs(now - self._looked_at) >= EVERY:
                    self._looked_at, self._trouble = now, _found(look)
            finally:
                self._looking.release()
        if (trouble := self._trouble) is not None:
            raise type(trouble)(trouble.what, where=trouble.where, advice=trouble.advice)


def write_the_same(connection: Connection) -> None:
    """Write one row as it is: the least that a full disk or a read-only database refuses."""
    connection.execute(_SAME)


def _found(look: Callable[[], None]) -> RevocastError | None:
    try:
        look()
    except RevocastError as error:
        return error
    return None
