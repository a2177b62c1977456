"""The tables; migrations/ creates what stands here. Ids are random, and unique over all issuers.

`issuer` is the name of the issuer in the configuration, as it stands in the URLs of its clients.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from revocation.clock import epoch, from_epoch

metadata = MetaData()

ID_LENGTH = 32
NAME_LENGTH = 64


class Moment(TypeDecorator[datetime]):
    """A time in UTC, as whole seconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's
        """As it is written."""
        return None if value is None else epoch(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """As it is read."""
        return None if value is None else from_epoch(value)


def _id() -> Column[str]:
    return Column("id", String(ID_LENGTH), primary_key=True)


def _issuer() -> Column[str]:
    return Column("issuer", String(NAME_LENGTH), nullable=False)


accounts = Table(
    "accounts",
    metadata,
    _id(),
    _issuer(),
    Column("thumbprint", String(43), nullable=False, comment="of its key (RFC 7638, SHA-256)"),
    Column("jwk", JSON, nullable=False),
    Column("contacts", JSON, nullable=False),
    Column("status", String(16), nullable=False, comment="valid, deactivated or revoked"),
    Column("terms", Text, comment="the URL of the terms of service that were agreed to"),
    Column("eab", Text, comment="the key identifier of the external account that it is bound to"),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
Index("accounts_by_key", accounts.c.issuer, accounts.c.thumbprint, unique=True)

eab_keys = Table(
    "eab_keys",
    metadata,
    Column("issuer", String(NAME_LENGTH), primary_key=True),
    Column("kid", String(64), primary_key=True),
    Column("hmac_key", LargeBinary, nullable=False),
    Column("comment", Text, nullable=False),
    Column("reusable", Boolean, nullable=False, comment="whether several accounts may be bound to it"),
    Column("account", String(ID_LENGTH), comment="the one that was bound to it last"),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

orders = Table(
    "orders",
    metadata,
    _id(),
    _issuer(),
    Column("account", String(ID_LENGTH), nullable=False),
    Column(
        "status", String(16), nullable=False, comment="pending (ready too: that follows), processing, valid, invalid"
    ),
    Column("identifiers", JSON, nullable=False),
    Column("profile", String(32), nullable=False),
    Column("not_before", Moment),
    Column("not_after", Moment),
    Column("replaces", Text, comment="the CertID of the certificate that it replaces (RFC 9773)"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("csr", LargeBinary),
    Column("message", String(32), comment="id under which the signer is asked, again and again until it answers"),
    Column("problem", JSON),
)
Index("orders_by_account", orders.c.issuer, orders.c.account, orders.c.created_at, orders.c.id)
Index("orders_by_end", orders.c.expires_at)
_IS_PROCESSED = orders.c.status == "processing"
Index(
    "orders_processed", orders.c.issuer, orders.c.created_at, sqlite_where=_IS_PROCESSED, postgresql_where=_IS_PROCESSED
)

authorizations = Table(
    "authorizations",
    metadata,
    _id(),
    _issuer(),
    Column("account", String(ID_LENGTH), nullable=False),
    Column("order_id", String(ID_LENGTH), nullable=False),
    Column("type", String(8), nullable=False),
    Column("value", String(255), nullable=False, comment="without `*.`"),
    Column("wildcard", Boolean, nullable=False),
    Column("status", String(16), nullable=False, comment="pending, valid, invalid, deactivated or revoked"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("lifetime", BigInteger, nullable=False, comment="seconds that it is valid for, once it is"),
)
Index("authorizations_by_order", authorizations.c.order_id)
Index(
    "authorizations_by_name",
    *(authorizations.c.issuer, authorizations.c.account, authorizations.c.value, authorizations.c.expires_at),
)
Index("authorizations_by_end", authorizations.c.expires_at)

challenges = Table(
    "challenges",
    metadata,
    _id(),
    _issuer(),
    Column("authorization_id", String(ID_LENGTH), nullable=False),
    Column("type", String(16), nullable=False),
    Column("token", String(64), nullable=False),
    Column("status", String(16), nullable=False, comment="pending, processing, valid or invalid"),
    Column("asked_at", Moment, comment="when the client said that it is ready"),
    Column("validated_at", Moment),
    Column("problem", JSON),
)
Index("challenges_by_authorization", challenges.c.authorization_id)
Index("challenges_asked", challenges.c.status, challenges.c.asked_at)

certificates = Table(
    "certificates",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True, comment="that of its order, where it has one"),
    _issuer(),
    Column(
        "ca", String(8), nullable=False, comment="the id of who signed it: another one once the issuer has a new key"
    ),
    Column("serial", String(64), nullable=False, comment="hexadecimal, upper case"),
    Column("certid", String(255), nullable=False, comment="of RFC 9773 section 4.1"),
    Column("account", String(ID_LENGTH), comment="whose it is, as long as it lives"),
    Column("names", JSON, nullable=False),
    Column("profile", String(32), nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("revoked_at", Moment),
    Column("replaced_by", String(ID_LENGTH), comment="the order that is to replace it, or has"),
    Column("asked_by", String(200), comment="who asked for it over the API"),
    Column("held_at", Moment, comment="since when it is on hold"),
    Column("reason", String(32), comment="why it is revoked or on hold, where that is known"),
    Column("revision", BigInteger, comment="of the signer's ledger, which its last reply about the state has"),
    Column("state_at", Moment, comment="as of when the state is known: of that reply, or of what is published"),
    Column("seen_at", Moment, comment="when it was seen published; without it the state is the signer's word alone"),
)
Index("certificates_by_serial", certificates.c.issuer, certificates.c.ca, certificates.c.serial, unique=True)
Index("certificates_by_certid", certificates.c.issuer, certificates.c.certid)
Index("certificates_by_account", certificates.c.issuer, certificates.c.account)
Index("certificates_by_end", certificates.c.not_after)
Index("certificates_by_begin", certificates.c.issuer, certificates.c.not_before, certificates.c.id)

certificate_names = Table(
    "certificate_names",
    metadata,
    Column("issuer", String(NAME_LENGTH), primary_key=True),
    Column("name", String(512), primary_key=True, comment="as in `names` of the certificate"),
    Column("certificate", String(ID_LENGTH), primary_key=True),
)
Index("names_by_certificate", certificate_names.c.certificate)

tokens = Table(
    "tokens",
    metadata,
    Column("prefix", String(12), primary_key=True, comment="what it is found by: not secret"),
    Column("name", String(NAME_LENGTH), nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of its secret"),
    Column("scopes", JSON, nullable=False),
    Column("issuers", JSON, nullable=False, comment="for which issuers, by name"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)

requests = Table(
    "requests",
    metadata,
    Column(
        "id",
        String(ID_LENGTH),
        primary_key=True,
        comment="of the message to the signer",
    ),
    _issuer(),
    Column("digest", String(64), nullable=False, comment="SHA-256 of what was asked"),
    Column("created_at", Moment, nullable=False),
    Column("ca", String(8), comment="the id of the issuer that was asked: the same each time that it is asked"),
    Column("verb", String(16), comment="of the message"),
    Column("body", Text, comment="of the message, JSON, while the signer is to be asked again"),
    Column("done", Boolean, comment="whether it has ended with what was asked for"),
)
Index("requests_by_time", requests.c.created_at)
_IS_OPEN = requests.c.body.is_not(None)
Index("requests_open", requests.c.issuer, requests.c.created_at, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
