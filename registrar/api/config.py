"""The `[registrar.api]` table: off unless it is there. Tokens are in the database; client certificates stand here."""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from registrar.api.scopes import Scope
from registrar.issuer_table import Rate
from revocation.configfile import LocalPath, Table
from revocation.visible import visible

_HEADER: Final = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{64}")


LONGEST_NAME: Final = 180
"""Characters of the name of a client, as the audit log has it."""


def _subject(text: str) -> str:
    if len(visible(text)) > LONGEST_NAME:
        raise ValueError(f"a subject has at most {LONGEST_NAME} characters: name the client by its `fingerprint`")
    return text


def _fingerprint(text: str) -> str:
    found = text.replace(":", "").upper()
    if not _FINGERPRINT.fullmatch(found):
        raise ValueError("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")
    return found


class ClientTable(Table):
    """One of `[[registrar.api.clients]]`: whose certificate may do what."""

    subject: Annotated[str, AfterValidator(_subject)] | None = Field(
        default=None, min_length=1, description="Its subject as RFC 4514 writes it: CN=backup,O=Example."
    )
    fingerprint: Annotated[str, AfterValidator(_fingerprint)] | None = Field(
        default=None, description="SHA-256 of the certificate, hexadecimal; in place of the subject."
    )
    scopes: tuple[Scope, ...] = Field(min_length=1, description="issue:PROFILE, revoke, hold, read, import.")
    issuers: tuple[str, ...] = Field(min_length=1, description="Of which issuers, by name.")

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if (self.subject is None) == (self.fingerprint is None):
            raise ValueError("a client has either a `subject` or a `fingerprint`")
        return self


class APITable(Table):
    """What the API takes."""

    client_cas: tuple[LocalPath, ...] = Field(
        default=(),
        description="PEM: who signs the certificates of clients, directly. None: clients have tokens alone.",
    )
    client_certificate_header: str | None = Field(
        default=None,
        pattern=_HEADER,
        description="In which a proxy of `trusted_proxies` hands over the certificate of a client whose key it has "
        "seen used: PEM, percent-encoded, as nginx's $ssl_client_escaped_cert. It has to take away what clients send.",
    )
    clients: tuple[ClientTable, ...] = ()
    rate: Rate = Field(default="600 per minute", description="Requests of one token or client certificate; `off`.")

    @model_validator(mode="after")
    def _can_be_known(self) -> Self:
        if bool(self.clients) != bool(self.client_cas):
            raise ValueError("`client_cas` and [[registrar.api.clients]] go together: one says who signs, one who may")
        if self.client_certificate_header and not self.clients:
            raise ValueError("`client_certificate_header` is set, and there are no [[registrar.api.clients]]")
        return self

    def require_proxies(self, proxies: tuple[IPv4Network | IPv6Network, ...]) -> None:
        """Return if the header is one that somebody is trusted to send. Raises ValueError."""
        if self.client_certificate_header and not proxies:
            raise ValueError("`client_certificate_header` is set, and nobody who may send it is in `trusted_proxies`")
