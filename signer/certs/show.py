"""`revocast cert show`: what is known of one certificate."""

from pathlib import Path
from typing import Final

import click

from revocation import cli, clock
from signer.certs.looking import facts_of, opened, the_one

_TITLES: Final = {
    "issuer": "issuer",
    "state": "state",
    "subject": "subject",
    "names": "names",
    "not_after": "until",
    "revoked_at": "revoked",
    "reason": "reason",
    "profile": "profile",
    "issued_at": "issued",
    "requester": "requester",
    "asked_by": "asked by",
    "message": "message",
}


@click.command(short_help="Show what is known of a certificate.")
@click.argument("which", metavar="SERIAL|NAME")
@click.option("--issuer", help="Its issuer, where several have such a serial.")
@cli.config_option
@cli.json_option
def show(which: str, issuer: str | None, config: Path | None, as_json: bool) -> None:
    """Show the certificate of a SERIAL (hexadecimal), or of a NAME that one alone has: host.example, cn:Carol."""
    signer, now = opened(config), clock.now()
    found = facts_of(signer, the_one(signer, which, issuer, now), now)
    if as_json:
        cli.print_json(found)
        return
    click.echo(f"certificate {found['serial']}")
    for key, title in _TITLES.items():
        value = ", ".join(found[key]) if key == "names" else found[key]
        if value:
            click.echo(f"  {title:10} {value}")
    if not found["has_certificate"]:
        click.echo("  the ledger does not have the certificate itself")
