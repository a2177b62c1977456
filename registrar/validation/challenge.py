"""What is validated: one challenge of one authorization (RFC 8555 section 8, RFC 8737, RFC 8738)."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from registrar.problem import Identifier


class ChallengeType(StrEnum):
    """The challenges that we offer, as ACME names them; CAA's `validationmethods` names them the same (RFC 8657)."""

    HTTP_01 = "http-01"
    DNS_01 = "dns-01"
    TLS_ALPN_01 = "tls-alpn-01"


@dataclass(frozen=True)
class Challenge:
    """One challenge, and what a right answer to it is.

    Attributes:
        identifier: of a wildcard the name without `*.`.
        token: base64url, as it stands in the path of http-01.
        key_authorization: the token, a dot and the thumbprint of the account's key (RFC 8555 section 8.1).
        account_uri: of who asks, for CAA's `accounturi`; where it is None, a record that names any is not met.
        caa_identities: names by which CAA records may mean us; none: those of the configuration.
    """

    type: ChallengeType
    identifier: Identifier
    token: str
    key_authorization: str
    is_wildcard: bool = False
    account_uri: str | None = None
    caa_identities: tuple[str, ...] = ()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key authorization, of which dns-01 and tls-alpn-01 ask."""
        return hashlib.sha256(self.key_authorization.encode("ascii")).digest()
