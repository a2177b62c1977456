"""The only room in which private keys are loaded. Everything outside sees `SigningKey` and never the key."""

from signer.keys.protocol import TBS, BytesTBS, FileTBS, KeyAway, Locked, SigningKey

__all__ = ["TBS", "BytesTBS", "FileTBS", "KeyAway", "Locked", "SigningKey"]
