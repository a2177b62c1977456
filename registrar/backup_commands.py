"""`revocast registrar-backup` and `registrar-restore`: the registrar's database, beside a backup of the ledger."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from registrar.configured import read_registrar
from registrar.database.copying import State, copy_to, put_back, require_none
from revocation import cli
from revocation.configfile import ConfigFile
from revocation.errors import InputError, Refused

_COPY: Final = "registrar.sqlite"
_WHERE: Final = "the registrar's database"
_POSTGRESQL: Final = "pg_dump and pg_restore do that, or your own backups of the server (docs/registrar.md)"


@click.command("registrar-backup")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--if-file", is_flag=True, help="Where it is in PostgreSQL, say so and call that done.")
@cli.config_option
@cli.json_option
def backup(folder: Path, config: Path | None, if_file: bool, as_json: bool) -> None:
    """Copy the registrar's SQLite database into FOLDER, as registrar.sqlite: one state of it, while it serves.

    `revocast backup` does it too, where the ledger and [registrar] stand in one file. The copy has secrets of external
    accounts: only its owner may read it. PostgreSQL is copied by pg_dump, and not by this.
    """
    database, copy = _place(config), folder / _COPY
    if not isinstance(database, Path):
        if not if_file:
            raise InputError("is in PostgreSQL, and not copied", where=_WHERE, advice=_POSTGRESQL)
        return _leave(f"{_WHERE} is in PostgreSQL, and not in this backup: {_POSTGRESQL}", as_json=as_json)
    try:
        state = copy_to(database, copy)
    except FileExistsError as error:
        raise InputError("is there already", where=str(copy), advice="name another folder") from error
    return _say(state, copy, "copied", as_json=as_json)


@click.command("registrar-restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--if-gone", is_flag=True, help="Leave a database that is there as it is, and call that done.")
@cli.config_option
@cli.json_option
def restore(folder: Path, config: Path | None, if_gone: bool, as_json: bool) -> None:
    """Put the copy in FOLDER in the place of the registrar's SQLite database, where that is gone.

    Stop the registrar and its worker before. What was ended since the copy was made holds again: docs/registrar.md.
    """
    database, copy = _place(config), folder / _COPY
    if not isinstance(database, Path):
        if not if_gone:
            raise InputError("is in PostgreSQL, and not restored", where=_WHERE, advice=_POSTGRESQL)
        return _leave(f"{_WHERE} is in PostgreSQL, and stays as it is: {_POSTGRESQL}", as_json=as_json)
    try:
        require_none(database)
    except Refused as error:
        if not if_gone:
            raise
        return _leave(f"{error.where} is there, and stays as it is", as_json=as_json)
    if not copy.exists():
        if not if_gone:
            raise InputError("is not there", where=str(copy), advice="the backup was made without this database")
        return _leave(f"{_WHERE} is gone, and not in this backup", as_json=as_json)
    return _say(put_back(copy, database), database, "restored", as_json=as_json)


def _place(config: Path | None) -> Path | str:
    """Where the database is."""
    return read_registrar(ConfigFile.read(config))[0].database


def _leave(why: str, *, as_json: bool) -> None:
    """Say what was not done."""
    click.echo(why, err=True)
    if as_json:
        cli.print_json(None)


def _say(state: State, where: Path, done: str, *, as_json: bool) -> None:
    if as_json:
        cli.print_json({"file": str(where), **asdict(state)})
        return
    click.echo(f"{where}: {done} {_WHERE}, {state.accounts} accounts, {state.certificates} certificates")
