"""A key that signs what is only looked at: made when it is first needed, and never written anywhere."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from signer.keys import local
from signer.keys.protocol import SigningKey


@cache
def throwaway_key() -> SigningKey:
    """The one of this process; P-256."""
    return local.of_private_key(ec.generate_private_key(ec.SECP256R1()), "the throw-away key")
