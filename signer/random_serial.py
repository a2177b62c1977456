"""Serial numbers of certificates that are made here."""

import secrets
from typing import Final

from revocation import serials

_BITS: Final = 126


def random_serial() -> bytes:
    """Content octets of a positive INTEGER with 126 bits of a CSPRNG in it (the BRs, section 7.1, want 64)."""
    return serials.from_int(secrets.randbits(_BITS) | 1 << _BITS)
