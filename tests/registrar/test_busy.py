"""An SQLite database that another process holds: who waits for an answer gets one soon, and the threads are free."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from registrar.acme.app import create_app
from registrar.api.app import create_app as create_api
from registrar.configured import read_registrar, responder_of, services_of, signer_of
from registrar.database import Database, DatabaseUnavailable
from revocation.configfile import ConfigFile
from tests.authority import NOW
from tests.registrar.api.desk import Desk, kind
from tests.registrar.fakes import Clock
from tests.registrar.site import Site, problem

PATIENCE = 0.2


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another program writes, and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def write(database: Database) -> None:
    with database.write():
        pass


def test_all_who_wait_give_up_together(tmp_path: Path) -> None:
    """Not one after the other: their times run at once; afterwards they write."""
    database = Database(tmp_path / "a.sqlite", PATIENCE)
    failed: list[str] = []

    def attempt() -> None:
        try:
            write(database)
        except DatabaseUnavailable as error:
            failed.append(error.what)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    with held(tmp_path / "a.sqlite"):
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 6 * PATIENCE
        with database.read():
            pass
    assert len(failed) == 12
    write(database)


def test_registrar_waits_less_long_than_commands(site: Site) -> None:
    """Five seconds, and theirs half a minute: what is seen is what SQLite was told."""
    settings, public = read_registrar(ConfigFile.read(site.folder / "revocast.toml"))
    signer = signer_of(settings, Clock(NOW))
    of_requests = services_of(settings, public, Clock(NOW), signer, responder_of(settings, public)).database
    for database, most in ((of_requests, 5), (Database(settings.database), 30)):
        with database.write() as connection:
            told = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            assert 1000 * most - 1000 < told <= 1000 * most


def test_client_of_acme_is_told_to_try_again(site: Site) -> None:
    """`serverInternal` (RFC 8555 section 6.7): it is none of the client's limits."""
    one, file = site.client(), site.services.settings.database
    assert isinstance(file, Path)
    one.site = replace(site, app=create_app(replace(site.services, database=Database(file, PATIENCE))))
    with held(file):
        answer = one.order("a.example")
        assert (answer.status_code, problem(answer)) == (503, "serverInternal")
        assert int(answer.headers["Retry-After"]) > 0
    assert one.order("a.example").status_code == 201


def test_client_of_the_api_is_told_to_try_again(tmp_path: Path) -> None:
    """503, and a problem document (RFC 9457)."""
    desk = Desk.build(tmp_path)
    token, file = desk.token(), desk.services.settings.database
    assert isinstance(file, Path)
    desk.app = create_api(replace(desk.services, database=Database(file, PATIENCE)))
    with held(file):
        answer = desk.issue(token, "a.example")
        assert (answer.status_code, kind(answer)) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert desk.issue(token, "a.example").status_code == 201
