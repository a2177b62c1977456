"""`revocast restore`: a backup becomes the ledger again, which signs nothing until it has been reconciled."""

import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from revocation import cli, clock
from revocation.clock import iso
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.durable import sync_folder
from revocation.errors import InputError, Refused
from signer.config import SignerConfig
from signer.ledger import audit, continuity
from signer.ledger.copying import inspect
from signer.ledger.ledger import HEAD, Ledger
from signer.ledger.sqlite import alone_with
from signer.recovery import dump
from signer.recovery.beside import restore_registrar
from signer.recovery.manifest import DUMP_NAME, BackupManifest, read_manifest

_BESIDE: Final = "restoring"
_NEXT: Final = "nothing is signed until `revocast ledger reconcile` has taken in what was published since"


@click.command(short_help="Put a backup of the ledger in its place.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@cli.config_option
@cli.json_option
def restore(folder: Path, config: Path | None, as_json: bool) -> None:
    """Put the backup in FOLDER in the place of a ledger that is gone: the one that [signer] names.

    Refused while a signer has the ledger open, where there is one already, and where the backup is damaged or of a
    later version. The signer signs nothing and changes no fact until `revocast ledger reconcile`. The registrar's
    database is put back too, where the backup has it, [registrar] is in the same file, and it is gone.
    """
    file = ConfigFile.read(config)
    issuers = PublicConfig.read(file).profiles.keys()
    manifest = restore_backup(file.table("signer", SignerConfig), issuers, folder, clock.now())
    registrar = restore_registrar(file, folder)
    if as_json:
        cli.print_json({"restored": str(folder), **manifest.model_dump(mode="json"), "registrar": registrar})
        return
    click.echo(f"restored the ledger of {iso(manifest.made_at)}, bundle {manifest.sequence}; {_NEXT}")
    if registrar is not None:
        click.echo(f"restored {registrar['file']}: what was ended there since holds again (docs/registrar.md)")


def restore_backup(config: SignerConfig, issuers: Collection[str], folder: Path, now: datetime) -> BackupManifest:
    """What was restored.

    Args:
        issuers: the ids of those that are configured.

    Raises:
        InputError: no backup, damaged, of a later version, of the other kind of database, or of another installation.
        Refused: there is a ledger already, or somebody has it open.
    """
    manifest = read_manifest(folder)
    _require_known_schema(manifest, folder)
    is_dump = manifest.file == DUMP_NAME
    if is_dump == isinstance(config.ledger, Path):
        kind = "PostgreSQL" if is_dump else "SQLite"
        raise InputError(f"is one of {kind}", where=f"backup {folder}", advice="see `ledger` in [signer]")
    if manifest.revisions and manifest.revisions.keys().isdisjoint(issuers):
        theirs, ours = (", ".join(sorted(ids)) for ids in (manifest.revisions, issuers))
        raise InputError(
            f"is of another installation: of the issuers {theirs}, and configured are {ours}",
            where=f"backup {folder}",
            advice="name the backup of this one, or see [[public.issuers]]",
        )
    if isinstance(config.ledger, Path):
        _restore_file(config.ledger, folder / manifest.file, manifest, now)
    else:
        dump.restore_from(folder / manifest.file, config.ledger)
        _mark(Ledger(config.ledger), manifest, now)
    return manifest


def require_no_ledger(ledger: Path) -> None:
    """Return if there is none at that path.

    Raises:
        Refused: there is one.
    """
    for file in (ledger, *(ledger.with_name(ledger.name + suffix) for suffix in ("-wal", "-journal"))):
        if file.exists():
            raise Refused(
                "is there already, and nothing is put over it",
                where=str(file),
                advice=f"where it is damaged, or a signer made an empty one: stop that, then "
                f"`mkdir {ledger.parent}/before && mv {ledger}* {ledger.parent}/before/`",
            )


def _restore_file(ledger: Path, copy: Path, manifest: BackupManifest, now: datetime) -> None:
    """Beside its place at first: the ledger is there when all is right, marked as one to be reconciled."""
    require_no_ledger(ledger)
    try:
        with alone_with(ledger):
            beside = ledger.parent / _BESIDE
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(mode=0o700)
            try:
                _prepare(copy, beside / ledger.name, manifest, now)
                ledger.hardlink_to(beside / ledger.name)  # unlike a rename it replaces nothing
                sync_folder(ledger.parent)
            finally:
                shutil.rmtree(beside)
    except BlockingIOError as error:
        raise Refused(
            "is in use: a signer, or a command of it, has it open", where=f"ledger {ledger}", advice="stop the signer"
        ) from error


def _prepare(copy: Path, beside: Path, manifest: BackupManifest, now: datetime) -> None:
    shutil.copyfile(copy, beside)
    beside.chmod(0o600)
    state = inspect(beside)
    if (state.sequence, state.revisions) != (manifest.sequence, manifest.revisions):
        raise InputError("does not hold what its manifest says", where=str(copy), advice="take another backup")
    _mark(Ledger(beside), manifest, now)


def _mark(ledger: Ledger, manifest: BackupManifest, now: datetime) -> None:
    """Brought to the schema of now, and signing nothing until it is reconciled."""
    made = iso(manifest.made_at)
    with ledger.write() as connection:
        continuity.note_restored(connection, now, f"restored from a backup of {made}")
        audit.record(connection, now, "restore", None, made_at=made, sha256=manifest.sha256)
    ledger.close()


def _require_known_schema(manifest: BackupManifest, folder: Path) -> None:
    if manifest.ledger_schema > HEAD:
        raise InputError(
            f"was made by Revocast {manifest.revocast}, whose ledger has the schema {manifest.ledger_schema}, and this "
            f"version knows {HEAD}",
            where=f"backup {folder}",
            advice="restore it with that version or a later one",
        )
