"""What a token or a client certificate is for."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

REVOKE: Final = "revoke"
HOLD: Final = "hold"
READ: Final = "read"
IMPORT: Final = "import"

PATTERN: Final = r"^(issue:[a-z][a-z0-9_]{0,31}|revoke|hold|read|import)$"

Scope = Annotated[str, Field(pattern=PATTERN)]
"""`issue:PROFILE`, `revoke`, `hold` (and release from it), `read`, `import`."""


def issue(profile: str) -> str:
    """The scope of having certificates issued in a profile."""
    return f"issue:{profile}"


def profiles_of(scopes: Sequence[str]) -> tuple[str, ...]:
    """The profiles that scopes let one ask for."""
    return tuple(one.partition(":")[2] for one in scopes if one.startswith("issue:"))
