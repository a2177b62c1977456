"""`revocast audit verify` and `revocast audit show`, on the signer's machine. They only wire."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import ColumnElement

from revocation import cli
from revocation.clock import epoch, iso
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import InputError
from revocation.visible import visible
from revocation.wire.opening import open_exchange
from signer.auditing.log import Entry, entries
from signer.auditing.verify import Verdict, verify
from signer.config import SignerConfig
from signer.keys.audit_key import load_audit_key
from signer.ledger.ledger import Ledger
from signer.ledger.schema import audit

_TIMES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")


@click.command("verify", short_help="Hold the audit log against its chain, and against signed heads.")
@click.option(
    "--head",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with heads, as a publisher keeps them: audit-heads.jsonl in its state folder. May be given again.",
)
@cli.config_option
@cli.json_option
def verify_(files: tuple[Path, ...], config: Path | None, as_json: bool) -> None:
    """Read the whole audit log, and say the first entry that is not what was written, or not where it was.

    That it goes as far as it did is held against the head in the exchange, and those in each --head: copies of heads
    that lie elsewhere show what was cut off.

    Exit code 0: whole. 1: it is not.
    """
    file = ConfigFile.read(config)
    table, public = file.table("signer", SignerConfig), PublicConfig.read(file)
    if isinstance(table.ledger, Path) and not table.ledger.exists():
        raise InputError("is not there", where=f"ledger {table.ledger}", advice="see `ledger` in [signer]")
    ledger = Ledger(table.ledger)
    with ledger.read() as connection:
        verdict = verify(connection, open_exchange(table.exchange), files, public.audit_keys)
    ledger.close()
    if as_json:
        cli.print_json(verdict.as_json())
    else:
        _print(verdict)
    sys.exit(0 if verdict.whole else 1)


def _print(verdict: Verdict) -> None:
    upto = f", up to {verdict.last}" if verdict.last else ""
    click.echo(f"{verdict.count} entries follow one another{upto}; held against {verdict.heads} signed heads")
    for note in verdict.notes:
        click.echo(f"note: {note}")
    for problem in verdict.problems:
        cli.show_error(problem)


@click.command(short_help="Show entries of the audit log, or the key that signs its head.")
@click.option("--since", type=click.DateTime(_TIMES), help="From then on (UTC): 2026-03-01, or 2026-03-01T12:00:00Z.")
@click.option("--issuer", help="Of this issuer, by name or id.")
@click.option("--action", help="Of this action alone, as `revoke` or `sign crl`.")
@click.option("--key", is_flag=True, help="Show the public key that signs heads instead, for `audit_keys` in [public].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@cli.config_option
def show(
    since: datetime | None, issuer: str | None, action: str | None, config: Path | None, *, key: bool, as_json: bool
) -> None:
    """Show the entries of the audit log, the oldest first: number, time, action, issuer, and what was done."""
    file = ConfigFile.read(config)
    table = file.table("signer", SignerConfig)
    if key:
        click.echo(_public_key(table))
        return
    ledger = Ledger(table.ledger)
    conditions: list[ColumnElement[bool]] = []
    if since:
        conditions.append(audit.c.at >= epoch(since.replace(tzinfo=UTC)))
    if issuer:
        conditions.append(audit.c.issuer == PublicConfig.read(file).profile(issuer).issuer.id)
    if action:
        conditions.append(audit.c.action == action)
    with ledger.read() as connection:
        for entry in entries(connection, *conditions):
            click.echo(_as_json(entry) if as_json else _line(entry))
    ledger.close()


def _public_key(table: SignerConfig) -> str:
    """Of the key; where there is neither it nor a ledger yet, no signer runs that could make another meanwhile."""
    if isinstance(table.ledger, Path) and not table.ledger.exists():
        return load_audit_key(table.keys).public
    ledger = Ledger(table.ledger)
    with ledger.signing():
        public = load_audit_key(table.keys).public
    ledger.close()
    return public


def _line(entry: Entry) -> str:
    """With nothing that a terminal would obey: somebody may have written into the ledger."""
    return visible(f"{entry.id} {iso(entry.written_at)} {entry.issuer or '-'} {entry.action} {entry.detail}")


def _as_json(entry: Entry) -> str:
    return json.dumps(
        {
            "entry": entry.id,
            "at": iso(entry.written_at),
            "issuer": entry.issuer,
            "action": entry.action,
            "detail": _detail(entry),
            "chain": entry.chain.hex(),
        }
    )


def _detail(entry: Entry) -> object:
    """What it says; the text itself where somebody made it something else than JSON."""
    try:
        return json.loads(entry.detail)
    except ValueError:
        return entry.detail
