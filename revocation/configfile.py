"""revocast.toml: finding it, reading one table of it, and saying what is wrong with it in the operator's words."""

import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from revocation.errors import ConfigurationError

_Model = TypeVar("_Model", bound=BaseModel)
_PLACES = ("revocast.toml", "revocast-data/revocast.toml", "/etc/revocast/revocast.toml")
_LONGEST_SOCKET = 107
_FORMS: Final = {
    r"^[a-z0-9][a-z0-9._-]*$": "lower-case letters, digits, `.`, `_` and `-`, a letter or digit first",
    r"^http://[!-.0-~]+$": "http://HOST or http://HOST:PORT (no https: the objects are signed), in ASCII, a path in "
    "`prefix`",
}
"""What a pattern asks for, where the description of the field does not say it."""

_PUBLIC: Final = "public"
"""The table without secrets, whose values may be shown."""

_TABLES = frozenset({"public", "signer", "publisher", "responder", "registrar", "jobs"})


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

    def has(self, name: str, key: str | None = None) -> bool:
        """Whether the table is there, and the key in it: a machine that lacks a service may lack its table."""
        return name in self._tables and (key is None or key in self._tables[name])

    def table(self, name: str, model: type[_Model], *, may_lack: bool = False) -> _Model:
        """One table, checked against its model.

        Args:
            may_lack: whether one that is not there is as good as one in which nothing stands.

        Raises:
            ConfigurationError: missing, or a key is unknown, missing or wrong: all of them, each with its place.
        """
        if name not in self._tables and not may_lack:
            raise ConfigurationError(f"the table [{name}] is missing", where=str(self.path))
        try:
            return model.model_validate(self._tables.get(name, {}), context={"directory": self.directory})
        except ValidationError as error:
            raise ConfigurationError(explain(name, error, model), where=str(self.path)) from error


def explain(table: str, error: ValidationError, model: type[BaseModel]) -> str:
    """Every problem that a model found, each with its place in the file, in words of the file, not of the model."""
    lines, problems = [], error.errors()
    for problem in problems:
        if _follows(problem, problems):
            continue
        place = ".".join([table, *(str(part) for part in problem["loc"])])
        value = f"{problem['input']!r} " if table == _PUBLIC and problem["type"] == "string_pattern_mismatch" else ""
        lines.append(f"{place}: {value}{_words(problem, model)}")
    return "; ".join(lines)


def _follows(problem: ErrorDetails, problems: Sequence[ErrorDetails]) -> bool:
    """Whether a list lacks entries only since some of them are wrong: that is said of those."""
    place = problem["loc"]
    within = (one["loc"] for one in problems if len(one["loc"]) > len(place))
    return problem["type"] == "too_short" and any(one[: len(place)] == place for one in within)


def _words(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong, without the value, which may be a secret in the wrong place."""
    match problem["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            meant = _description(problem["loc"], model)
            return f"is missing: {meant}" if meant else "is missing"
        case "string_pattern_mismatch":
            pattern = problem["ctx"]["pattern"]
            return f"is not of the form that is wanted: {_FORMS.get(pattern) or _description(problem['loc'], model)}"
        case "less_than_equal":
            return f"must be at most {problem['ctx']['le']}"
        case "greater_than_equal":
            return f"must be at least {problem['ctx']['ge']}"
        case "too_short":
            return f"needs at least {problem['ctx']['min_length']} of them"
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _description(place: Sequence[int | str], model: type[BaseModel]) -> str:
    """The description of the field at that place; positions in lists and the kinds of tables are no fields."""
    models, found = [model], ""
    for part in place:
        field = next((m.model_fields[part] for m in models if part in m.model_fields), None)
        if field is not None:
            models, found = list(_models(field.annotation)), field.description or ""
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
