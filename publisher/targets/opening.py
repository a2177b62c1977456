"""From the configuration of a target to the target itself; libraries are loaded for the kinds that are configured."""

from typing import TYPE_CHECKING, Final

from publisher.config import DirectoryTable, LMDBTable, TargetTable
from publisher.targets.directory import DirectoryTarget
from revocation.artifacts import Kind

if TYPE_CHECKING:
    from publisher.targets.lmdb import LMDBTarget

KINDS: Final = {"directory": (Kind.CRL, Kind.ISSUER), "lmdb": (Kind.OCSP,)}
"""What each kind of target takes."""


def open_store(table: LMDBTable) -> "LMDBTarget":
    """The store of responses; close it.

    Raises:
        TargetError: it cannot be opened.
    """
    from publisher.targets.lmdb import LMDBTarget

    return LMDBTarget(table.path, table.map_size_gib << 30)


def saved_status(table: TargetTable) -> bytes | None:
    """The status that lies in a target, read without opening it for writing; None when there is none.

    Raises:
        TargetError: it cannot be read.
    """
    if isinstance(table, DirectoryTable):
        return DirectoryTarget(table.path).load_status()
    from publisher.targets.lmdb_reading import read_status

    return read_status(table.path)
