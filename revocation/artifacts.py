"""The kinds of signed objects that relying parties fetch, and how each is named inside the system."""

from enum import StrEnum


class Kind(StrEnum):
    """What a bundle or a target carries."""

    CRL = "crl"
    OCSP = "ocsp"
    ISSUER = "issuer"


class Scope(StrEnum):
    """Which certificates a complete CRL covers (RFC 5280 section 5.2.5).

    `all` has no IssuingDistributionPoint, for consumers that refuse a critical one; the others carry it.
    """

    ALL = "all"
    USER = "user"
    CA = "ca"

    def covers(self, is_ca: bool) -> bool:
        """Whether a certificate of that kind belongs on a CRL of this scope."""
        return self is Scope.ALL or (self is Scope.CA) == is_ca
