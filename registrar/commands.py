"""The operator's commands where the registrar's database is: cleaning up, and keys of external accounts."""

import base64
import logging
import secrets
from pathlib import Path
from typing import Any, Final

import click

from registrar.cleanup import clean_up
from registrar.config import RegistrarConfig
from registrar.configured import read_registrar
from registrar.database import Database, accounts
from registrar.database.rows import EABKey
from registrar.issuer_table import Need
from revocation import cli
from revocation.clock import iso, now
from revocation.configfile import ConfigFile
from revocation.errors import InputError
from revocation.logs import log_to_stderr

_LOG: Final = logging.getLogger("revocast.registrar")
_KEY_OCTETS: Final = 32


@click.command("acme-cleanup")
@cli.json_option
@cli.config_option
def acme_cleanup(config: Path | None, as_json: bool) -> None:
    """Delete orders, authorizations and certificates that ended long ago: see [registrar.retention].

    For cron; where neither ACME nor the API is served it says so and does nothing.
    """
    log_to_stderr("registrar")
    file = ConfigFile.read(config)
    settings = read_registrar(file)[0] if file.has("registrar") else None
    if settings is None or not settings.served_issuers:
        _LOG.info("neither ACME nor the API is served here: there is nothing to clean up")
        done: dict[str, int] = {}
    else:
        done = clean_up(Database(settings.database), settings.retention, now())
    if as_json:
        cli.print_json(done)


@click.command("create")
@cli.json_option
@cli.config_option
@click.option("--issuer", required=True, help="The name of the issuer, as in [[registrar.issuers]].")
@click.option("--comment", default="", help="Whom it is for; shown by `revocast eab list`.")
@click.option("--reusable", is_flag=True, help="Several accounts may be bound to it, and not only the first.")
def create_eab(config: Path | None, issuer: str, comment: str, reusable: bool, as_json: bool) -> None:
    """Make a key for external account binding, to be handed to whoever may have an account.

    It is shown once, as certbot's --eab-kid and --eab-hmac-key want it.
    """
    settings = _settings(config, issuer)
    key = EABKey(issuer, secrets.token_hex(8), secrets.token_bytes(_KEY_OCTETS), comment, reusable, None, now(), None)
    with Database(settings.database).write() as connection:
        accounts.add_eab_key(connection, key)
    hmac_key = base64.urlsafe_b64encode(key.hmac_key).rstrip(b"=").decode()
    if as_json:
        cli.print_json({"issuer": issuer, "kid": key.kid, "hmac_key": hmac_key})
        return
    click.echo(f"kid:      {key.kid}\nhmac key: {hmac_key}")
    if all(one.external_accounts is Need.OFF for one in settings.issuers if one.name == issuer):
        click.echo(f'{issuer} asks for none: external_accounts = "optional" or "required"', err=True)


@click.command("list")
@cli.json_option
@cli.config_option
@click.option("--issuer", required=True, help="The name of the issuer.")
def list_eab(config: Path | None, issuer: str, as_json: bool) -> None:
    """Show the keys for external account binding of an issuer, without their secrets."""
    settings = _settings(config, issuer)
    with Database(settings.database).read() as connection:
        keys = accounts.eab_keys_of(connection, issuer)
    if as_json:
        cli.print_json([_shown(one) for one in keys])
        return
    for one in keys:
        state = "revoked" if one.revoked_at else "bound" if one.account else "free"
        click.echo(f"{one.kid}  {state:<8}{'reusable  ' if one.reusable else ''}{iso(one.created_at)}  {one.comment}")


@click.command("revoke")
@cli.config_option
@click.option("--issuer", required=True, help="The name of the issuer.")
@click.argument("kid")
def revoke_eab(config: Path | None, issuer: str, kid: str) -> None:
    """Let no further account be bound to a key; accounts that are stay as they are."""
    settings = _settings(config, issuer)
    with Database(settings.database).write() as connection:
        done = accounts.revoke_eab_key(connection, issuer, kid, now())
    if not done:
        raise InputError(f"no key {kid!r} that could be revoked", advice=f"see `revocast eab list --issuer {issuer}`")
    click.echo(f"{kid} is revoked")


def _settings(config: Path | None, issuer: str) -> RegistrarConfig:
    settings, _ = read_registrar(ConfigFile.read(config))
    names = [one.name for one in settings.issuers]
    if issuer not in names:
        raise InputError(f"no issuer of [registrar] is called {issuer!r}", advice=f"configured are: {', '.join(names)}")
    return settings


def _shown(one: EABKey) -> dict[str, Any]:
    return {
        "kid": one.kid,
        "comment": one.comment,
        "reusable": one.reusable,
        "account": one.account,
        "created_at": iso(one.created_at),
        "revoked_at": iso(one.revoked_at) if one.revoked_at else None,
    }
