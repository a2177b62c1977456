"""`revocast token`: tokens of the API, made and revoked where the registrar's database is."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from registrar.api import scopes as scope_names
from registrar.api.tokens import holds, new_secret
from registrar.config import RegistrarConfig
from registrar.configured import read_registrar
from registrar.database import Database, tokens
from registrar.database.rows import Token
from registrar.database.tokens import NameInUse
from revocation import cli
from revocation.clock import iso, now
from revocation.configfile import ConfigFile
from revocation.durations import parse, show
from revocation.errors import InputError

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST: Final = timedelta(days=3650)


@click.command()
@cli.json_option
@cli.config_option
@click.option("--name", required=True, help="Whose it is: the audit log has `token NAME`. No name is used twice.")
@click.option(
    "--scopes", required=True, help="What it is for: issue:PROFILE, revoke, hold, read, import; several with commas."
)
@click.option("--issuers", required=True, help="Of which issuers, by name; several with commas.")
@click.option("--expires", default="365d", show_default=True, help="In which time it ends: 90d, 12h; or `never`.")
def create(config: Path | None, name: str, scopes: str, issuers: str, expires: str, as_json: bool) -> None:
    """Make a token for the API, and show it once: what is stored is a digest of it."""
    settings = _settings(config)
    secret, prefix, digest = new_secret()
    begin = now()
    ends = None if expires == "never" else begin + _lifetime(expires)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name of a token", advice="1 to 64 letters, digits, dots, lines and underlines"
        )
    token = Token(prefix, name, digest, _scopes(scopes), _issuers(settings, issuers), begin, ends, None)
    try:
        with Database(settings.database).write() as connection:
            tokens.add(connection, token)
    except NameInUse:
        advice = "take another name: the audit log tells tokens apart by it; `revocast token list` shows all"
        raise InputError(f"there is, or was, a token {name!r}", advice=advice) from None
    if as_json:
        cli.print_json({**_shown(token), "token": secret})
        return
    click.echo(secret)
    click.echo(f"{name}: {', '.join(token.scopes)} of {', '.join(token.issuers)}, {_until(token)}", err=True)
    click.echo("It is not shown again: keep it where its system keeps secrets.", err=True)


@click.command("list")
@cli.json_option
@cli.config_option
def list_(config: Path | None, as_json: bool) -> None:
    """Show the tokens of the API, without their secrets."""
    with Database(_settings(config).database).read() as connection:
        found = tokens.all_of(connection)
    if as_json:
        cli.print_json([_shown(one) for one in found])
        return
    for one in found:
        state = "revoked" if one.revoked_at else "valid" if holds(one, now()) else "expired"
        what = f"{','.join(one.scopes)}  {','.join(one.issuers)}"
        click.echo(f"rvc_{one.prefix}_…  {state:<8} {one.name}  {what}  {_until(one)}")


@click.command()
@cli.config_option
@click.argument("name")
def revoke(config: Path | None, name: str) -> None:
    """Have a token hold no more, from the next request on."""
    with Database(_settings(config).database).write() as connection:
        done = tokens.revoke(connection, name, now())
    if not done:
        raise InputError(f"no token {name!r} that could be revoked", advice="see `revocast token list`")
    click.echo(f"{name} is revoked")


def _settings(config: Path | None) -> RegistrarConfig:
    settings, _ = read_registrar(ConfigFile.read(config))
    if settings.api is None:
        raise InputError("has no table [registrar.api]: no API is served", advice="docs/api.md has one")
    return settings


def _lifetime(text: str) -> timedelta:
    try:
        found = parse(text)
    except ValueError as error:
        raise InputError(f"--expires: {error}", advice="write 90d, 12h, or never") from error
    if not isinstance(found, timedelta) or not timedelta(0) < found <= _LONGEST:
        raise InputError(f"--expires: {text} is not between now and {show(_LONGEST)}", advice="or `never`")
    return found


def _scopes(text: str) -> list[str]:
    found = [one.strip() for one in text.split(",")]
    if (unknown := next((one for one in found if not re.fullmatch(scope_names.PATTERN, one)), None)) is not None:
        raise InputError(f"{unknown!r} is no scope", advice="issue:PROFILE, revoke, hold, read, import")
    return sorted(set(found))


def _issuers(settings: RegistrarConfig, text: str) -> list[str]:
    found, offered = [one.strip() for one in text.split(",")], [one.name for one in settings.api_issuers]
    if (unknown := next((one for one in found if one not in offered), None)) is not None:
        raise InputError(f"no issuer {unknown!r} has the API", advice=f"api = true have: {', '.join(offered)}")
    return sorted(set(found))


def _until(one: Token) -> str:
    return f"until {iso(one.expires_at)}" if one.expires_at else "without an end"


def _shown(one: Token) -> dict[str, Any]:
    return {
        "name": one.name,
        "prefix": f"rvc_{one.prefix}",
        "scopes": one.scopes,
        "issuers": one.issuers,
        "created_at": iso(one.created_at),
        "expires_at": iso(one.expires_at) if one.expires_at else None,
        "revoked_at": iso(one.revoked_at) if one.revoked_at else None,
    }
