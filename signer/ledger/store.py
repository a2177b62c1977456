"""The seam between the ledger and the database that holds it: what the two kinds of database do differently."""

from contextlib import AbstractContextManager
from typing import Final, Protocol

from sqlalchemy import Engine

WRITES: Final = "revocast_writes"
"""The execution option of a connection whose transaction is to be alone with the ledger."""

BUSY_SECONDS: Final = 30
"""How long a writing transaction waits for another one."""


class Store(Protocol):
    """One database.

    Attributes:
        where: how messages name it.
        unopened: what to do when it cannot be opened.
        unread: what to do when it cannot be reached.
        unwritten: what to do when a transaction failed.
    """

    where: str
    unopened: str
    unread: str
    unwritten: str

    def engine(self) -> Engine:
        """Connections on which a transaction begins as its execution options ask. Raises ConfigurationError."""

    def make(self) -> None:
        """Have the place there, with the rights that it needs. Raises OSError."""

    def signing(self) -> AbstractContextManager[None]:
        """A lock that one process at a time holds, and that its death releases."""

    def is_same(self) -> bool:
        """Whether what is there now is what was opened: a file can be replaced by another."""

    def close(self) -> None:
        """Let go of what says that the ledger is open."""
