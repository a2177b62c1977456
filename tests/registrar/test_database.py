"""The database: what waits for the disk and what does not, what is refused when it is opened, and who may read it."""

import logging
import stat
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import TextClause, create_engine, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError

from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.database import Database, DatabaseUnavailable, migrations, requests
from registrar.database.database import HEAD
from registrar.database.rows import Request
from registrar.database.schema import certificate_names, eab_keys, metadata
from revocation.clock import from_epoch
from revocation.errors import ConfigurationError
from tests.authority import NOW
from tests.postgresql import Server


@pytest.fixture
def database(tmp_path: Path, place: str) -> Database:
    """An empty one."""
    return Database(place if "://" in place else tmp_path / place)


def test_schema_that_was_migrated_is_the_one_that_is_used(database: Database) -> None:
    """Column for column, and index for index; what a column is for stands in schema.py alone."""

    with database.read() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    flat = [one for each in found for one in (each if isinstance(each, list) else [each])]
    assert [one for one in flat if one[0] != "modify_comment"] == []


def test_migration_is_told_once(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """What the schema was and is; who opens it again says nothing."""
    where = place if "://" in place else tmp_path / place
    with caplog.at_level(logging.INFO, "revocast"):
        Database(where)
        Database(where)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "revocast.registrar"]
    assert said.endswith(f": its schema is {HEAD} now, and was none")


_OLD = text(
    "INSERT INTO certificates (id, issuer, ca, serial, certid, names, profile, not_before, not_after, der) "
    "VALUES (:id, :issuer, :ca, :serial, '', :names, 'server', 1, 2, 'x')"
)


def migrated(folder: Path, place: str, schema: str, insertion: TextClause, row: dict[str, object]) -> Database:
    """A database of an earlier schema with one row, opened."""
    url = make_url(place).set(drivername="postgresql+psycopg") if "://" in place else f"sqlite:///{folder}/old.sqlite"
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
        connection.execute(insertion, row)
    engine.dispose()
    return Database(place if "://" in place else folder / "old.sqlite")


def test_request_of_the_fourth_schema_is_not_asked_again_by_the_server(tmp_path: Path, place: str) -> None:
    """Nobody knows what it was; its key stands for it all the same, until it is cleaned up."""
    insertion = text("INSERT INTO requests (id, issuer, digest, created_at) VALUES (:id, 'home', :digest, 1)")
    opened = migrated(tmp_path, place, "0004", insertion, {"id": "a" * 32, "digest": "d" * 64})
    with opened.read() as connection:
        assert requests.waiting(connection, "home", 9) == []
        found = requests.by_id(connection, "home", "a" * 32)
    assert found == Request("a" * 32, "home", "d" * 64, from_epoch(1))
    assert clean_up(opened, Retention(), NOW, 0)["requests"] == 1


def test_certificates_of_the_first_schema_are_found_by_name(tmp_path: Path, place: str) -> None:
    """Once it is migrated; each name of each."""
    row = {"id": "a" * 32, "issuer": "home", "ca": "00", "serial": "01", "names": '["dns:a.example", "ip:10.0.0.1"]'}
    opened = migrated(tmp_path, place, "0001", _OLD, row)
    with opened.read() as connection:
        found = connection.execute(select(certificate_names.c.name, certificate_names.c.certificate)).all()
    assert set(found) == {("dns:a.example", "a" * 32), ("ip:10.0.0.1", "a" * 32)}


def test_transaction_that_fails_changes_nothing(database: Database) -> None:
    """All or nothing."""
    row = {"issuer": "home", "kid": "a", "hmac_key": b"k", "comment": "", "reusable": False, "created_at": NOW}
    before = database.commits

    def twice() -> None:
        with database.write() as connection:
            connection.execute(insert(eab_keys), row)
            connection.execute(insert(eab_keys), row)

    with pytest.raises(IntegrityError):
        twice()
    with database.read() as connection:
        assert connection.execute(select(eab_keys)).all() == []
    assert database.commits == before


def test_what_is_durable_waits_for_the_disk(database: Database) -> None:
    """And what is not does not, one transaction at a time."""
    for durable in (True, False, True):
        with database.write(durable=durable) as connection:
            if connection.dialect.name == "sqlite":
                found = connection.execute(text("PRAGMA synchronous")).scalar_one()
                assert found == (2 if durable else 1)
            else:
                assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == ("on" if durable else "off")


def test_database_of_a_later_version_is_refused(database: Database, tmp_path: Path, place: str) -> None:
    """And not touched."""
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="of a later version of Revocast"):
        Database(place if "://" in place else tmp_path / place)


def test_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds secrets of external accounts."""
    Database(tmp_path / "registrar" / "registrar.sqlite")
    for path in (tmp_path / "registrar", *(tmp_path / "registrar").iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_place_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With what to look at."""
    (tmp_path / "a.sqlite").write_text("no database at all, but a text that is long enough to be read as one" * 20)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Database(tmp_path / "a.sqlite")
    with pytest.raises(ConfigurationError, match="is no address of a database"):
        Database("postgresql://a@b:port/c")


@pytest.mark.judge("initdb")
def test_server_that_goes_away_is_told_and_comes_back() -> None:
    """503 for clients meanwhile."""
    with Server() as server:
        database = Database(server.database())
        server.stop()
        with pytest.raises(DatabaseUnavailable), database.read() as connection:
            connection.execute(select(eab_keys))
        server.start()
        with database.read() as connection:
            assert connection.execute(select(eab_keys)).all() == []
