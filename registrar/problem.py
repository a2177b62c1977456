"""What is wrong with a request, as its client is told: problem documents (RFC 9457) of ACME (RFC 8555 section 6.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

_ACME: Final = "urn:ietf:params:acme:error:"


class ProblemType(StrEnum):
    """The errors of RFC 8555 section 6.7, and those that later RFCs register (8738, 9773 section 7.4)."""

    ACCOUNT_DOES_NOT_EXIST = "accountDoesNotExist"
    ALREADY_REPLACED = "alreadyReplaced"
    ALREADY_REVOKED = "alreadyRevoked"
    BAD_CSR = "badCSR"
    BAD_NONCE = "badNonce"
    BAD_PUBLIC_KEY = "badPublicKey"
    BAD_REVOCATION_REASON = "badRevocationReason"
    BAD_SIGNATURE_ALGORITHM = "badSignatureAlgorithm"
    CAA = "caa"
    COMPOUND = "compound"
    CONNECTION = "connection"
    DNS = "dns"
    EXTERNAL_ACCOUNT_REQUIRED = "externalAccountRequired"
    INCORRECT_RESPONSE = "incorrectResponse"
    INVALID_CONTACT = "invalidContact"
    INVALID_PROFILE = "invalidProfile"
    MALFORMED = "malformed"
    ORDER_NOT_READY = "orderNotReady"
    RATE_LIMITED = "rateLimited"
    REJECTED_IDENTIFIER = "rejectedIdentifier"
    SERVER_INTERNAL = "serverInternal"
    TLS = "tls"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_CONTACT = "unsupportedContact"
    UNSUPPORTED_IDENTIFIER = "unsupportedIdentifier"
    USER_ACTION_REQUIRED = "userActionRequired"

    @property
    def urn(self) -> str:
        """As it stands in `type`."""
        return f"{_ACME}{self}"


@dataclass(frozen=True)
class Identifier:
    """What a certificate is for: a DNS name in lower case, without a dot at its end; or an IP address (RFC 8738)."""

    type: str
    value: str

    def as_json(self) -> dict[str, str]:
        """As ACME writes it."""
        return {"type": self.type, "value": self.value}


class Problem(Exception):
    """A request that is not done, and why.

    Args:
        type_: which of ACME's errors.
        detail: one sentence for people, nothing secret in it.
        status: of HTTP.
        identifier: what it is about, in a subproblem (section 6.7.1).
        subproblems: of several identifiers.
        retry_after: in how many seconds to try again; None where that is not known.
        algorithms: those that could have been used, of a signature whose algorithm is not (section 6.2).
        instance: a page on which somebody has to do something (section 7.3.3).
        headers: further ones of the answer.
        links: the same, pairs of a relation and a URL.
    """

    def __init__(
        self,
        type_: ProblemType,
        detail: str,
        *,
        status: int = 400,
        identifier: Identifier | None = None,
        subproblems: Sequence["Problem"] = (),
        retry_after: int | None = None,
        algorithms: Sequence[str] = (),
        instance: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        links: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.type, self.detail, self.status = type_, detail, status
        self.identifier, self.subproblems, self.retry_after = identifier, tuple(subproblems), retry_after
        self.algorithms, self.instance = tuple(algorithms), instance
        self.headers, self.links = headers, tuple(links)

    def as_json(self) -> dict[str, Any]:
        """The document; a subproblem has no status of its own."""
        said: dict[str, Any] = {"type": self.type.urn, "detail": self.detail, "status": self.status}
        if self.identifier:
            said["identifier"] = self.identifier.as_json()
        if self.instance:
            said["instance"] = self.instance
        if self.algorithms:
            said["algorithms"] = list(self.algorithms)
        if self.subproblems:
            said["subproblems"] = [one.as_json() for one in self.subproblems]
        return said
