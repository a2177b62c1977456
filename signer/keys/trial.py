"""One signature by which a key shows that it belongs to its public key, before anything is certified or promised."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation import rsassa_pss
from revocation.errors import KeyUnavailable
from signer.keys.algorithms import algorithm_of, verify
from signer.keys.protocol import BytesTBS, SigningKey
from signer.keys.rsa_signature import RSASignature

TRIAL: Final = BytesTBS(
    b"Revocast, trial of a key: whoever reads this, nothing is certified and nothing is said by it\n"
)
"""What is signed. Certificates, CRLs, responses and requests are a SEQUENCE, which no text in ASCII begins as."""


def require_own_public_key(key: SigningKey, where: str) -> None:
    """Return if a key makes a signature that its public key verifies: labels, and what lies beside a key, are cheap.

    Raises:
        KeyUnavailable: it cannot sign now, or it is another's public key.
    """
    public = load_der_public_key(key.public_key_info)
    scheme = RSASignature.PSS if key.algorithm_identifier == rsassa_pss.ALGORITHM_IDENTIFIER else None
    algorithm = algorithm_of(public, scheme, where)
    signature = key.sign(TRIAL)
    try:
        verify(public, algorithm, TRIAL.digest(algorithm.hash.name) if algorithm.hash else TRIAL.read(), signature)
    except InvalidSignature as error:
        raise KeyUnavailable("its public key does not verify what it signs", where=where) from error
