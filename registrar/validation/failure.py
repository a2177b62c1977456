"""How a validation fails, and how what others sent is shown in its words."""

from typing import Final

from registrar.problem import Problem
from revocation.visible import visible

_MOST: Final = 100

FORBIDDEN: Final = 403
"""The status of what was answered, and not as it has to be."""


class MayPass(Problem):
    """The network's doing: the same may do better in some seconds."""


class NoSuchName(Problem):
    """The name does not exist (NXDOMAIN)."""


def shown(text: str | bytes, most: int = _MOST) -> str:
    """What others sent, for people: its beginning, with everything that is no visible character as its code."""
    if isinstance(text, bytes):
        text = text[: 4 * most].decode("utf-8", "replace")
    return visible(text[:most]) + ("…" if len(text) > most else "")
