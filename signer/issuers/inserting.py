"""A key more in tables that stand in the midst of a TOML file, which stays as it is otherwise: comments, order, octets.

Where a table stands is not guessed: a line goes to a place of which TOML says that the file then says what it said
before, and that key. What looks like the head of a table in a string of several lines is none, then.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revocation.crlspec import LastCRL
from revocation.errors import InputError

_NAME: Final = re.compile(r"\s*name\s*=")
_LIMITS: Final = re.compile(r"\s*\[\s*signer\s*\.\s*limits\s*\]")


@dataclass(frozen=True)
class Inserted:
    """A line that is to be in a table.

    Attributes:
        table: which, in words.
    """

    table: str
    line: str


def parsed(content: bytes) -> dict[str, Any]:
    """What a file says.

    Raises:
        ValueError: it is no TOML.
    """
    return tomllib.loads(content.decode())


def with_last_crl(content: bytes, name: str, last: LastCRL, *, limited: bool) -> tuple[bytes, list[Inserted]]:
    """What a configuration says once an issuer is retired, and the lines that are new in it.

    Args:
        name: of an issuer that stands in it.
        limited: whether the limits of the signer have to permit it; a limit that stands there is not changed.

    Raises:
        InputError: it is written in a form into which nothing is put here; says what to write where.
        ValueError: it is no TOML.
    """
    said, line, new = parsed(content), f'last_crl = "{last}"', []
    text = content.decode()
    for entry in said["public"]["issuers"]:
        if entry["name"] == name and "last_crl" not in entry:
            entry["last_crl"] = str(last)
            new.append(Inserted(f"the [[public.issuers]] of {name}", line))
            text = _behind(text, _NAME, new[-1], said)
    limits = said["signer"].get("limits") if limited else None
    if limited and "last_crl" not in (limits or {}):
        said["signer"]["limits"] = {**(limits or {}), "last_crl": str(last)}
        new.append(Inserted("[signer.limits]", line))
        text = _at_end(text, new[-1], said) if limits is None else _behind(text, _LIMITS, new[-1], said)
    return text.encode(), new


def _behind(text: str, before: re.Pattern[str], inserted: Inserted, said: Mapping[str, Any]) -> str:
    """With the line behind the one of that form where it belongs."""
    lines = text.split("\n")
    for number, present in enumerate(lines, 1):
        found = "\n".join([*lines[:number], inserted.line, *lines[number:]]) if before.match(present) else text
        if found is not text and _says(found, said):
            return found
    raise _not_here(inserted)


def _at_end(text: str, inserted: Inserted, said: Mapping[str, Any]) -> str:
    """With a table of its own."""
    found = f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{inserted.table}\n{inserted.line}\n"
    if not _says(found, said):
        raise _not_here(inserted)
    return found


def _says(text: str, said: Mapping[str, Any]) -> bool:
    try:
        return parsed(text.encode()) == said
    except ValueError:
        return False


def _not_here(inserted: Inserted) -> InputError:
    return InputError(
        f"{inserted.table} is written in a form into which no line is put here, such as one in braces",
        where="revocast.toml",
        advice=f"write `{inserted.line}` into it by hand, then give the command again",
    )
