"""`revocast cert list`: the certificates that the ledger knows, page by page."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from revocation import cli, clock, serials
from revocation.errors import InputError
from revocation.visible import visible
from signer.certs.looking import facts_of, issuers_of, opened
from signer.ledger.certificate_pages import Listed, State, Wanted, page

_MOST: Final = 1000


@click.command("list", short_help="List certificates: by name, serial, state, expiry.")
@click.option("--issuer", help="Of one issuer; else of all.")
@click.option("--name", help="dns:host.example, cn:Carol (a common name), or a part of one.")
@click.option("--serial", help="Hexadecimal.")
@click.option("--state", type=click.Choice([str(one) for one in State]), help="Else whatever it is.")
@click.option("--ends-within", type=click.IntRange(min=0), help="Days from now on in which it ends, or has ended.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, _MOST), help="How many on a page.")
@click.option("--after", help="ISSUER:SERIAL of the last one of the page before, as it is printed.")
@cli.config_option
@cli.json_option
def list_(
    issuer: str | None,
    name: str | None,
    serial: str | None,
    state: str | None,
    ends_within: int | None,
    limit: int,
    after: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """List the certificates that the ledger of this machine knows, in the order of issuer and serial.

    Behind the names stands who asked for it, such as an account of ACME. What was imported has names where the ledger
    has the certificate itself; else it is found by serial, state and expiry.
    """
    signer, now = opened(config), clock.now()
    wanted = Wanted(
        issuers_of(signer.public, issuer),
        serials.from_hex(serial) if serial else None,
        name,
        State(state) if state else None,
        now + timedelta(days=ends_within) if ends_within is not None else None,
    )
    with signer.ledger.read() as connection:
        found = page(connection, wanted, now, limit + 1, _position(after))
    shown = found[:limit]
    rows = [facts_of(signer, one, now) for one in shown]
    further = _shown_position(shown[-1]) if len(found) > limit else None
    if as_json:
        cli.print_json({"certificates": rows, "next": further})
        return
    _print(rows, further)


def _position(after: str | None) -> tuple[str, bytes] | None:
    if after is None:
        return None
    issuer, found, serial = after.partition(":")
    if not found:
        raise InputError("is no ISSUER:SERIAL", where=f"--after {after}", advice="the page before prints it")
    return issuer, serials.from_hex(serial)


def _shown_position(last: Listed) -> str:
    return f"{last.issuer}:{serials.to_hex(last.serial)}"


def _print(rows: Sequence[dict[str, Any]], further: str | None) -> None:
    for row in rows:
        named = ", ".join(row["names"]) or row["subject"] or ("a CA" if row["is_ca"] else "")
        asked_by = f"  ({visible(row['asked_by'])})" if row["asked_by"] else ""
        line = f"{row['serial']}  {row['state']:7}  until {row['not_after'] or '?'}  {row['issuer']}  {named}{asked_by}"
        click.echo(line.rstrip())
    if not rows:
        click.echo("none")
    if further:
        click.echo(f"more: --after {further}")
