"""A token that stays logged in: what is done on it is done once more, after a new login, where its session was lost."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import pkcs11
from pkcs11 import exceptions

from revocation.errors import KeyUnavailable
from signer.keys.logins import Logins
from signer.keys.token.login import find_token, log_in
from signer.keys.token.module import module_at, said
from signer.keys.token.uri import TokenURI

T = TypeVar("T")

OF_THE_REQUEST: Final = (
    exceptions.ArgumentsBad,
    exceptions.DataInvalid,
    exceptions.DataLenRange,
    exceptions.KeySizeRange,
    exceptions.KeyTypeInconsistent,
    exceptions.MechanismInvalid,
    exceptions.MechanismParamInvalid,
    exceptions.SessionReadOnly,
    exceptions.TemplateIncomplete,
    exceptions.TemplateInconsistent,
)
"""What no new session would mend. Of all else vendors differ in what they call a token that was taken out."""


@dataclass
class _Shared:
    """The session of a token in this process, for all keys on it: modules count sessions, and some bear few.

    Attributes:
        generation: of the module when it was opened.
    """

    session: pkcs11.Session | None = None
    generation: int = -1


_SHARED: Final[dict[TokenURI, _Shared]] = {}
"""By what URIs say of the token."""


class TokenSession:
    """The token that a URI means, logged in.

    Args:
        pin: what is tried first; later the one of `logins`.
        where: what it is called in errors.

    Raises:
        Locked: the token wants a PIN, and none is given.
        KeyUnavailable: it cannot be used now.
    """

    def __init__(self, uri: TokenURI, pin: bytes | None, logins: Logins, where: str) -> None:
        if uri.module is None:
            raise KeyUnavailable(
                "names no PKCS #11 module", where=where, advice="add ?module-path=, or set pkcs11_module in [signer]"
            )
        self._uri, self._logins, self._where = uri, logins, where
        self._module = module_at(uri.module)
        self._shared = _SHARED.setdefault(replace(uri, object=None, id=None), _Shared())
        self._pin: Callable[[], bytes | None] = lambda: pin
        with self._module.lock:
            self._current()
        self._pin = logins.read_pin or self._pin

    def run(self, act: Callable[[pkcs11.Session], T]) -> T:
        """What `act` returns, on a session that is logged in; it is called again where the first one was lost.

        Raises:
            KeyUnavailable: the token is not there any more, or does not do it.
        """
        with self._module.lock:
            self._module.require_own()
            try:
                return act(self._current())
            except OF_THE_REQUEST as error:
                raise self._refused(error) from error
            except exceptions.PKCS11Error:
                pass  # which is let go of before its module is started anew
            self._module.restart()
            try:
                return act(self._open())
            except exceptions.PKCS11Error as error:
                raise self._refused(error) from error

    def mechanisms(self) -> set[int]:
        """What the token can."""
        return {int(mechanism) for mechanism in self.run(lambda session: session.token.slot.get_mechanisms())}

    def _current(self) -> pkcs11.Session:
        shared = self._shared
        return shared.session if shared.session and shared.generation == self._module.generation else self._open()

    def _open(self) -> pkcs11.Session:
        self._shared.session = None  # unless it opens
        session = log_in(self._token(), self._pin(), self._logins, self._where)
        self._shared.session, self._shared.generation = session, self._module.generation
        return session

    def _token(self) -> pkcs11.Token:
        try:
            return find_token(self._module, self._uri, self._where)
        except KeyUnavailable:
            self._module.restart()  # it knows of no token that came since
        return find_token(self._module, self._uri, self._where)

    def _refused(self, error: exceptions.PKCS11Error) -> KeyUnavailable:
        return KeyUnavailable(
            f"the token does not do it: {said(error)}",
            where=self._where,
            advice="see whether it is connected; what is due is made at the next look after it is",
        )
