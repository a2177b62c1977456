"""`[public]` as the commands read it that give an issuer another certificate."""

from revocation.config import PublicConfig
from revocation.issuer import Issuer
from revocation.ocspprofile import OCSPProfile


class Renewable(PublicConfig):
    """The same without the check that a certificate lets the CA key sign responses: such a one is about to come."""

    def _check_signs_responses(self, issuer: Issuer, ocsp: OCSPProfile) -> None:
        """Return: whether it may is judged of the certificate that comes."""
