"""revocast.toml: finding it, reading one table of it, and saying what is wrong with it in the operator's words."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo

from revocation.errors import ConfigurationError

_Model = TypeVar("_Model", bound=BaseModel)
_PLACES = ("revocast.toml", "revocast-data/revocast.toml", "/etc/revocast/revocast.toml")
_LONGEST_SOCKET = 107
_TABLES = frozenset({"public", "signer", "publisher", "responder", "jobs"})


class Table(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    directory = (info.context or {}).get("directory")
    return (directory / path) if directory else path


LocalPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path in the configuration: relative ones are relative to the file that names them."""


def _socket_beside_the_file(url: str, info: ValidationInfo) -> str:
    scheme, found, place = url.partition("://")
    if scheme not in ("unix", "redis", "rediss") or not found or not place:
        raise ValueError("a queue is unix://PATH, redis://HOST:PORT/DB or rediss://HOST:PORT/DB")
    if scheme != "unix":
        return url
    path = _beside_the_file(Path(place), info)
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise ValueError(
            f"{path} is too long for a unix socket (at most {_LONGEST_SOCKET} bytes): choose a shorter one"
        )
    if set(" ?#%") & set(str(path)):
        raise ValueError(f"{path} has a space or one of ? # % in it: choose a plain path for a unix socket")
    return f"unix://{path}"


QueueURL = Annotated[str, AfterValidator(_socket_beside_the_file)]
"""Where the queue server listens; a relative socket path is relative to the file that names it."""


class ConfigFile:
    """One revocast.toml. Each service reads the table `[public]` and its own."""

    def __init__(self, path: Path, tables: dict[str, Any]) -> None:
        self.path = path
        self._tables = tables

    @property
    def directory(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent

    @classmethod
    def read(cls, path: Path | None = None) -> "ConfigFile":
        """The file at `path`, else in $REVOCAST_CONFIG, else in one of the usual places.

        Raises:
            ConfigurationError: there is none, or it is not TOML, or a table is not ours.
        """
        chosen = path or cls._find()
        try:
            tables = tomllib.loads(chosen.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"cannot be read: {error.strerror}", where=str(chosen), advice="`revocast init` writes a commented one"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"is not TOML: {error}", where=str(chosen)) from error
        if unknown := sorted(tables.keys() - _TABLES):
            raise ConfigurationError(
                f"unknown table [{unknown[0]}]", where=str(chosen), advice="tables are: " + ", ".join(sorted(_TABLES))
            )
        return cls(chosen.resolve(), tables)

    @staticmethod
    def _find() -> Path:
        if named := os.environ.get("REVOCAST_CONFIG"):
            return Path(named)
        for place in _PLACES:
            if Path(place).is_file():
                return Path(place)
        raise ConfigurationError(
            "no revocast.toml was found",
            advice=f"name it with --config or $REVOCAST_CONFIG, or put it at one of {', '.join(_PLACES)}; "
            "`revocast init` writes one",
        )

    def has(self, name: str) -> bool:
        """Whether the table is there: a machine that lacks a service may lack its table."""
        return name in self._tables

    def table(self, name: str, model: type[_Model]) -> _Model:
        """One table, checked against its model.

        Raises:
            ConfigurationError: missing, or a key is unknown, missing or wrong: all of them, each with its place.
        """
        if name not in self._tables:
            raise ConfigurationError(f"the table [{name}] is missing", where=str(self.path))
        try:
            return model.model_validate(self._tables[name], context={"directory": self.directory})
        except ValidationError as error:
            raise ConfigurationError(explain(name, error), where=str(self.path)) from error


def explain(table: str, error: ValidationError) -> str:
    """Every problem that a model found, each with its place in the file."""
    lines = []
    for problem in error.errors():
        place = ".".join([table, *(str(part) for part in problem["loc"])])
        lines.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)
