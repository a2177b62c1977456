"""When a certificate may begin that somebody asks for: the signer holds to it, and who asks for others knows it too."""

from datetime import timedelta
from typing import Final

BACKDATE: Final = timedelta(hours=1)
"""notBefore lies this far back where nobody says it, for clients whose clock is behind; never farther."""

AHEAD: Final = timedelta(hours=48)
"""notBefore lies this far ahead at most."""
