"""`revocast backup`: a copy of the ledger in a folder of its own, whole or not at all. It holds no key."""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from revocation import __version__, cli, clock
from revocation.configfile import ConfigFile
from revocation.durable import make_folder, replace_content, sync_folder
from revocation.errors import InputError
from signer.config import SignerConfig
from signer.ledger.copying import copy_to
from signer.recovery import dump
from signer.recovery.beside import copy_registrar
from signer.recovery.manifest import DUMP_NAME, LEDGER_NAME, MANIFEST_NAME, BackupManifest

_PART: Final = ".part"


@click.command(short_help="Copy the ledger, while the signer runs.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@cli.config_option
@cli.json_option
def backup(folder: Path, config: Path | None, as_json: bool) -> None:
    """Copy the ledger into a new folder below FOLDER, named by the time (UTC): one state of it, while signers go on.

    It holds serials, dates, reasons and who asked for what, and no key: only its owner may read it. Of PostgreSQL it is
    a dump, made by pg_dump. Where [registrar] stands in the same file, its SQLite database is copied too. Keys and
    configuration are to be kept apart from it: see docs/disaster.md.
    """
    file = ConfigFile.read(config)
    made, manifest = make_backup(file.table("signer", SignerConfig), folder, clock.now())
    registrar = copy_registrar(file, made)
    if as_json:
        cli.print_json({"folder": str(made), **manifest.model_dump(mode="json"), "registrar": registrar})
        return
    revisions = sum(manifest.revisions.values())
    click.echo(f"{made}: {manifest.size} octets, {len(manifest.revisions)} issuers, {revisions} revisions")
    if registrar is not None:
        click.echo(f"  of the registrar: {registrar['accounts']} accounts, {registrar['certificates']} certificates")


def make_backup(config: SignerConfig, folder: Path, now: datetime) -> tuple[Path, BackupManifest]:
    """The folder that was made, and what is in it.

    Raises:
        InputError: there is one of this second already, no ledger, or it cannot be read.
        OSError: no room, or no right.
    """
    made = folder / now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    part = made.with_name(f".{made.name}{_PART}")
    make_folder(folder, mode=0o700)
    if made.exists():
        raise InputError("is there already", where=str(made), advice="there is one a second: ask again")
    part.mkdir(mode=0o700)
    try:
        manifest = _fill(config, part, now)
        sync_folder(part)
        part.rename(made)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(folder)
    return made, manifest


def _fill(config: SignerConfig, folder: Path, now: datetime) -> BackupManifest:
    is_file = isinstance(config.ledger, Path)
    copy = folder / (LEDGER_NAME if is_file else DUMP_NAME)
    state = copy_to(config.ledger, copy) if isinstance(config.ledger, Path) else dump.dump_to(config.ledger, copy)
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    manifest = BackupManifest(
        revocast=__version__,
        made_at=now,
        file="ledger.sqlite" if is_file else "ledger.dump",
        size=size,
        sha256=digest,
        ledger_schema=state.schema,
        sequence=state.sequence,
        revisions=state.revisions,
    )
    replace_content(folder / MANIFEST_NAME, manifest.model_dump_json(indent=1).encode() + b"\n", 0o600)
    return manifest
