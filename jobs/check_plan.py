"""What one run of `check` is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from revocation.config import PublicConfig


@dataclass(frozen=True)
class Plan:
    """What is to be checked.

    Attributes:
        public: the issuers, their certificates and windows.
        base: the URL under which `crl/`, `issuer/` and `ocsp/` lie, ending in `/`.
        certificates: certificates whose status is asked for.
        sample: how many revoked serials of each CRL are asked for by OCSP.
        seconds: how long each fetch may take.
        starting: whether what is published was just begun with: then nothing is late that may have expired before.
    """

    public: PublicConfig
    base: str
    certificates: Sequence[x509.Certificate] = ()
    sample: int = 5
    seconds: float = 10.0
    starting: bool = False
