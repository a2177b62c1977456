"""The tables. Times are whole seconds since 1970, serials the exact octets; migrations/ creates what stands here."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import BigInteger

metadata = MetaData()

Sequence = BigInteger().with_variant(Integer, "sqlite")

issuers = Table(
    "issuers",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("name", Text, nullable=False, comment="what the operator called it when it was first seen"),
    Column("revision", BigInteger, nullable=False, comment="of the latest fact; rises by one with each"),
    Column("dated", BigInteger, nullable=False, server_default="0", comment="the latest revocation date of a fact"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("issuer", String(8), primary_key=True),
    Column("serial", LargeBinary, primary_key=True),
    Column("not_after", BigInteger, comment="NULL when the source did not say"),
    Column("is_ca", Boolean, nullable=False),
    Column("shard", Integer, comment="of its CRL, 1 and up; NULL where its CRL is not sharded"),
    Column("slice_hash", Integer, nullable=False, comment="stable, 0..65535: which slice follows from it"),
    Column("revision", BigInteger, nullable=False, comment="of what last changed: registration or status"),
    Column("status_revision", BigInteger, comment="of the latest status fact; NULL while there is none"),
    Column("der", LargeBinary),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
)
Index("certificates_by_revision", certificates.c.issuer, certificates.c.revision)
Index("certificates_by_slice", certificates.c.issuer, certificates.c.slice_hash)
Index(
    "certificates_by_shard",
    *(certificates.c.issuer, certificates.c.is_ca, certificates.c.shard, certificates.c.not_after),
)

facts = Table(
    "facts",
    metadata,
    Column("issuer", String(8), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("serial", LargeBinary, nullable=False),
    Column("kind", String(16), nullable=False, comment="revoked or released"),
    Column("revoked_at", BigInteger),
    Column("reason", Integer),
    Column("invalidity_date", BigInteger),
    Column("entry", LargeBinary, comment="DER of the CRL entry; NULL for a release"),
    Column("recorded_at", BigInteger, nullable=False),
    Column("requester", Text, nullable=False),
    Column("message", String(32), nullable=False),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
)
Index("facts_by_serial", facts.c.issuer, facts.c.serial)

crl_pages = Table(
    "crl_pages",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False),
    Column("is_ca", Boolean, nullable=False),
    Column("shard", Integer, nullable=False, comment="0 where the certificates are in none"),
    Column("reason", Integer, nullable=False),
    Column("first_revision", BigInteger, nullable=False),
    Column("last_revision", BigInteger, nullable=False),
    Column("first_until", BigInteger, nullable=False, comment="when the first entry has expired and was recorded"),
    Column("count", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("positions", LargeBinary, nullable=False, comment="revision, until, length of each entry: 8 octets each"),
    Column("entries", LargeBinary, nullable=False, comment="DER of the CRL entries, one after the other"),
    Column("positions_sha256", LargeBinary, nullable=False),
    Column("entries_sha256", LargeBinary, nullable=False),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
)
Index(
    "crl_pages_by_group",
    *(crl_pages.c.issuer, crl_pages.c.is_ca, crl_pages.c.shard, crl_pages.c.reason, crl_pages.c.id),
)

crl_paged = Table(
    "crl_paged",
    metadata,
    Column("issuer", String(8), primary_key=True),
    Column("revision", BigInteger, nullable=False, comment="facts up to this one stand in crl_pages"),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
)

departures = Table(
    "departures",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False),
    Column("serial", LargeBinary, nullable=False),
    Column("is_ca", Boolean, nullable=False, comment="with shard and reason the group that it left"),
    Column("shard", Integer, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("why", String(16), nullable=False),
    Column("expired_at", BigInteger, comment="when it had expired and was recorded; NULL where it left otherwise"),
    Column("recorded_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
    sqlite_autoincrement=True,
)
Index("departures_by_issuer", departures.c.issuer, departures.c.id)
Index("departures_by_time", departures.c.issuer, departures.c.recorded_at)
Index("departures_by_serial", departures.c.issuer, departures.c.serial)

crl_changes = Table(
    "crl_changes",
    metadata,
    Column("issuer", String(8), primary_key=True),
    Column("is_ca", Boolean, primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False, comment="of the latest status fact about such a certificate"),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
)

issued = Table(
    "issued",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False),
    Column("kind", String(8), nullable=False, comment="crl, ocsp or departed"),
    Column("part", String(64), nullable=False, comment="the label of the CRL, the slice, or day and chunk"),
    Column("slices", Integer, comment="how many slices there were; NULL for a CRL"),
    Column("hashes", String(32), comment="of the CertIDs, with a space between them; of a CRL its form"),
    Column("subject", LargeBinary, nullable=False, comment="SHA-256 of the issuer's name: CRL numbers rise per name"),
    Column("crl_number", String(49), comment="decimal: up to 20 octets"),
    Column("base_revision", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("this_update", BigInteger, nullable=False),
    Column("next_update", BigInteger, nullable=False),
    Column("count", Integer, comment="entries of a CRL, responses of a slice"),
    Column("size", BigInteger, comment="of the bundle; NULL until it lies in the exchange"),
    Column("sha256", String(64), comment="of the first file in the bundle"),
    Column("departed", BigInteger, comment="the latest departure when a CRL was made; of a chunk of them the last"),
    Column("published_at", BigInteger, comment="when it was first seen published"),
    Column("discarded_at", BigInteger, comment="when an operator took back a CRL that was never published"),
    Column(
        "ahead_of",
        BigInteger,
        comment="of one of a series, signed for a later time, the sequence of the first; NULL of all others",
    ),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
    UniqueConstraint("subject", "kind", "part", "crl_number", name="issued_number"),
    sqlite_autoincrement=True,
)
Index("issued_by_part", issued.c.issuer, issued.c.kind, issued.c.part, issued.c.sequence)

crl_floors = Table(
    "crl_floors",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("number", String(49), nullable=False, comment="highest number that another system is known to have used"),
)

responder_certificates = Table(
    "responder_certificates",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False),
    Column("serial", LargeBinary, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("key", Text, nullable=False, comment="name in the folder of responder keys"),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("key_destroyed_at", BigInteger),
    ForeignKeyConstraint(["issuer"], ["issuers.id"]),
    UniqueConstraint("issuer", "serial", name="responder_serial"),
)

replies = Table(
    "replies",
    metadata,
    Column("message", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, comment="of the signed bytes: an id stands for one message only"),
    Column("reply", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("action", String(32), nullable=False),
    Column("issuer", String(8)),
    Column("detail", Text, nullable=False, comment="JSON"),
    Column("chain", LargeBinary, nullable=False, comment="SHA-256 of the chain before and this entry"),
)

certified = Table(
    "certified",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False, comment="who signed it"),
    Column("serial", LargeBinary, nullable=False),
)

issuances = Table(
    "issuances",
    metadata,
    Column("message", String(32), primary_key=True, comment="the id of the message that asked for it"),
    Column("issuer", String(8), nullable=False),
    Column("serial", LargeBinary, nullable=False),
    Column("requester", Text, nullable=False),
    Column("asked_by", Text, comment="whom the requester asked for, as it said"),
    Column("profile", String(32), nullable=False),
    Column("subject", Text, nullable=False, comment="RFC 4514; empty where the certificate has none"),
    Column("not_before", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when it was decided"),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    UniqueConstraint("issuer", "serial", name="issuance_serial"),
)
Index("issuances_by_requester", issuances.c.requester, issuances.c.at)

certificate_names = Table(
    "certificate_names",
    metadata,
    Column("name", Text, primary_key=True, comment="such as dns:host.example"),
    Column("issuer", String(8), primary_key=True),
    Column("serial", LargeBinary, primary_key=True),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
)
Index("certificate_names_by_serial", certificate_names.c.issuer, certificate_names.c.serial)

unsigned_certificates = Table(
    "unsigned_certificates",
    metadata,
    Column("message", String(32), primary_key=True, comment="the id of the message that asked for it"),
    Column("digest", String(64), nullable=False, comment="as in replies"),
    Column("issuer", String(8), nullable=False),
    Column("serial", LargeBinary, nullable=False),
    Column("purpose", String(32), nullable=False, comment="what the key signs it as"),
    Column("tbs", LargeBinary, nullable=False, comment="what was decided; signed at most once as far as anybody sees"),
    Column("reply", Text, nullable=False, comment="what is said once it is signed"),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
)

continuity = Table(
    "continuity",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False, comment="restored or reconciled"),
    Column("detail", Text, nullable=False, comment="from what, for people"),
    Column("sequence", BigInteger, nullable=False, comment="bundles up to this one are of before"),
)

key_uses = Table(
    "key_uses",
    metadata,
    Column("key", String(64), primary_key=True, comment="SHA-256 of the SubjectPublicKeyInfo"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("for_revocation", Boolean, primary_key=True, comment="due because a status changed"),
    Column("number", BigInteger, nullable=False),
)

kept_messages = Table(
    "kept_messages",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("issuer", String(8), nullable=False),
    Column("message", String(32), nullable=False, comment="its id"),
    Column("recorded_at", BigInteger, nullable=False),
    Column("text", Text, nullable=False, comment="the message as it was signed"),
    Column("source", Text, comment="of an import what it read; JSON"),
)

ceremonies = Table(
    "ceremonies",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("step", String(16), nullable=False, comment="requested, accepted; begun, signed"),
    Column("request", String(64), nullable=False, comment="SHA-256 of the request"),
    Column("made_at", BigInteger, nullable=False, comment="when the request was made"),
    Column("predecessor", String(64), comment="the request of the ceremony before; NULL for all"),
    Column("detail", Text, nullable=False, comment="JSON"),
)
Index("ceremonies_by_request", ceremonies.c.request, ceremonies.c.step)
