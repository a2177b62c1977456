"""The CA keys of the configuration, each unlocked when it is first needed and kept for the life of the process."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation.errors import KeyUnavailable, WrongPassphrase
from revocation.issuer import Issuer
from signer.config import PROMPT, SignerIssuer
from signer.keys import local, passphrase
from signer.keys.protocol import SigningKey


class Keyring:
    """CA keys by issuer.

    Args:
        issuers: the entries of [[signer.issuers]].
        passphrases: passphrases that were already typed, by issuer name.
    """

    def __init__(self, issuers: tuple[SignerIssuer, ...], passphrases: dict[str, bytes] | None = None) -> None:
        self._entries = {entry.name: entry for entry in issuers}
        self._typed = dict(passphrases or {})
        self._keys: dict[str, SigningKey] = {}

    def key_of(self, issuer: Issuer) -> SigningKey:
        """The CA key of an issuer.

        Raises:
            KeyUnavailable: none is configured, it cannot be unlocked, or it is another issuer's.
        """
        if issuer.name not in self._keys:
            self._keys[issuer.name] = self._load(issuer)
        return self._keys[issuer.name]

    def is_configured(self, issuer: Issuer) -> bool:
        """Whether there is a key for this issuer here."""
        entry = self._entries.get(issuer.name)
        return entry is not None and entry.key is not None

    def asked_for(self) -> list[str]:
        """The names of issuers whose passphrase is to be typed."""
        return [entry.name for entry in self._entries.values() if entry.key and entry.passphrase == PROMPT]

    def unlock(self, issuer: Issuer, typed: bytes) -> None:
        """Try a typed passphrase and keep it.

        Raises:
            KeyUnavailable: it does not open the key.
        """
        self._typed[issuer.name] = typed
        self._keys.pop(issuer.name, None)
        self.key_of(issuer)

    def _load(self, issuer: Issuer) -> SigningKey:
        entry = self._entries.get(issuer.name)
        where = f"issuer {issuer.name}"
        if entry is None or entry.key is None:
            raise KeyUnavailable(
                "its CA key is not configured here", where=where, advice="set `key` in [[signer.issuers]]"
            )
        key = self._open(entry, Path(entry.key.removeprefix("file:")))
        certified = issuer.certificates[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.public_key_info != certified:
            raise KeyUnavailable(f"{entry.key} is not the key of its CA certificate", where=where)
        return key

    def _open(self, entry: SignerIssuer, path: Path) -> SigningKey:
        passphrase_ = self._passphrase(entry)
        try:
            return local.load(path, passphrase_)
        except KeyUnavailable as error:
            error.where = f"issuer {entry.name}, {error.where}"
            if isinstance(error, WrongPassphrase) and entry.name not in self._typed and entry.passphrase:
                source = passphrase.describe(entry.passphrase)
                error.what = f"the passphrase is wrong ({source}), or the key file is damaged"
                error.advice = "see `passphrase` of the issuer in [[signer.issuers]]"
            raise

    def _passphrase(self, entry: SignerIssuer) -> bytes | None:
        if entry.name in self._typed:
            return self._typed[entry.name]
        return passphrase.obtain(entry.passphrase, entry.name) if entry.passphrase else None
