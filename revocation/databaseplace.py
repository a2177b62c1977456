"""Where a database is, as a configuration says it: nothing secret stands in it."""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import BeforeValidator, ValidationInfo

_POSTGRESQL: Final = ("postgresql://", "postgres://")


def _place(place: object, info: ValidationInfo) -> object:
    """A file beside the configuration, or the address of a PostgreSQL database; a password does not stand in it."""
    if isinstance(place, str) and "://" in place and not place.startswith(_POSTGRESQL):
        raise ValueError("is of no database that is known here: a file (SQLite), or postgresql://USER@HOST/DATABASE")
    if not isinstance(place, str) or not place.startswith(_POSTGRESQL):
        return _beside(Path(place), info) if isinstance(place, str | Path) else place
    address = urlsplit(place)
    if address.password is not None or "password" in parse_qs(address.query):
        raise ValueError(
            "holds a password: leave it out, and put it into ~/.pgpass, the file that $PGPASSFILE names, or use a "
            "socket on which the server knows the user (`peer`)"
        )
    return place


def _beside(path: Path, info: ValidationInfo) -> Path:
    directory: Path | None = (info.context or {}).get("directory")
    return directory / path if directory else path


DatabasePlace = Annotated[Path | str, BeforeValidator(_place)]
"""A path is SQLite, a str is the address of a PostgreSQL database."""
