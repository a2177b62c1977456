"""What messages say of a key's URI: neither the module's path, nor a PIN that somebody put where none belongs."""

import re
from typing import Final

_SECRET: Final = re.compile(r"(pin-(?:value|source)=)[^;&?]*", re.IGNORECASE)


def shown(uri: str) -> str:
    """The URI without its query, and without the value of a PIN (RFC 7512 has those in the query alone)."""
    return _SECRET.sub(r"\1…", uri).partition("?")[0]
