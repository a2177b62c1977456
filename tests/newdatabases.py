"""New databases (SQLite) as the migrations leave them, made once and copied from then on: most tests need not see them.

Those that see them are in tests/signer/ledger/ and tests/registrar/test_database.py.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


def put_ledger(file: Path) -> None:
    """Put a ledger where the signer will look for it, as if it had been opened there once."""
    _put(_ledger, file)


def put_registrar(file: Path) -> None:
    """The same of the registrar's database."""
    _put(_registrar, file)


def _put(make: Callable[[], bytes], file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(make())


@cache
def _ledger() -> bytes:
    from signer.ledger.ledger import Ledger  # late: not every machine has both rooms

    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        Ledger(file).close()
        return file.read_bytes()


@cache
def _registrar() -> bytes:
    from registrar.database import Database

    with TemporaryDirectory() as folder:
        file = Path(folder) / "registrar.sqlite"
        Database(file).close()
        return file.read_bytes()
