"""Bundles for tests of an exchange: their names in order, and what writes them."""

from collections.abc import Callable
from typing import BinaryIO

NAMES = [f"{number:012}-1a2b3c4d-crl-all.tar" for number in range(1, 8)]
NAME = NAMES[0]


def of(content: bytes) -> Callable[[BinaryIO], None]:
    """Writes these octets, as the signer writes a bundle."""

    def write(out: BinaryIO) -> None:
        out.write(content)

    return write
