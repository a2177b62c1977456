"""An exchange with one bundle more, which somebody handed over: a file of whatever name. It is only read."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from revocation.bundle import BundleReader
from revocation.bundle.manifest import is_bundle_name, part_of
from revocation.errors import BundleError, InputError
from revocation.wire.exchange import Exchange, Stored


class Handed:
    """It, beside what lies in the exchange.

    Args:
        exchange: the configured one.
        bundle: the file; in the exchange it is called as its manifest says.

    Raises:
        BundleError: it is no bundle, or its manifest names it as none.
        InputError: it cannot be read.
    """

    def __init__(self, exchange: Exchange, bundle: Path) -> None:
        self._exchange, self._path = exchange, bundle
        self.name = _name(bundle)

    def __str__(self) -> str:
        return f"{self._exchange} and {self._path}"

    def list(self) -> list[Stored]:
        """What lies in the exchange, and it, in the order of their names."""
        status = self._path.stat()
        mine = Stored(self.name, status.st_size, f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}")
        others = [stored for stored in self._exchange.list() if stored.name != self.name]
        return sorted([*others, mine], key=lambda stored: stored.name)

    def open(self, name: str) -> BinaryIO:
        """A seekable reader."""
        return self._path.open("rb") if name == self.name else self._exchange.open(name)

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> int:
        """Nothing: a publisher puts no bundle."""
        raise NotImplementedError(f"{name} is not put: a publisher only reads")

    def is_there(self) -> bool:
        """Whether the exchange is."""
        return self._exchange.is_there()

    def put_head(self, head: bytes) -> None:
        """Nothing: a publisher signs no head."""
        raise NotImplementedError("no head is put: a publisher only reads")

    def head(self) -> bytes | None:
        """What lies in the exchange."""
        return self._exchange.head()

    def remove(self, name: str) -> None:
        """Nothing: a publisher takes out no bundle."""
        raise NotImplementedError(f"{name} stays: a publisher only reads")


def _name(bundle: Path) -> str:
    try:
        with bundle.open("rb") as file:
            manifest = BundleReader(str(bundle), file, by_manifest=True).manifest
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=os.fspath(bundle)) from error
    if not is_bundle_name(manifest.bundle) or part_of(manifest.bundle) != manifest.part:
        raise BundleError("its manifest gives it the name of no bundle of its part", where=os.fspath(bundle))
    return manifest.bundle
