"""The registrar's database as docs/registrar.md has it: another role for the validator, and the way from SQLite."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import ProgrammingError

from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.database import Database
from registrar.database.schema import accounts, eab_keys, metadata, tokens
from registrar.problem import Problem, ProblemType
from registrar.records import DatabaseRecords
from tests.authority import NOW
from tests.infra.unitfiles import SPLIT
from tests.postgresql import Server
from tests.registrar.site import Site

pytestmark = [pytest.mark.judge("initdb"), pytest.mark.timeout(120)]
INFRA = SPLIT.parents[1]
PAGE = INFRA.parent / "docs/registrar.md"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server with a role for the validator."""
    with Server() as running:
        with running.connect() as connection:
            connection.execute('CREATE ROLE "revocast-validator" LOGIN')
        yield running


def test_validator_does_its_work_as_a_role_of_its_own(server: Server, tmp_path: Path) -> None:
    """It judges challenges both ways and cleans up; it makes no account and sees no secret."""
    place = server.database()
    site = Site.build(tmp_path, database=place)
    name = place.partition("@/")[2].partition("?")[0]
    with server.connect(name) as connection:
        connection.execute((INFRA / "postgresql/validator.sql").read_text())
    database = Database(place.replace("//revocast@", "//revocast-validator@"))
    records = DatabaseRecords(database, site.services.tenants)
    site.validator.waits = True
    client = site.client()
    for domain in ("a.example", "b.example"):
        client.ready(domain)
    one, other = records.waiting(site.clock.now, 9)
    assert records.challenge(one, site.clock.now)
    records.valid(one, site.clock.now)
    records.invalid(other, Problem(ProblemType.DNS, "no such name"), site.clock.now)
    assert records.waiting(site.clock.now, 9) == []
    site.clock.forward(days=900)
    assert clean_up(database, Retention(), site.clock.now, 0)["orders"] == 2
    for statement in (insert(accounts).values(id="x"), select(tokens), select(eab_keys.c.hmac_key)):
        with pytest.raises(ProgrammingError, match="permission denied"), database.read() as connection:
            connection.execute(statement)


def test_rows_go_from_sqlite_to_postgresql_as_the_page_says(server: Server, tmp_path: Path) -> None:
    """All of them, with their times and octets; a place that has some already is left as it is."""
    site = Site.build(tmp_path)
    client = site.client()
    client.certificate("a.example", "b.example")
    client.order("c.example")
    key = {"issuer": "home", "kid": "k", "hmac_key": b"\0\1", "comment": "", "reusable": True, "created_at": NOW}
    with site.services.database.write() as connection:
        connection.execute(insert(eab_keys), key)
    (block,) = re.findall(r"python - <<'END'\n(.*?)^END$", PAGE.read_text(), re.M | re.S)
    place = server.database()
    program = block.replace("/var/lib/revocast-orders/registrar.sqlite", str(tmp_path / "registrar/registrar.sqlite"))
    program = program.replace("postgresql://revocast-registrar@postgresql.example/registrar", place)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with site.services.database.read() as before, Database(place).read() as after:
        for table in metadata.sorted_tables:
            rows = [sorted(map(repr, one.execute(select(table)).all())) for one in (before, after)]
            assert rows[0] == rows[1]
        assert after.execute(select(eab_keys.c.hmac_key)).scalar_one() == b"\0\1"
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert again.returncode != 0
