"""A new ledger as the migrations leave it, made once and copied from then on: most tests need not see them.

Those that see them are in tests/signer/ledger/.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from signer.ledger.ledger import Ledger


@cache
def _new() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        Ledger(file).close()
        return file.read_bytes()


def put_new(file: Path) -> None:
    """Put one (SQLite) where the signer will look for it, as if it had been opened there once."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(_new())
