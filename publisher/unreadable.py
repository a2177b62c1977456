"""What a parser chokes on: the bytes come from nobody we trust, so whatever it raises is their fault."""

from typing import Final

from revocation.errors import GateError

_INNER: Final = "ParseError"
"""Stands in what cryptography says of malformed DER: a structure of its own, for its developers."""


def unreadable(what: str, error: Exception, where: str | None = None) -> GateError:
    """The error to raise instead."""
    said = str(error) or type(error).__name__
    return GateError(f"{what} cannot be read: {'its DER is malformed' if _INNER in said else said}", where=where)
