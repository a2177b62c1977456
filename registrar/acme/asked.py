"""A request that was verified (RFC 8555 sections 6.2 to 6.5), and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registrar.acme.jws import Signed
from registrar.acme.keys import AccountKey
from registrar.acme.services import Services
from registrar.acme.strict_json import malformed, read_object
from registrar.database.rows import Account
from registrar.problem import Problem, ProblemType
from registrar.tenant import Tenant


@dataclass(frozen=True)
class Answer:
    """What goes back.

    Attributes:
        body: a JSON document, or octets of the media type; None for nothing.
        links: pairs of a relation and a URL.
    """

    body: Mapping[str, Any] | bytes | None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Asked:
    """A request whose signature, URL and nonce are right.

    Attributes:
        signed: the JWS.
        key: the key that signed it.
        sender: the account that signed it; None where it came with its key.
        next_nonce: the one that its answer has.
        address: of the client.
        accept: the media types that it takes.
        query: what stands behind the `?` of its URL.
    """

    services: Services
    tenant: Tenant
    now: datetime
    url: str
    signed: Signed
    key: AccountKey
    sender: Account | None
    next_nonce: str
    address: str
    accept: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        """The account that signed it; a handler that lets others in does not ask."""
        if self.sender is None:
            raise malformed("this is signed with `kid`, the URL of an account, and not with `jwk`")
        return self.sender

    @property
    def is_get(self) -> bool:
        """Whether it is a POST-as-GET, which has no payload at all (section 6.3)."""
        return not self.signed.payload

    def payload(self) -> dict[str, Any]:
        """The JSON object that it has.

        Raises:
            Problem: it has none.
        """
        return read_object(self.signed.payload, "the payload")

    def require_get(self) -> None:
        """Return if it is a POST-as-GET.

        Raises:
            Problem: it is none.
        """
        if not self.is_get:
            raise malformed("this resource is fetched by POST-as-GET, with an empty payload (RFC 8555 section 6.3)")

    def account_url(self, id_: str) -> str:
        """The URL of an account: its `kid`."""
        return self.tenant.url("account", id_)


def not_yours(what: str) -> Problem:
    """The problem that something is another account's."""
    return Problem(ProblemType.UNAUTHORIZED, f"this {what} is not of the account that asks", status=403)


def not_there(what: str) -> Problem:
    """The problem that there is no such thing."""
    return malformed(f"there is no such {what}", status=404)
