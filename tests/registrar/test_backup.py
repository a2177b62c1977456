"""Copies of the registrar's database: one state of it while it serves, and put back only where it is gone."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.database import Database
from revocation.commands import root
from revocation.errors import InputError, Refused
from tests.registrar.site import Raw, Site, b64


def run(site: Site, *words: str | Path) -> Result:
    return CliRunner().invoke(root, [*map(str, words), "--config", str(site.folder / "revocast.toml")])


def done(site: Site, *words: str | Path) -> str:
    result = run(site, *words)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.stdout


def backed_up(site: Site) -> tuple[Path, Raw, x509.Certificate]:
    """A folder with a copy, and who got a certificate before it was made."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    folder = site.folder / "backup"
    folder.mkdir()
    said = json.loads(done(site, "registrar-backup", folder, "--json"))
    assert (said["accounts"], said["certificates"]) == (1, 1)
    return folder, one, certificate


def lose(site: Site) -> Path:
    """The file of the database, which is gone."""
    site.services.database.close()
    database = site.services.settings.database
    assert isinstance(database, Path)
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    return database


def test_account_revokes_its_certificate_after_the_database_was_lost_and_restored(site: Site) -> None:
    """The copy was made while it served, and is for its owner alone, as what comes back."""
    folder, one, certificate = backed_up(site)
    assert stat.S_IMODE((folder / "registrar.sqlite").stat().st_mode) == 0o600
    database = lose(site)
    done(site, "registrar-restore", folder)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    one.site, one.next_nonce = Site.of(site.folder, site.ca.authority), None
    answer = one.post("revoke-cert", {"certificate": b64(certificate.public_bytes(Encoding.DER)), "reason": 4})
    assert answer.status_code == 200, answer.text
    assert len(one.site.ca.revoked) == 1


def test_database_that_is_there_is_not_replaced(site: Site) -> None:
    """It is said how to move it away; beside a ledger that is restored it is let be, as where the backup has none."""
    folder, _, _ = backed_up(site)
    error = run(site, "registrar-restore", folder).exception
    assert isinstance(error, Refused)
    assert "mv " in (error.advice or "")
    assert "stays as it is" in run(site, "registrar-restore", folder, "--if-gone").stderr
    lose(site)
    (folder / "registrar.sqlite").unlink()
    assert "not in this backup" in run(site, "registrar-restore", folder, "--if-gone").stderr


def test_database_that_a_registrar_has_open_is_not_put_back(site: Site) -> None:
    """Its file is gone and it goes on in it, as it would beside the new one: who to stop is said, whatever is asked."""
    folder, _, _ = backed_up(site)
    database = site.services.settings.database
    assert isinstance(database, Path)
    before = database.parent.parent / "before"
    before.mkdir()
    for file in database.parent.glob(f"{database.name}*"):  # as the advice of a refusal says
        file.rename(before / file.name)
    for more in ((), ("--if-gone",)):
        error = run(site, "registrar-restore", folder, *more).exception
        assert isinstance(error, Refused)
        assert "is in use" in str(error)
        assert "revocast-registrar, revocast-validator" in (error.advice or "")
    assert not database.exists()
    lose(site)
    done(site, "registrar-restore", folder)


def test_lock_is_for_those_who_have_the_folder(site: Site) -> None:
    """Registrar and validator are two users of one group, and root may have been the first to make it."""
    folder, _, _ = backed_up(site)
    database = lose(site)
    lock = database.with_suffix(".in-use")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    lock.unlink()
    database.parent.chmod(0o2770)
    done(site, "registrar-restore", folder)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o660
    assert lock.stat().st_gid == database.parent.stat().st_gid


def test_empty_file_says_the_rights_that_the_restored_database_has(site: Site) -> None:
    """As where registrar and worker are two users, of one group."""
    folder, _, _ = backed_up(site)
    database = lose(site)
    database.touch()
    database.chmod(0o660)
    done(site, "registrar-restore", folder)
    assert stat.S_IMODE(database.stat().st_mode) == 0o660
    assert database.stat().st_size


@pytest.mark.parametrize("content", [b"", b"garbage" * 99])
def test_damaged_copy_is_refused_and_leaves_nothing(site: Site, content: bytes) -> None:
    """Whatever was there before: nothing but the lock."""
    folder, _, _ = backed_up(site)
    database = lose(site)
    (folder / "registrar.sqlite").write_bytes(content)
    assert isinstance(run(site, "registrar-restore", folder).exception, InputError)
    assert list(database.parent.glob("*")) == [database.with_suffix(".in-use")]


def test_copy_of_a_later_version_is_refused(site: Site) -> None:
    """Before it is there, and the registrar does not start with it."""
    folder, _, _ = backed_up(site)
    lose(site)
    copy = Database(folder / "registrar.sqlite")
    with copy.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    copy.close()
    error = run(site, "registrar-restore", folder).exception
    assert "of a later version" in str(error)


def test_database_in_postgresql_is_left_to_its_own_programs(site: Site) -> None:
    """Said, and refused where it alone was asked for."""
    config = site.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"registrar/registrar.sqlite"', '"postgresql://a@b/c"'))
    assert isinstance(run(site, "registrar-backup", site.folder).exception, InputError)
    beside = run(site, "registrar-backup", site.folder, "--if-file", "--json")
    assert (beside.exit_code, beside.stdout.strip()) == (0, "null")
    assert "pg_dump" in beside.stderr
