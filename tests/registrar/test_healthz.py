"""`/healthz`: whether the registrar can do what it is there for, which it cannot where nothing can be written."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.registrar.site import Site, problem


@contextmanager
def no_room() -> Iterator[None]:
    """No file may grow: each write fails, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def asked(site: Site, **later: float) -> TestResponse:
    """What it answers so much later."""
    site.clock.forward(**later)
    return site.app.test_client().get("/healthz")


def test_database_that_cannot_be_written_is_not_healthy(site: Site) -> None:
    """503 and a problem document, though it can be read; and soon again 200."""
    assert asked(site).text == "ok\n"
    with no_room():
        answer = asked(site, seconds=10)
        assert (answer.status_code, problem(answer)) == (503, "serverInternal")
        assert int(answer.headers["Retry-After"]) > 0
        assert site.get("directory").status_code == 200
    assert asked(site).status_code == 503
    assert asked(site, seconds=10).status_code == 200


def test_database_whose_file_was_taken_away_is_not_healthy(tmp_path: Path) -> None:
    """SQLite goes on in a file that has no name any more, and what it writes there is lost."""
    site = Site.build(tmp_path)
    assert asked(site).status_code == 200
    (file,) = (tmp_path / "registrar").glob("*.sqlite")
    aside = file.rename(file.with_suffix(".aside"))
    assert asked(site, seconds=10).status_code == 503
    aside.rename(file)
    assert asked(site, seconds=10).status_code == 200


def test_probes_write_once_in_ten_seconds(site: Site) -> None:
    """However often they come, also where the clock went back; nothing is changed."""
    database, before = site.services.database, site.services.database.commits
    assert {asked(site, seconds=0.1).status_code for _ in range(50)} == {200}
    assert database.commits == before + 1
    asked(site, seconds=10)
    asked(site, hours=-1)
    assert database.commits == before + 3


def test_look_is_of_either_database(tmp_path: Path, place: str) -> None:
    """PostgreSQL too; one that refuses to write is told."""
    site = Site.build(tmp_path, database=place)
    assert asked(site).status_code == 200
    if "://" in place:
        with site.services.database.write() as connection:
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        site.services.database.close()
        assert asked(site, seconds=10).status_code == 503
