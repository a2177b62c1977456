"""JSON and base64url of strangers, read in one way only: what two readers could understand differently is refused."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from registrar.problem import Problem, ProblemType

_UNKEPT: Final = re.compile("[\0\ud800-\udfff]")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


def malformed(detail: str, status: int = 400) -> Problem:
    """The problem that a request is not of the form that is wanted."""
    return Problem(ProblemType.MALFORMED, detail, status=status)


def read_object(text: bytes | str, what: str) -> dict[str, Any]:
    """The JSON object that a text is, in UTF-8 without a byte order mark (RFC 8259 section 8.1).

    Raises:
        Problem: it is none, has a name twice, a number that JSON has not, or what no database keeps as text.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        is_plain = all(map(is_plain_text, _texts(value)))
    except (ValueError, RecursionError):
        raise malformed(f"{what} is no JSON in UTF-8, or has a name twice") from None
    if not is_plain:
        raise malformed(f"{what} has half a surrogate pair or U+0000 in a text")
    if not isinstance(value, dict):
        raise malformed(f"{what} is no JSON object")
    return value


def is_plain_text(text: str) -> bool:
    """Whether it is without U+0000 and halves of surrogate pairs, which databases do not keep."""
    return not _UNKEPT.search(text)


def is_base64url(text: str) -> bool:
    """Whether it has the letters of base64url, and no padding."""
    return _BASE64URL.fullmatch(text) is not None


def decode(text: object, what: str) -> bytes:
    """The octets of base64url without padding (RFC 8555 section 6.1), in the one form that they have.

    Raises:
        Problem: it is of another form.
    """
    if not isinstance(text, str) or not is_base64url(text):
        raise malformed(f"{what} is not base64url without padding")
    try:
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise malformed(f"{what} is not base64url without padding") from None
    if encode(octets) != text:
        raise malformed(f"{what} has bits behind its end")
    return octets


def encode(octets: bytes) -> str:
    """As ACME writes octets."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            yield from value
            for one in value.values():
                yield from _texts(one)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
