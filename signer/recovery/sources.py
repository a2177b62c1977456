"""Where published artifacts lie: the exchange, and the files and folders that an operator hands over.

Nothing is believed here: what lies there is handed on as octets, with what a bundle's name says of it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.bundle.manifest import is_bundle_name
from revocation.bundle.reader import split_responses
from revocation.der import DERError
from revocation.errors import BundleError, InputError, Unreadable
from revocation.part import Part
from revocation.wire.exchange import Exchange
from signer.importers.crl import PEM_LABEL

_SEQUENCE: Final = b"\x30"


@dataclass(frozen=True)
class Found:
    """One object.

    Attributes:
        kind: what it is said to be; None where nobody says it.
        place: for people.
        bundle: its sequence and part, as its name says, where it lies in one.
    """

    data: bytes
    kind: Kind | None
    place: str
    bundle: tuple[int, Part] | None = None


class Sources:
    """Everything that is to be read, in an order that is always the same.

    Attributes:
        damaged: bundles and files of the exchange that cannot be read, with the reason.
    """

    def __init__(self, exchange: Exchange, paths: Iterable[Path]) -> None:
        self._exchange, self._paths = exchange, list(paths)
        self.damaged: list[str] = []

    @property
    def highest(self) -> int:
        """The highest sequence of a bundle in the exchange, whatever is in it."""
        return max((int(stored.name.partition("-")[0]) for stored in self._exchange.list()), default=0)

    def __iter__(self) -> Iterator[Found]:
        """Each object.

        Raises:
            InputError: a path is not there, or a file that was named is no such object.
            Unreadable: the exchange cannot be read now.
        """
        for stored in self._exchange.list():
            with self._told():
                yield from _in_bundle(stored.name, self._exchange.open(stored.name))
        for path in self._paths:
            yield from self._below(path)

    def _below(self, path: Path) -> Iterator[Found]:
        try:
            files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
            for file in files:
                yield from self._in_file(file)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(error.filename or path)) from error

    def _in_file(self, file: Path) -> Iterator[Found]:
        if is_bundle_name(file.name):
            with self._told():
                yield from _in_bundle(file.name, file.open("rb"))
            return
        data = file.read_bytes()
        if PEM_LABEL in data:
            data = _der(data, file)
        if data[:1] == _SEQUENCE:
            yield Found(data, None, str(file))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Unreadable:
            raise
        except (BundleError, DERError) as error:
            self.damaged.append(str(error))


def _in_bundle(name: str, source: BinaryIO) -> Iterator[Found]:
    with source:
        reader = BundleReader(name, source)
        part, bundle = reader.manifest.part, (int(name.partition("-")[0]), reader.manifest.part)
        for _, data in reader.artifacts():
            pieces = split_responses(data) if part.kind is Kind.OCSP else (data,)
            for piece in pieces:
                yield Found(piece, part.kind, f"bundle {name}", bundle)


def _der(pem: bytes, file: Path) -> bytes:
    try:
        return x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
    except ValueError as error:
        raise InputError("is not a CRL in PEM", where=str(file)) from error
