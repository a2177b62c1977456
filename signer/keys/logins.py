"""What may be tried with a PIN: a token locks itself after a few wrong ones, and nobody tries one here again and again.

A PIN that was wrong is remembered, also by the next process, and not tried again until another comes from where it is
configured, or an operator has `revocast signer unlock` try it. It is kept as a digest that takes time to make (scrypt),
in the folder of the signer's keys, which lies no more open than the PIN itself does.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from revocation.durable import make_folder, replace_file

_NAME: Final = "wrong-pins.json"
_MOST: Final = 8
"""Wrong PINs of one token that are remembered: it is locked by then."""

_DIGEST: Final = re.compile(r"[0-9a-f]{96}")
"""A salt of 16 octets, and 32 of scrypt."""

_IN_PROCESS: Final[dict[str, list[str]]] = {}
"""What is remembered where there is no folder."""


@dataclass(frozen=True)
class Logins:
    """How far to go with a token's PIN.

    Attributes:
        folder: where wrong ones are remembered; None for this process alone.
        again: an operator is there: one that was wrong before may be tried again.
        last_try: the operator says that the last try before the token locks may be used.
        read_pin: gives the PIN as it is configured now, for a token that came back; None to try the one of before.
    """

    folder: Path | None = None
    again: bool = False
    last_try: bool = False
    read_pin: Callable[[], bytes | None] | None = None

    def was_wrong(self, token: str, pin: bytes) -> bool:
        """Whether this PIN was wrong for that token before."""
        return any(_is_of(kept, pin) for kept in self._read().get(token, []))

    def require_memory(self) -> None:
        """Return if a PIN that turns out wrong can be remembered: none is tried else.

        Raises:
            OSError: the folder cannot be written.
        """
        self._write(self._read())

    def remember(self, token: str, pin: bytes) -> None:
        """Note a PIN that was wrong.

        Raises:
            OSError: the folder cannot be written.
        """
        if not self.was_wrong(token, pin):
            kept = self._read()
            self._write({**kept, token: [*kept.get(token, []), _digest(pin, secrets.token_bytes(16))][-_MOST:]})

    def forget(self, token: str) -> None:
        """The token took a PIN: what was wrong before may be right again one day.

        Raises:
            OSError: the folder cannot be written.
        """
        kept = self._read()
        if token in kept:
            self._write({name: pins for name, pins in kept.items() if name != token})

    def _read(self) -> dict[str, list[str]]:
        if self.folder is None:
            return dict(_IN_PROCESS)
        try:
            found = json.loads((self.folder / _NAME).read_text())
        except (OSError, ValueError):  # none yet, or damaged: then a wrong one is tried once more
            return {}
        return {token: kept for token, kept in found.items() if _are_digests(kept)} if isinstance(found, dict) else {}

    def _write(self, kept: dict[str, list[str]]) -> None:
        if self.folder is None:
            _IN_PROCESS.clear()
            _IN_PROCESS.update(kept)
            return
        make_folder(self.folder, mode=0o700)
        replace_file(self.folder / _NAME, partial(_dump, kept), 0o600)


def _dump(kept: dict[str, list[str]], file: BinaryIO) -> None:
    file.write(json.dumps(kept).encode() + os.linesep.encode())


def _digest(pin: bytes, salt: bytes) -> str:
    return salt.hex() + hashlib.scrypt(pin, salt=salt, n=1 << 14, r=8, p=1, dklen=32).hex()


def _are_digests(kept: object) -> bool:
    return isinstance(kept, list) and all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in kept)


def _is_of(kept: str, pin: bytes) -> bool:
    return hmac.compare_digest(kept, _digest(pin, bytes.fromhex(kept[:32])))
