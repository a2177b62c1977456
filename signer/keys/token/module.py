"""A PKCS #11 module in this process: one thread at a time uses it, and it is started anew where a token went away.

It is started without locks of its own (C_Initialize with NULL), so the one here is what keeps threads apart.
A module keeps what it knows of a token, so one that came back is seen only after C_Finalize and C_Initialize. A process
that was forked has no part in its parent's: PKCS #11 wants a C_Initialize of its own there, and here it is refused.
"""

import os
import ssl
from contextlib import suppress
from functools import cache
from threading import RLock

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import PKCS11Error

from revocation.errors import KeyUnavailable


class Module:
    """The library at a path.

    Attributes:
        lock: whoever uses the library holds it.
        generation: how often it was started anew; sessions of another generation are gone.
    """

    def __init__(self, path: str) -> None:
        self.lock = RLock()
        self.generation = 0
        self._path = path
        self._pid = os.getpid()
        self._where = f"PKCS #11 module {path}"
        try:
            self._library = pkcs11.lib(path)
        except PKCS11Error as error:
            raise KeyUnavailable(
                f"cannot be loaded: {said(error)}",
                where=self._where,
                advice="correct module-path of the key's URI, or the module's own configuration",
            ) from error
        _forget_errors()

    def tokens(self) -> list[pkcs11.Token]:
        """The tokens that are there now, those that were never initialised aside.

        Raises:
            KeyUnavailable: the module does not say.
        """
        self.require_own()
        found: list[pkcs11.Token] = []
        try:
            for slot in self._library.get_slots(token_present=True):
                with suppress(PKCS11Error):  # a card that it does not know, in another reader
                    found.append(slot.get_token())
        except PKCS11Error as error:
            raise KeyUnavailable(f"shows no tokens: {said(error)}", where=self._where) from error
        return [token for token in found if TokenFlag.TOKEN_INITIALIZED in token.flags]

    def restart(self) -> None:
        """Start it anew; every session and every login is gone.

        Raises:
            KeyUnavailable: it does not start.
        """
        self.require_own()
        self.generation += 1
        with suppress(PKCS11Error):  # it was not running, or is in no state to say more
            self._library.finalize()
        try:
            self._library.initialize()
        except PKCS11Error as error:
            raise KeyUnavailable(f"cannot be started again: {said(error)}", where=self._where) from error
        _forget_errors()

    def require_own(self) -> None:
        """Return if this process started it.

        Raises:
            KeyUnavailable: its parent did.
        """
        if self._pid != os.getpid():
            raise KeyUnavailable("was started before this process was forked, and cannot be used", where=self._where)


def _forget_errors() -> None:
    """Empty OpenSSL's queue of errors, in which a module leaves some that shares the library with this process.

    The next TLS connection of this thread would take them for its own and fail. What fails here is meant to: `ssl`
    empties the queue then.
    """
    with suppress(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=b"0\0")


@cache
def module_at(path: str) -> Module:
    """The one of this process.

    Raises:
        KeyUnavailable: it cannot be loaded.
    """
    return Module(path)


def said(error: PKCS11Error) -> str:
    """What a module answered, as PKCS #11 calls it: `TokenNotPresent` is CKR_TOKEN_NOT_PRESENT."""
    return " ".join(filter(None, (type(error).__name__, str(error) and f"({error})")))
