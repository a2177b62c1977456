"""How this very program was called, for commands that are shown to be typed."""

import sys
from pathlib import Path


def program() -> tuple[str | Path, ...]:
    """Its first words."""
    called = Path(sys.argv[0])
    return (called,) if called.name == "revocast" else (sys.executable, "-m", "revocation")
