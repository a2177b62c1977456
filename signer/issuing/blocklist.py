"""Keys that everybody has: a list of their digests in the form of the badkeys project, which is data and not ours.

`blocklist.dat` has records of 16 octets in ascending order: the first 15 of SHA-256 of what makes the key (the modulus
of RSA, x of a point, the public key of other kinds, as an unsigned number without leading zeros), and which list it is
of; `badkeysdata.json` names the lists.
"""

import hashlib
import json
import mmap
from functools import cached_property
from pathlib import Path
from typing import Final

from revocation.errors import ConfigurationError

_RECORD: Final = 16
_DIGEST: Final = 15


class Blocklist:
    """The list in a folder, which is not read whole: it may have tens of millions of keys.

    Raises:
        ConfigurationError: there is none, or it is cut off.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / "blocklist.dat"
        try:
            with path.open("rb") as file:
                self._records = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigurationError(
                f"cannot be read: {reason}",
                where=str(path),
                advice="`badkeys --update-bl` fetches it; or take `weak_keys` out of [signer]",
            ) from error
        if len(self._records) % _RECORD:
            raise ConfigurationError("is cut off: its records have 16 octets", where=str(path), advice="fetch it again")

    def find(self, octets: bytes) -> str | None:
        """On which list a key is; None where it is on none.

        Args:
            octets: the number that makes the key, without leading zeros.
        """
        wanted = hashlib.sha256(octets).digest()[:_DIGEST]
        low, high = 0, len(self._records) // _RECORD
        while low < high:
            middle = (low + high) // 2
            if self._digest(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        if low == len(self._records) // _RECORD or self._digest(low) != wanted:
            return None
        number = self._records[low * _RECORD + _DIGEST]
        return self._names.get(number, f"list {number}")

    def _digest(self, record: int) -> bytes:
        return self._records[record * _RECORD : record * _RECORD + _DIGEST]

    @cached_property
    def _names(self) -> dict[int, str]:
        """What the lists are called; nothing where that is not to be had."""
        try:
            lists = json.loads((self._folder / "badkeysdata.json").read_text())["blocklists"]
            return {int(one["id"]): str(one["name"]) for one in lists}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
