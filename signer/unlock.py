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
from signer.keys.passphrase import ask

_ATTEMPTS: Final = 3


@click.command(short_help="Try the CA keys and ask for passphrases, for a supervisor.")
@click.option("--fd", type=int, required=True, help="Where to write what was typed, as one JSON object by issuer name.")
@cli.config_option
def unlock(fd: int, config: Path | None) -> None:
    """Try every CA key, ask on the terminal where its passphrase is `prompt`, and hand that to a supervisor.

    Standard output has a line for each issuer whose key cannot be used: it is not here, or its passphrase is not. That
    is no failure: others can be signed for. A passphrase that is wrong is one, with exit code 2.
    """
    file = ConfigFile.read(config)
    public, table = PublicConfig.read(file), file.table("signer", SignerConfig)
    table.check(public)
    keyring = Keyring(table.issuers)
    typed: dict[str, str] = {}
    for profile in public.profiles.values():
        try:
            _try(keyring, profile.issuer, typed)
        except WrongPassphrase:
            raise
        except KeyUnavailable as error:
            click.echo(str(error))
    with os.fdopen(fd, "w") as pipe:
        json.dump(typed, pipe)


def _try(keyring: Keyring, issuer: Issuer, typed: dict[str, str]) -> None:
    if not keyring.is_asked_for(issuer):
        keyring.require_usable(issuer)
        return
    for left in reversed(range(_ATTEMPTS)):
        passphrase = ask(issuer.name)
        typed[issuer.name] = passphrase.decode()
        try:
            keyring.unlock(issuer, passphrase)
        except WrongPassphrase as error:
            if not left:
                raise
            click.echo(f"{error.what}; try again", err=True)
        else:
            return
