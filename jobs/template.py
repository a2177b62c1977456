"""The text of a revocast.toml: what was chosen stands there, every default stands behind a `#` with its reason."""

import json
import textwrap
from collections.abc import Iterable

from pydantic import BaseModel

from jobs.config import JobsConfig
from jobs.issuer_entry import IssuerEntry
from revocation.config import PublicConfig
from revocation.crlprofile import CRLProfile
from revocation.ocspprofile import OCSPProfile

_HEAD = """\
# revocast.toml, written by `revocast init`. A line behind `#` shows a default: take the `#` away to change it.
# [public] is read by every service and holds no secret; each other table is read by its own service alone.
# Paths are relative to this file. Durations: 90s, 15m, 12h, 7d. A service reads it when it starts, and refuses
# a key that it does not know and a value that contradicts another.
"""


def configuration(
    base_url: str, listen: tuple[str, int], queue: str | None, operator_key: str, entries: Iterable[IssuerEntry]
) -> str:
    """The whole file.

    Args:
        base_url: scheme and host under which relying parties fetch.
        listen: the address and port of the responder.
        queue: the URL of the queue, or None for a system that works by cron.
        operator_key: the public key of the operator, base64.
        entries: the issuers to begin with.
    """
    queue_line = f"queue = {_literal(queue)}" if queue else '# queue = "unix://run/valkey.sock"'
    parts = [
        _HEAD,
        "[public]",
        _field(PublicConfig, "base_url", base_url),
        _field(PublicConfig, "prefix"),
        _field(PublicConfig, "audit_keys"),
        _profile(
            "public.crl", 'How CRLs are made; [[public.issuers]] may differ: crl = { renewal = "6h" }', CRLProfile
        ),
        _profile("public.ocsp", "How OCSP responses and the certificates that sign them are made", OCSPProfile),
        _SIGNER.format(queue=queue_line, public_key=operator_key),
        _PUBLISHER.format(queue=queue_line),
        _RESPONDER.format(host=_literal(listen[0]), port=listen[1]),
        _jobs(queue_line),
        "# ---- issuers: who signs, and where the key of each is ----",
    ]
    parts += [issuer_tables(entry) for entry in entries] or [_NO_ISSUER]
    return "\n".join(parts)


def issuer_tables(entry: IssuerEntry) -> str:
    """The two tables of an issuer; they may be appended to a file at any time."""
    lines = [
        "",
        "[[public.issuers]]",
        f"name = {_literal(entry.issuer.name)}  # id {entry.issuer.id}",
        f"certificates = [{_literal(entry.certificate_path)}]",
        "[[signer.issuers]]",
        f"name = {_literal(entry.issuer.name)}",
        f"key = {_literal(entry.key)}  # "
        + ("stays where it is" if entry.key_is_there else "was not there; it is looked for whenever it is needed"),
    ]
    if entry.passphrase:
        lines.append(f"passphrase = {_literal(entry.passphrase)}  # or env:NAME, credential:NAME, prompt")
    return "\n".join(lines) + "\n"


def _profile(name: str, title: str, model: type[BaseModel]) -> str:
    fields = (_field(model, field) for field in model.model_fields)
    return "\n".join(["", f"[{name}]", f"# {title}", *fields])


def _jobs(queue_line: str) -> str:
    fields = (_field(JobsConfig, name) for name in JobsConfig.model_fields if name != "queue")
    return "\n".join(["", "[jobs]", queue_line, *fields, ""])


def _field(model: type[BaseModel], name: str, value: str | None = None) -> str:
    """A key with its description above it, behind a `#` when nothing was chosen."""
    field = model.model_fields[name]
    lines = textwrap.wrap(field.description or "", 112, initial_indent="# ", subsequent_indent="# ")
    default = None if value else model.model_construct().model_dump(mode="json", include={name}, warnings=False)[name]
    if default is None and not value:
        lines += [f"# Not set; for example: {name} = {_literal(example)}" for example in field.examples or ()]
    else:
        lines.append(f"{name} = {_literal(value)}" if value else f"# {name} = {_literal(default)}")
    return "\n".join(lines)


def _literal(value: object) -> str:
    """JSON's text, lists and numbers are TOML's too; a table is written otherwise."""
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{key} = {_literal(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, default=str, ensure_ascii=False)


_SIGNER = """
[signer]
# What is known of every certificate: SQLite on a local disk, or postgresql://USER@HOST/DATABASE.
ledger = "signer/ledger.sqlite"
# Responder keys that the signer makes for itself.
keys = "signer/keys"
# Where bundles are put for the publisher: a folder, or s3://BUCKET/PREFIX (docs/s3.md).
exchange = "exchange"
{queue}
# [signer.limits]  # hold whatever a message or a profile says
# crl_validity = "10d"
# last_crl = "expiry"  # a retired issuer's last CRL may go on to the end of its certificates; "never": for ever
# ocsp_validity = "10d"
# direct_ocsp_validity = "366d"  # of responses that a CA key signs itself
# responder_certificate_validity = "31d"
# revocation_backdate = "366d"
[[signer.requesters]]
# Who may ask to change facts: the key of `revocast revoke` on this machine.
name = "operator"
public_key = "{public_key}"
verbs = ["issue", "revoke", "release", "raise", "excuse", "discard", "import"]
issuers = ["*"]
"""

_PUBLISHER = """
[publisher]
exchange = "exchange"
# Marks that only rise, and bundles that were refused with the reason. Outside the targets on purpose.
state = "publisher"
{queue}
# [publisher.archive]  # the CRLs that were published, in `crls` of the state folder; the last of each for ever
# count = 20
# age = "90d"
[[publisher.targets]]
name = "files"
kind = "directory"
path = "public"  # CRLs and issuer certificates lie below public/www: what a web server may serve
# numbered = false  # beside all.crl copies that stay, all-17.crl: as many as [publisher.archive] keeps
# pem = false  # beside all.crl its PEM form, all.pem
[[publisher.targets]]
name = "responses"
kind = "lmdb"
path = "store"  # a local disk: what the responder reads
# [[publisher.targets]]  # a bucket, for CRLs and issuer certificates: docs/s3.md
# name = "bucket"
# kind = "s3"
# url = "s3://example-pki"
# [[publisher.targets]]  # a Redis or Valkey server, for responders on other hosts: docs/redis.md
# name = "shared"
# kind = "redis"
# url = "rediss://valkey.example:6379/0"
# password = "file:valkey.password"  # or env:NAME, or credential:NAME; never the password itself
"""

_RESPONDER = """
[responder]
store = "store"
files = "public/www"  # serve /crl/ and /issuer/ too; take it away when a web server does
host = {host}
port = {port}
# admin = "127.0.0.1:9180"  # /metrics and /readyz: docs/monitoring.md
# [responder.redis]  # in the place of `store`, on another host: what a publisher writes into a server
# url = "rediss://valkey.example:6379/0"
# password = "file:valkey.password"
"""

_NO_ISSUER = """
# No issuer yet: `revocast issuer create NAME --append` makes a root (docs/issuers.md). Or name the certificate and the
# key of a CA that is there, then `revocast import`:
# [[public.issuers]]
# name = "my-ca"
# certificates = ["issuers/my-ca.pem"]
# [[signer.issuers]]
# name = "my-ca"
# key = "file:/path/to/ca.key"
# passphrase = "prompt"
"""
