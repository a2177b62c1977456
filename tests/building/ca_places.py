"""CA keys of every kind, where each may lie: in a file, on a token, in KMS; and the PKI folders of such CAs."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from revocation import der
from revocation.issuer import Issuer
from signer.keys import BytesTBS, SigningKey
from signer.keys.opening import open_key
from signer.keys.rsa_signature import RSASignature
from tests.building.kms import KMS
from tests.building.softhsm import PIN, SoftHSM
from tests.keykinds import CA_KEYS
from tests.whole.service import succeed

_PSS: Final = padding.PSS(padding.MGF1(SHA256()), 32)
_PASSPHRASE: Final = b"correct horse"
_LEAF_KEY: Final = ec.generate_private_key(ec.SECP256R1()).public_key()
SERIALS: Final = {"good": 0x1001, "revoked": 0x1002, "later": 0x1003}
"""Of each CA's certificates: one stays good, one comes revoked, one is revoked while the test looks on."""


@dataclass(frozen=True)
class CAKind:
    """A CA key: where it lies, what it is, how it signs.

    Attributes:
        place: `file`, `token` or `kms`.
        algorithm: as `key generate --kind` has it.
    """

    place: str
    algorithm: str
    signature: RSASignature | None = None

    @property
    def name(self) -> str:
        """Of the issuer, and of the test about it."""
        return f"{self.place}-{self.algorithm}" + ("-pss" if self.signature else "")

    @property
    def is_post_quantum(self) -> bool:
        """Whether OpenSSL 3.0 and GnuTLS 3.7 know nothing of it."""
        return self.algorithm.startswith("mldsa")


KINDS: Final = tuple(
    CAKind(place, algorithm, RSASignature.PSS if pss else None)
    for place, algorithm, pss in (
        *(("file", algorithm, "") for algorithm in ("p256", "rsa2048", "ed25519", "mldsa44", "mldsa65", "mldsa87")),
        *(("token", algorithm, "") for algorithm in ("p256", "p384", "rsa2048", "ed25519")),
        ("token", "rsa3072", "pss"),
        *(("kms", algorithm, "") for algorithm in ("p256", "p384", "rsa2048")),
        ("kms", "rsa3072", "pss"),
    )
)


@dataclass(frozen=True)
class KeyPlaces:
    """Where keys can be made on this machine.

    Attributes:
        passphrase_file: of keys in files.
    """

    folder: Path
    token: SoftHSM
    kms: KMS
    passphrase_file: Path

    @classmethod
    def make(cls, folder: Path, token: SoftHSM, kms: KMS) -> "KeyPlaces":
        """Places with no key in them."""
        (passphrase := folder / "ca.passphrase").write_bytes(_PASSPHRASE + b"\n")
        return cls(folder, token, kms, passphrase)

    def generate(self, kind: CAKind) -> "PlacedKey":
        """Make a key of that kind, as an operator does: by `revocast key generate`, in KMS by its own API."""
        if kind.place == "kms":
            uri = f"awskms:{self.kms.create(kind.algorithm)}"
            return PlacedKey(kind, uri, None, open_key(uri, None, kind.signature))
        in_file = kind.place == "file"
        uri = f"file:{self.folder}/{kind.name}.key" if in_file else self.token.uri(kind.name)
        secret = self.passphrase_file if in_file else self.token.pin_file
        succeed("key", "generate", uri, "--kind", kind.algorithm, "--passphrase", f"file:{secret}")
        opened = open_key(uri, _PASSPHRASE if in_file else PIN.encode(), kind.signature)
        return PlacedKey(kind, uri, secret, opened)


@dataclass(frozen=True)
class PlacedKey:
    """A CA key that was made.

    Attributes:
        secret: the file with its passphrase or PIN.
    """

    kind: CAKind
    uri: str
    secret: Path | None
    key: SigningKey

    @property
    def settings(self) -> str:
        """What stands of it in [[signer.issuers]]."""
        lines = [f'key = "{self.uri}"']
        lines += [f'passphrase = "file:{self.secret}"'] if self.secret else []
        lines += [f'signature = "{self.kind.signature}"'] if self.kind.signature else []
        return "\n".join(lines)

    def write_pki(self, folder: Path, now: datetime) -> "CAFolder":
        """The folder of `openssl ca` with this CA and its certificates, and without its key."""
        (folder / "newcerts").mkdir(parents=True)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.kind.name)])
        public = load_der_public_key(self.key.public_key_info)
        ca = self._certificate(name, name, public, 1, now, is_ca=True)
        (folder / "cacert.pem").write_bytes(ca.public_bytes(Encoding.PEM))
        lines = []
        for status, serial in SERIALS.items():
            leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, status)])
            certificate = self._certificate(leaf, name, _LEAF_KEY, serial, now, is_ca=False)
            (folder / f"newcerts/{serial:X}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
            revoked = f"{now - timedelta(hours=1):%y%m%d%H%M%SZ},keyCompromise" if status == "revoked" else ""
            ends = f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}"
            lines.append(f"{'R' if revoked else 'V'}\t{ends}\t{revoked}\t{serial:X}\tunknown\t/CN={status}\n")
        (folder / "index.txt").write_text("".join(lines))
        return CAFolder(folder, self.kind, Issuer.of(self.kind.name, [ca]))

    def _certificate(
        self, subject: x509.Name, issuer: x509.Name, public: object, serial: int, now: datetime, *, is_ca: bool
    ) -> x509.Certificate:
        """Encoded with a key that is thrown away, and signed by the one that has to: it may be where none encodes."""
        builder = (
            x509.CertificateBuilder(issuer, subject, public)  # type: ignore[arg-type]
            .serial_number(serial)
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        like, pss = CA_KEYS[self.kind.algorithm](), _PSS if self.kind.signature else None
        tbs = builder.sign(like, _digest(self.kind.algorithm), rsa_padding=pss).tbs_certificate_bytes
        signature = der.tlv(der.BIT_STRING, b"\0", self.key.sign(BytesTBS(tbs)))
        return x509.load_der_x509_certificate(der.sequence(tbs, self.key.algorithm_identifier, signature))


@dataclass(frozen=True)
class CAFolder:
    """A CA's certificates, as `openssl ca` keeps them."""

    path: Path
    kind: CAKind
    issuer: Issuer

    @property
    def ca(self) -> Path:
        """PEM of the CA certificate."""
        return self.path / "cacert.pem"

    def leaf(self, status: str) -> Path:
        """PEM of one of its certificates."""
        return self.path / f"newcerts/{SERIALS[status]:X}.pem"

    def der(self, file: Path) -> bytes:
        """A PEM file's DER."""
        return ssl.PEM_cert_to_DER_cert(file.read_text())


@contextmanager
def key_places(folder: Path, kms_endpoint: str) -> Iterator[KeyPlaces]:
    """Places to make CA keys in, which the environment names to this process and its children."""
    from signer.keys.kms.client import client
    from signer.keys.kms.key import _found
    from tests.building.s3server import CREDENTIALS

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_KMS": kms_endpoint}.items():
            patch.setenv(name, value)
        client.cache_clear()
        _found.cache_clear()
        yield KeyPlaces.make(folder, SoftHSM(folder / "softhsm", patch), KMS(kms_endpoint))


def _digest(algorithm: str) -> HashAlgorithm | None:
    if algorithm.startswith(("p", "rsa")):
        return {"p384": SHA384(), "p521": SHA512()}.get(algorithm, SHA256())
    return None
