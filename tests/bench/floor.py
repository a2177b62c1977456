"""The physical limit of a CRL: ready entries are hashed, the hash is signed, and all of it is written."""

import hashlib
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from signer.ledger import pages
from signer.ledger.groups import EVERYTHING
from tests.estate import Estate


def ready(estate: Estate) -> list[bytes]:
    """The entries of the installation's CRL."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    with signer.ledger.read() as connection:
        return list(pages.entries(connection, profile.issuer, EVERYTHING))


def floor(entries: list[bytes], place: Path) -> float:
    """Seconds of hash, signature and write."""
    key = ec.generate_private_key(ec.SECP256R1())
    begun = time.perf_counter()
    digest = hashlib.sha256()
    with place.open("wb", buffering=0) as file:
        for piece in entries:
            digest.update(piece)
            file.write(piece)
        file.write(key.sign(digest.digest(), ec.ECDSA(utils.Prehashed(SHA256()))))
    seconds = time.perf_counter() - begun
    place.unlink()
    return seconds
