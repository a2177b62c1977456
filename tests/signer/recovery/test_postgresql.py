"""A ledger in PostgreSQL: its backups, and what a promoted standby lacks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from revocation.clock import fixed
from revocation.commands import root
from revocation.config import PublicConfig
from revocation.errors import InputError, Refused
from revocation.messages import Outcome
from signer.handle import handle
from signer.ledger.continuity import Unreconciled
from signer.look import look
from signer.recovery.restore import restore_backup
from tests.authority import NOW
from tests.building.recovery import back_up, reconcile_with, signer_config
from tests.estate import Estate
from tests.postgresql import Server
from tests.signer.reading import crl_serials, names

pytestmark = [pytest.mark.judge("initdb"), pytest.mark.judge("pg_dump")]
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with Server() as running:
        yield running


@pytest.fixture
def estate(tmp_path: Path, server: Server) -> Estate:
    """An installation whose ledger is a database of it, with what was revoked before and after a backup."""
    estate = Estate.build(tmp_path, ledger=server.database())
    signer = estate.signer()
    estate.register(signer, [1, 2, 3])
    handle(signer, estate.revoke(1), fixed(NOW))
    look(signer, fixed(NOW))
    back_up(estate, NOW)
    later = NOW + HOUR
    handle(signer, estate.revoke(2, now=later), fixed(later))
    look(signer, fixed(later))
    assert crl_serials(signer) == [1, 2]
    return estate


def backup_of(estate: Estate) -> Path:
    (backup,) = (estate.folder / "backups").iterdir()
    return backup


def with_database(estate: Estate, server: Server) -> None:
    """The configuration names a new, empty one."""
    config = estate.folder / "revocast.toml"
    before = str(signer_config(estate).ledger)
    config.write_text(config.read_text().replace(before, server.database()))


def test_dump_is_restored_into_an_empty_database_and_reconciled(estate: Estate, server: Server) -> None:
    """As an SQLite ledger is: nothing is signed before, and what was revoked since is revoked after."""
    made = names(estate.signer())
    with_database(estate, server)
    later = NOW + 2 * HOUR
    restore_backup(signer_config(estate), PublicConfig.read(estate.file).profiles, backup_of(estate), later)
    signer = estate.signer(later)
    with pytest.raises(Unreconciled, match="restored from a backup of 2026-03-01T12:00:00Z"):
        look(signer, fixed(later))
    assert reconcile_with(estate, signer, later).recorded == 1
    reply = handle(signer, estate.revoke(3, now=later), fixed(later))
    assert reply.outcome is Outcome.DONE
    assert look(signer, fixed(later + SECOND)).problems == []
    assert sorted(crl_serials(signer)) == [1, 2, 3]
    assert min(name for name in names(signer) if "-crl-" in name) > max(made)
    with signer.ledger.write() as connection, pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql("DELETE FROM facts")


def test_dump_is_closed_to_others(estate: Estate) -> None:
    """It has every serial, and who asked for what."""
    modes = {file.name: file.stat().st_mode & 0o777 for file in backup_of(estate).iterdir()}
    assert modes == {"ledger.dump": 0o600, "manifest.json": 0o600}


def test_database_that_is_not_empty_is_left_alone(estate: Estate) -> None:
    """Whatever is in it."""
    with pytest.raises(Refused, match="is not empty"):
        restore_backup(signer_config(estate), PublicConfig.read(estate.file).profiles, backup_of(estate), NOW)
    assert look(estate.signer(), fixed(NOW + 2 * HOUR)).problems == []


def test_program_that_is_missing_is_named(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the package that has it; nothing is left behind."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="is not installed") as told:
        back_up(estate, NOW + SECOND)
    assert told.value.where == "pg_dump"
    assert len(list((estate.folder / "backups").iterdir())) == 1


def test_rebuild_that_is_refused_leaves_the_database_empty(estate: Estate, server: Server) -> None:
    """So a dump that turns up can be restored into it."""
    with_database(estate, server)
    command = ["ledger", "rebuild", "--requester", "nobody", "--config", str(estate.folder / "revocast.toml")]
    refused = CliRunner().invoke(root, command)
    assert "requester 'nobody' is not known" in str(refused.exception)
    restore_backup(signer_config(estate), PublicConfig.read(estate.file).profiles, backup_of(estate), NOW + HOUR)
