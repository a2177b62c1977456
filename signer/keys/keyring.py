"""The CA keys of the configuration, each unlocked when it is first needed and kept for the life of the process."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation.errors import KeyUnavailable, WrongPassphrase
from revocation.issuer import Issuer
from revocation.rsassa_pss import is_pss_only
from signer.config import SignerIssuer
from signer.keys import passphrase
from signer.keys.limited_key import LimitedKey
from signer.keys.limits import KeyLimits
from signer.keys.logins import Logins
from signer.keys.named import NamedKey
from signer.keys.opening import open_key, token_of
from signer.keys.protocol import KeyAway, Locked, SigningKey
from signer.keys.purpose import Purpose
from signer.keys.rsa_signature import RSASignature
from signer.keys.shown import shown
from signer.keys.trial import require_own_public_key

_UNATTENDED: Final = Logins()
_SEE_KEY: Final = "put its key there, or correct `key` of the issuer in [[signer.issuers]]"


class Keyring:
    """CA keys by issuer.

    Args:
        issuers: the entries of [[signer.issuers]].
        passphrases: passphrases that were already typed, by issuer name.
        logins: how far to go with the PINs of tokens.
    """

    def __init__(
        self,
        issuers: tuple[SignerIssuer, ...],
        passphrases: dict[str, bytes] | None = None,
        logins: Logins = _UNATTENDED,
    ) -> None:
        self._logins = logins
        self._entries = {entry.name: entry for entry in issuers}
        self._typed = dict(passphrases or {})
        self._keys: dict[str, SigningKey] = {}
        self._away: dict[str, KeyAway] | None = None
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def of_a_look(self) -> Iterator[None]:
        """The block in which a key that did not answer once is not asked again: each try takes its time."""
        self._away = {}
        try:
            yield
        finally:
            self._away = None

    def key_of(self, issuer: Issuer, purpose: Purpose) -> LimitedKey:
        """The CA key of an issuer, for one purpose; it signs what its limits permit.

        A key that did not answer before in a look is not asked.

        Raises:
            KeyUnavailable: none is configured, it cannot be unlocked, or it is another issuer's.
        """
        if away := (self._away or {}).get(issuer.name):
            raise away
        is_away = partial(self._note_away, issuer.name)
        try:
            self.require_usable(issuer)
        except KeyAway as error:
            is_away(error)
            raise
        limits, where = self.limits_of(issuer), f"CA key of {issuer.name}"
        return LimitedKey(self._keys[issuer.name], purpose, limits, where, is_away)

    def _note_away(self, issuer: str, error: KeyAway) -> None:
        if self._away is not None:
            self._away[issuer] = error

    def uncertified(self, name: str, purpose: Purpose) -> LimitedKey:
        """The key of an entry whose issuer has no certificate yet, for one purpose; it made a signature as a trial.

        Raises:
            KeyUnavailable: none is configured, it cannot be unlocked, or what lies there is another's public key.
        """
        entry = self._entries.get(name)
        if entry is None or entry.key is None:
            raise _not_configured(name)
        if name not in self._keys:
            key = self._open(entry, entry.key, None)
            require_own_public_key(key, f"issuer {name}, key {shown(entry.key)}")
            self._keys[name] = key
        return LimitedKey(self._keys[name], purpose, entry.limits, f"CA key of {name}")

    def require_usable(self, issuer: Issuer) -> None:
        """Return if the CA key of an issuer is unlocked now, which it is at first use.

        Raises:
            KeyUnavailable: as above.
        """
        with self._turns[issuer.name]:  # a token that two threads log into at once refuses one of them
            if issuer.name not in self._keys:
                self._keys[issuer.name] = self._load(issuer)

    def require_signing(self, issuer: Issuer) -> None:
        """Return if it is unlocked, and made a signature now that is none of anything.

        Raises:
            KeyUnavailable: as above.
        """
        self.require_usable(issuer)
        require_own_public_key(self._keys[issuer.name], f"CA key of {issuer.name}")

    def limits_of(self, issuer: Issuer) -> KeyLimits:
        """Those of its CA key, and of what is signed about its certificates."""
        entry = self._entries.get(issuer.name)
        return entry.limits if entry else KeyLimits()

    def is_configured(self, issuer: Issuer) -> bool:
        """Whether there is a key for this issuer here."""
        entry = self._entries.get(issuer.name)
        return entry is not None and entry.key is not None

    def is_asked_for(self, issuer: Issuer) -> bool:
        """Whether a passphrase has to be typed for its key: configured so, and the file is there and encrypted.

        Raises:
            KeyUnavailable: the file cannot be read.
        """
        entry = self._entries.get(issuer.name)
        if entry is None or entry.key is None or entry.passphrase != passphrase.PROMPT or entry.name in self._typed:
            return False
        try:
            self._read(entry, entry.key, issuer, None)
        except Locked:
            return True
        return False

    def unlock(self, issuer: Issuer, typed: bytes) -> None:
        """Try a typed passphrase, and the key by a signature, and keep it.

        Raises:
            KeyUnavailable: it does not open the key.
        """
        self._typed[issuer.name] = typed
        self._keys.pop(issuer.name, None)
        self.require_signing(issuer)

    def _load(self, issuer: Issuer) -> SigningKey:
        entry = self._entries.get(issuer.name)
        where = f"issuer {issuer.name}"
        if entry is None or entry.key is None:
            raise _not_configured(issuer.name)
        key = self._open(entry, entry.key, issuer)
        certified = issuer.certificates[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.public_key_info != certified:
            what, advice = f"{entry.key} is not the key of its CA certificate", _SEE_KEY
            if token := token_of(entry.key):
                what, advice = f"{what}; it is the one on {token}", f"{_SEE_KEY}; serial= in it tells tokens apart"
            raise KeyUnavailable(what, where=where, advice=advice)
        return key

    def _open(self, entry: SignerIssuer, uri: str, issuer: Issuer | None) -> SigningKey:
        """The key; a passphrase is looked for, or asked for, when the file is there and needs one."""
        try:
            return self._read(entry, uri, issuer, None)
        except Locked:
            if not entry.passphrase and entry.name not in self._typed:
                raise
        return self._read(entry, uri, issuer, self._passphrase(entry))

    def _read(self, entry: SignerIssuer, uri: str, issuer: Issuer | None, passphrase_: bytes | None) -> SigningKey:
        signature = RSASignature.PSS if issuer and is_pss_only(issuer.public_key_info) else entry.signature
        try:
            again = replace(self._logins, read_pin=partial(self._passphrase, entry))
            return NamedKey(open_key(uri, passphrase_, signature, again), f"issuer {entry.name}")
        except KeyUnavailable as error:
            error.where = f"issuer {entry.name}, {error.where}"
            error.advice = error.advice or _SEE_KEY
            if (
                isinstance(error, WrongPassphrase)
                and uri.startswith("file:")
                and entry.name not in self._typed
                and entry.passphrase
            ):
                source = passphrase.describe(entry.passphrase)
                error.what = f"the passphrase is wrong ({source}), or the key file is damaged"
                error.advice = "see `passphrase` of the issuer in [[signer.issuers]]"
            raise

    def _passphrase(self, entry: SignerIssuer) -> bytes | None:
        if entry.name in self._typed:
            return self._typed[entry.name]
        return passphrase.obtain(entry.passphrase, entry.name) if entry.passphrase else None


def _not_configured(name: str) -> KeyUnavailable:
    return KeyUnavailable(
        "its CA key is not configured here", where=f"issuer {name}", advice="set `key` in [[signer.issuers]]"
    )
