"""`revocast signer unlock`: tries the CA keys before anything starts, and asks for the passphrases that are typed."""

import json
import os
from pathlib import Path
from typing import Final

import click

from revocation import cli
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import KeyUnavailable, WrongPassphrase
from revocation.issuer import Issuer
from signer.config import SignerConfig
from signer.keys.keyring import Keyring
from signer.keys.logins import Logins
from signer.keys.passphrase import ask

_ATTEMPTS: Final = 3


@click.command(short_help="Try the CA keys and ask for passphrases.")
@click.option(
    "--fd", type=int, help="For a supervisor: where to write what was typed, as one JSON object by issuer name."
)
@click.option("--last-try", is_flag=True, help="Try a PIN also where one more mistake locks the token.")
@cli.config_option
def unlock(fd: int | None, last_try: bool, config: Path | None) -> None:
    """Try every CA key by one signature that is none of anything, and ask on the terminal where its passphrase is
    `prompt`.

    Standard output has a line for each issuer: whether its key can be used, or why not. Exit code 0: every key that is
    configured here can. 1: one cannot: its passphrase or PIN is wrong, its file is missing or of another issuer, its
    token is away. All are tried all the same. A PIN that was wrong before is tried once more: the signer does neither
    that nor use the last try before a token locks.

    With --fd only keys that cannot be used have a line, and a wrong passphrase or PIN alone ends with 1: a supervisor
    starts without a key that is away.
    """
    file = ConfigFile.read(config)
    public, table = PublicConfig.read(file), file.table("signer", SignerConfig)
    table.check(public)
    keyring = Keyring(table.issuers, logins=Logins(table.keys, again=fd is None, last_try=last_try))
    typed: dict[str, str] = {}
    is_any_wrong = is_any_away = False
    for profile in public.profiles.values():
        if profile.issuer.name in table.offline:
            if fd is None:
                click.echo(f"issuer {profile.issuer.name}: its key is elsewhere, and signs at ceremonies")
            continue
        try:
            _try(keyring, profile.issuer, typed)
        except WrongPassphrase as error:
            is_any_wrong = True
            cli.show_error(error)
        except KeyUnavailable as error:
            is_any_away = is_any_away or keyring.is_configured(profile.issuer)
            click.echo(str(error))
        else:
            if fd is None:
                click.echo(f"issuer {profile.issuer.name}: its key can be used")
    if is_any_wrong or (is_any_away and fd is None):
        click.get_current_context().exit(1)
    if fd is not None:
        with os.fdopen(fd, "w") as pipe:
            json.dump(typed, pipe)


def _try(keyring: Keyring, issuer: Issuer, typed: dict[str, str]) -> None:
    if not keyring.is_asked_for(issuer):
        keyring.require_signing(issuer)
        return
    for left in reversed(range(_ATTEMPTS)):
        try:
            passphrase = ask(issuer.name)
            typed[issuer.name] = passphrase.decode()
            keyring.unlock(issuer, passphrase)
        except WrongPassphrase as error:
            if not left:
                raise
            click.echo(f"{error.what}; try again", err=True)
        else:
            return
