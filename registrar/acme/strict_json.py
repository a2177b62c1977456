"""JSON and base64url of strangers, read in one way only: what two readers could understand differently is refused."""

import base64
import binascii
import json
import re
from typing import Any, Final, NoReturn

from registrar.problem import Problem, ProblemType

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


def malformed(detail: str, status: int = 400) -> Problem:
    """The problem that a request is not of the form that is wanted."""
    return Problem(ProblemType.MALFORMED, detail, status=status)


def read_object(text: bytes | str, what: str) -> dict[str, Any]:
    """The JSON object that a text is.

    Raises:
        Problem: it is none, has a name twice, or a number that JSON has not.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise malformed(f"{what} is no JSON, or has a name twice") from None
    if not isinstance(value, dict):
        raise malformed(f"{what} is no JSON object")
    return value


def decode(text: object, what: str) -> bytes:
    """The octets of base64url without padding (RFC 8555 section 6.1), in the one form that they have.

    Raises:
        Problem: it is of another form.
    """
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
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


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
