"""Backups of the ledger: consistent, closed to others, and refused when they do not fit."""

import json
import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import InputError, RevocastError
from signer.handle import handle
from signer.ledger.continuity import Unreconciled
from signer.ledger.ledger import LedgerUnavailable
from signer.look import look
from tests.authority import NOW, Authority
from tests.building.recovery import back_up, lose_ledger, restore
from tests.estate import Estate

SECOND = timedelta(seconds=1)


@pytest.fixture
def backup(estate: Estate) -> Path:
    """Of a ledger that has something to lose."""
    signer = estate.signer()
    estate.register(signer, [1, 2])
    look(signer, fixed(NOW))
    made = back_up(estate, NOW)
    signer.ledger.close()
    return made


def test_backup_is_readable_by_its_owner_alone_and_holds_no_key(estate: Estate, backup: Path) -> None:
    """It is a file and what is said of it; responder keys are made anew, and no CA key was ever there."""
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (backup, *backup.iterdir())}
    assert modes == {"20260301T120000Z": 0o700, "ledger.sqlite": 0o600, "manifest.json": 0o600}
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    keys = [file.read_bytes() for file in (estate.folder / "signer/keys").iterdir()]
    assert keys
    assert b"PRIVATE KEY" not in (backup / "ledger.sqlite").read_bytes()


def test_backup_has_one_state_while_a_transaction_is_open(estate: Estate) -> None:
    """What is not committed is not in it, and nobody waits for the other."""
    signer = estate.signer()
    estate.register(signer, [1])
    with signer.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE issuers SET revision = 99")
        made = back_up(estate, NOW)
    assert json.loads((made / "manifest.json").read_text())["revisions"] == {
        next(iter(signer.public.profiles)): 1,
    }


def test_restored_ledger_answers_what_it_knew(estate: Estate, backup: Path) -> None:
    """It is the copy, and says of itself that it is one."""
    lose_ledger(estate)
    signer = restore(estate, backup, NOW + SECOND)
    with pytest.raises(RevocastError, match="was restored from a backup of 2026-03-01T12:00:00Z"):
        look(signer, fixed(NOW + SECOND))
    with pytest.raises(Unreconciled):
        handle(signer, estate.revoke(1, now=NOW + SECOND), fixed(NOW + SECOND))
    assert not (estate.folder / "signer/restoring").exists()
    assert stat.S_IMODE((estate.folder / "signer/ledger.sqlite").stat().st_mode) == 0o600


def test_ledger_that_is_there_is_not_replaced(estate: Estate, backup: Path) -> None:
    """An operator moves it away by hand, and is told how."""
    with pytest.raises(RevocastError, match="is there already, and nothing is put over it") as told:
        restore(estate, backup, NOW)
    assert "mv " in str(told.value.advice)


def test_running_signer_keeps_the_place_of_its_ledger(estate: Estate, backup: Path) -> None:
    """Also where its file was deleted under it: it would go on with one ledger, and the next process with another."""
    signer = estate.signer()
    for file in (estate.folder / "signer").glob("ledger.sqlite*"):
        file.unlink()
    with pytest.raises(RevocastError, match="is in use"):
        restore(estate, backup, NOW)
    signer.ledger.close()
    restore(estate, backup, NOW)


def test_signer_whose_ledger_was_replaced_records_and_signs_nothing(estate: Estate, backup: Path) -> None:
    """What it would acknowledge lies in a file that nobody will ever read."""
    signer = estate.signer()
    lose_ledger(estate)
    restore(estate, backup, NOW)
    with pytest.raises(LedgerUnavailable, match="was deleted or replaced"):
        handle(signer, estate.revoke(1), fixed(NOW))
    with pytest.raises(LedgerUnavailable, match="was deleted or replaced"):
        look(signer, fixed(NOW))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "cannot be read"),
        (lambda folder: flip(folder / "ledger.sqlite"), "has not the size and digest"),
        (lambda folder: change(folder, format=2), "format"),
        (lambda folder: change(folder, more=1), "more"),
        (lambda folder: change(folder, ledger_schema="9999"), "this version knows"),
        (lambda folder: change(folder, sequence=99), "does not hold what its manifest says"),
    ],
    ids=["no manifest", "damaged", "later format", "unknown field", "later schema", "another ledger"],
)
def test_backup_that_does_not_fit_is_refused_and_leaves_nothing(
    estate: Estate, backup: Path, damage: object, told: str
) -> None:
    """No ledger is better than one that is not what it seems."""
    lose_ledger(estate)
    damage(backup)  # type: ignore[operator]
    with pytest.raises(InputError, match=told):
        restore(estate, backup, NOW)
    left = (
        {file.name for file in (estate.folder / "signer").iterdir()} if (estate.folder / "signer").exists() else set()
    )
    assert left <= {"ledger.in-use"}


def test_backup_of_sqlite_is_refused_where_the_ledger_is_in_postgresql(tmp_path: Path, backup: Path) -> None:
    """And says what to look at, before anything is asked of a server."""
    elsewhere = Estate.build(tmp_path / "other", ledger="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(InputError, match="is one of SQLite"):
        restore(elsewhere, backup, NOW)


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def change(folder: Path, **fields: object) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **fields}))


def test_backup_of_another_installation_is_not_restored(tmp_path: Path) -> None:
    """Its ledger knows none of the issuers that are configured: nothing is put in the place of ours."""
    theirs = Estate.build(tmp_path / "theirs", authority=Authority("Other CA"))
    theirs.register(theirs.signer(), [1])
    ours = Estate.build(tmp_path / "ours")
    shutil.rmtree(ours.folder / "signer")
    backup = back_up(theirs, NOW)
    with pytest.raises(InputError, match="is of another installation"):
        restore(ours, backup, NOW)
    assert not (ours.folder / "signer").exists()
