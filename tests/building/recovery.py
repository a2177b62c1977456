"""A ledger that is lost and comes back, as an operator has it: the very functions of the commands, at a given time."""

import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from revocation.config import PublicConfig
from revocation.messages import Import, Verb, fill
from signer.config import SignerConfig
from signer.recovery.backup import make_backup
from signer.recovery.evidence import Collected
from signer.recovery.reconcile import Summary, reconcile, require_published
from signer.recovery.restore import restore_backup
from signer.recovery.sources import Sources
from signer.signer import Signer
from tests.estate import Estate


def signer_config(estate: Estate) -> SignerConfig:
    """The table of the signer."""
    return estate.file.table("signer", SignerConfig)


def back_up(estate: Estate, now: datetime) -> Path:
    """The folder of a new backup."""
    return make_backup(signer_config(estate), estate.folder / "backups", now)[0]


def lose_ledger(estate: Estate) -> None:
    """As the disk of the signer would, with the responder keys that lay on it."""
    shutil.rmtree(estate.folder / "signer")


def restore(estate: Estate, backup: Path, now: datetime) -> Signer:
    """The signer that was started after that."""
    restore_backup(signer_config(estate), PublicConfig.read(estate.file).profiles, backup, now)
    return estate.signer(now)


def reconcile_with(
    estate: Estate, signer: Signer, now: datetime, *paths: Path, without: Collection[str] = ()
) -> Summary:
    """Reconcile with the exchange and those files, as the operator."""
    sources, collected = Sources(signer.exchange, paths), Collected(signer.public.profiles.values())
    for found in sources:
        collected.add(found)
    require_published(signer, collected, without, now)
    messages = {
        id_: estate.ask(Verb.IMPORT, fill(Import, issuer=id_, source="published", entries_sha256=collected.sha256), now)
        for id_ in collected.issuers
    }
    return reconcile(signer, messages, collected, sources.highest, now)
