"""What a parser chokes on: the bytes come from nobody we trust, so whatever it raises is their fault."""

from revocation.errors import GateError


def unreadable(what: str, error: Exception, where: str | None = None) -> GateError:
    """The error to raise instead."""
    return GateError(f"{what} cannot be read: {error or type(error).__name__}", where=where)
