"""SSH public keys, as lines of a .pub file (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f)."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from revocation.ed25519 import weak_octets

_CURVES: Final[dict[bytes, tuple[ec.EllipticCurve, HashAlgorithm]]] = {
    b"nistp256": (ec.SECP256R1(), SHA256()),
    b"nistp384": (ec.SECP384R1(), SHA384()),
    b"nistp521": (ec.SECP521R1(), SHA512()),
}
_RSA_HASHES: Final[dict[bytes, HashAlgorithm]] = {b"rsa-sha2-256": SHA256(), b"rsa-sha2-512": SHA512()}
_SHORTEST_RSA: Final = 2048
_USER_PRESENT: Final = 0x01
_ED25519, _RSA, _ECDSA = b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-"
_SK_ED25519, _SK_ECDSA = b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"


class Fields:
    """The fields of a value in SSH's encoding (RFC 4251 section 5), one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def string(self) -> bytes:
        """The next string.

        Raises:
            ValueError: there is none.
        """
        size = self.number()
        return self.octets(size)

    def number(self) -> int:
        """The next uint32."""
        (found,) = struct.unpack(">I", self.octets(4))
        return int(found)

    def octets(self, size: int) -> bytes:
        """So many octets."""
        if size > len(self._data):
            raise ValueError("is truncated")
        found, self._data = self._data[:size], self._data[size:]
        return found

    def end(self) -> None:
        """Return if nothing is left."""
        if self._data:
            raise ValueError("has something behind its end")


@dataclass(frozen=True)
class SSHKey:
    """A public key.

    Attributes:
        blob: it, as SSH encodes it.
        kind: its type, as SSH names it.
        key: of cryptography's.
        application: of a key in a FIDO token, what it was made for; else None.
    """

    blob: bytes
    kind: bytes
    key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    application: bytes | None = None

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if the key made the signature, in SSH's encoding; of a token somebody touched it.

        Raises:
            InvalidSignature: it did not.
            ValueError: no such signature.
        """
        fields = Fields(signature)
        algorithm, value = fields.string(), fields.string()
        if self.application is not None:
            flags, counter = fields.octets(1), fields.octets(4)
            if not flags[0] & _USER_PRESENT:
                raise InvalidSignature("nobody touched the token")
            data = hashlib.sha256(self.application).digest() + flags + counter + hashlib.sha256(data).digest()
        fields.end()
        if isinstance(self.key, rsa.RSAPublicKey):
            if algorithm not in _RSA_HASHES:
                raise ValueError(f"is of the algorithm {algorithm!r}")
            self.key.verify(value, data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
            return
        if algorithm != self.kind:
            raise ValueError(f"is of the algorithm {algorithm!r}")
        if isinstance(self.key, ed25519.Ed25519PublicKey):
            self.key.verify(value, data)
            return
        self.key.verify(_der(value), data, ec.ECDSA(_hash_of(self.key)))


def read_public_key(line: str) -> SSHKey:
    """The key in a line of a .pub file.

    Raises:
        ValueError: it is none, or of a kind that is not known here.
    """
    words = line.split()
    if len(words) < 2:
        raise ValueError("is not an SSH public key: a line as in a .pub file is wanted, `ssh-ed25519 AAAA…`")
    try:
        key = of_blob(base64.b64decode(words[1], validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"is not an SSH public key: it {error}") from error
    if key.kind.decode() != words[0]:
        raise ValueError(f"is not an SSH public key: it says {words[0]}, and is {key.kind.decode()}")
    return key


def of_blob(blob: bytes) -> SSHKey:
    """The key that these octets are.

    Raises:
        ValueError: they are none, or of a kind that is not known here.
    """
    fields = Fields(blob)
    kind = fields.string()
    key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if kind in (_ED25519, _SK_ED25519):
        key = ed25519.Ed25519PublicKey.from_public_bytes(octets := fields.string())
        if found := weak_octets(octets):
            raise ValueError(f"is {found}")
    elif kind == _RSA:
        exponent, modulus = (int.from_bytes(fields.string(), "big") for _ in range(2))
        if modulus.bit_length() < _SHORTEST_RSA:
            raise ValueError(f"is RSA of {modulus.bit_length()} bits; {_SHORTEST_RSA} are wanted at least")
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    elif kind.startswith(_ECDSA) or kind == _SK_ECDSA:
        name = fields.string()
        if name not in _CURVES or (kind != _SK_ECDSA and kind != _ECDSA + name):
            raise ValueError(f"is of the curve {name!r}")
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[name][0], fields.string())
    else:
        raise ValueError(f"is of the kind {kind!r}, which is not known here")
    application = fields.string() if kind in (_SK_ED25519, _SK_ECDSA) else None
    fields.end()
    return SSHKey(blob, kind, key, application)


def _der(value: bytes) -> bytes:
    """An ECDSA signature as X.509 encodes it (RFC 5656 section 3.1.2)."""
    fields = Fields(value)
    r, s = (int.from_bytes(fields.string(), "big") for _ in range(2))
    fields.end()
    return utils.encode_dss_signature(r, s)


def _hash_of(key: ec.EllipticCurvePublicKey) -> HashAlgorithm:
    return next(hash_ for curve, hash_ in _CURVES.values() if curve.name == key.curve.name)
