"""From the configuration of a target to the target itself; libraries are loaded for the kinds that are configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from publisher.config import DirectoryTable, TargetTable
from publisher.targets.directory import DirectoryTarget
from revocation.artifacts import Kind

if TYPE_CHECKING:
    from publisher.targets.lmdb import LMDBTarget

KINDS: Final = {"directory": (Kind.CRL, Kind.ISSUER), "lmdb": (Kind.OCSP,)}
"""What each kind of target takes."""


@contextmanager
def opened_target(table: TargetTable) -> "Iterator[DirectoryTarget | LMDBTarget]":
    """The target, closed afterwards.

    Raises:
        TargetError: it cannot be opened.
    """
    if isinstance(table, DirectoryTable):
        yield DirectoryTarget(table.path)
        return
    from publisher.targets.lmdb import LMDBTarget

    with LMDBTarget(table.path, table.map_size_gib << 30) as target:
        yield target


def saved_status(table: TargetTable) -> bytes | None:
    """The status that lies in a target, read without opening it for writing; None when there is none.

    Raises:
        TargetError: it cannot be read.
    """
    if isinstance(table, DirectoryTable):
        return DirectoryTarget(table.path).load_status()
    from publisher.targets.lmdb import read_status

    return read_status(table.path)
