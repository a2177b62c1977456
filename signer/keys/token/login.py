"""Logging in to a token: which one is meant, and how a PIN is tried without locking it."""

import hashlib
from typing import Final

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PinLocked, PKCS11Error, UserAlreadyLoggedIn

from revocation.errors import KeyUnavailable, WrongPassphrase
from signer.keys.logins import Logins
from signer.keys.protocol import Locked
from signer.keys.token.module import Module, said
from signer.keys.token.uri import TokenURI

_WRONG: Final = (PinIncorrect, PinInvalid, PinLenRange)
_SEE_PIN: Final = "see `passphrase` of the issuer in [[signer.issuers]]"
_ANEW: Final = "the token's security officer sets another (C_InitPIN, as `softhsm2-util` or its vendor's tool do)"


def find_token(module: Module, uri: TokenURI, where: str) -> pkcs11.Token:
    """The one token that a URI means.

    Raises:
        KeyUnavailable: there is none, or several.
    """
    there = module.tokens()
    found = [token for token in there if _fits(token, uri)]
    if len(found) == 1:
        return found[0]
    if found:
        raise KeyUnavailable(
            f"{len(found)} tokens fit", where=where, advice=f"add serial=: {', '.join(map(name_of, found))}"
        )
    others = f"there are {', '.join(map(name_of, there))}" if there else "there is none at all"
    raise KeyUnavailable(
        f"the token is not there; {others}", where=where, advice="connect it, or correct the key's URI"
    )


def log_in(token: pkcs11.Token, pin: bytes | None, logins: Logins, where: str) -> pkcs11.Session:
    """A session on a token that takes the PIN.

    Raises:
        Locked: it wants a PIN, and none is given.
        WrongPassphrase: the PIN is wrong or empty, or was wrong before.
        KeyUnavailable: its PIN is locked, or would be by one more mistake, or is typed on a pad of its own; or it opens
            no session.
    """
    if TokenFlag.LOGIN_REQUIRED not in token.flags:
        return _open(token, None, where)
    _require_pin_by_software(token.flags, where)
    if pin is None:
        raise Locked("wants a PIN, and none is configured", where=where, advice=_HOW_TO_UNLOCK)
    if not pin:
        raise WrongPassphrase("the PIN is empty, and is not tried", where=where, advice=_SEE_PIN)
    _require_tries(token.flags, logins, where)
    name = identity(token)
    if logins.was_wrong(name, pin) and not logins.again:
        raise WrongPassphrase(
            "the PIN was wrong before, and is not tried again: a few wrong ones lock the token",
            where=where,
            advice=f"{_SEE_PIN}; `revocast signer unlock` tries it all the same",
        )
    try:
        logins.require_memory()
    except OSError as error:
        raise KeyUnavailable(
            f"a wrong PIN could not be remembered ({error.strerror}), and so none is tried",
            where=where,
            advice=f"see that {logins.folder} can be written",
        ) from error
    try:
        session = _open(token, pin, where)
    except WrongPassphrase as error:
        logins.remember(name, pin)
        error.what += _state(token)
        raise
    logins.forget(name)
    return session


def identity(token: pkcs11.Token) -> str:
    """What a token is called where its wrong PINs are remembered."""
    told = (token.manufacturer_id, token.model, token.serial.hex(), token.label)
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


def _require_pin_by_software(flags: TokenFlag, where: str) -> None:
    """Return unless the PIN is typed on a pad: whoever is handed one waits there for somebody, and all keys with it."""
    if TokenFlag.PROTECTED_AUTHENTICATION_PATH in flags:
        raise KeyUnavailable(
            "the token has its PIN typed on a pad of its own, at which nobody stands when a signer looks",
            where=where,
            advice="let it, or its reader, take the PIN from the module (CKF_PROTECTED_AUTHENTICATION_PATH off), "
            "or have the key on another token",
        )


def _require_tries(flags: TokenFlag, logins: Logins, where: str) -> None:
    if TokenFlag.USER_PIN_LOCKED in flags:
        raise KeyUnavailable("the PIN of the token is locked", where=where, advice=_ANEW)
    if TokenFlag.USER_PIN_FINAL_TRY in flags and not logins.last_try:
        raise KeyUnavailable(
            "one more wrong PIN would lock the token, and so none is tried",
            where=where,
            advice="make sure of the PIN, and use the last try by `revocast signer unlock --last-try`",
        )
    if TokenFlag.USER_PIN_INITIALIZED not in flags:
        raise KeyUnavailable("the token has no PIN yet", where=where, advice=_ANEW)


def _state(token: pkcs11.Token) -> str:
    """What the token says of its tries now, in words; it never says how many are left."""
    try:
        flags = token.slot.get_token().flags
    except PKCS11Error:
        return ""
    if TokenFlag.USER_PIN_LOCKED in flags:
        return "; now the PIN is locked"
    if TokenFlag.USER_PIN_FINAL_TRY in flags:
        return "; one more wrong PIN locks the token"
    return "; a few wrong ones lock the token" if TokenFlag.USER_PIN_COUNT_LOW in flags else ""


def _open(token: pkcs11.Token, pin: bytes | None, where: str) -> pkcs11.Session:
    try:
        return token.open(user_pin=None if pin is None else pin.decode())
    except UserAlreadyLoggedIn:  # by another key's URI, in this process
        return token.open()
    except UnicodeDecodeError as error:
        raise WrongPassphrase("the PIN is not UTF-8", where=where, advice=_SEE_PIN) from error
    except PinLocked as error:
        raise KeyUnavailable("the PIN of the token is locked", where=where, advice=_ANEW) from error
    except _WRONG as error:
        raise WrongPassphrase("the PIN is wrong", where=where, advice=_SEE_PIN) from error
    except PKCS11Error as error:
        raise KeyUnavailable(f"the token opens no session: {said(error)}", where=where) from error


def _fits(token: pkcs11.Token, uri: TokenURI) -> bool:
    wanted = (
        (uri.token, token.label),
        (uri.manufacturer, token.manufacturer_id),
        (uri.model, token.model),
        (uri.serial, token.serial.decode(errors="replace")),
        (uri.slot, token.slot.slot_id),
    )
    return all(value is None or value == found for value, found in wanted)


def name_of(token: pkcs11.Token) -> str:
    """What a token is called in messages, so that it can be told from another of the same label."""
    return f"{token.label!r} (serial {token.serial.decode(errors='replace')})"


_HOW_TO_UNLOCK: Final = (
    "set `passphrase` of the issuer in [[signer.issuers]] to file:PATH, env:NAME, credential:NAME or prompt"
)
