"""Cleaning up: what goes when, what stays, and that others write meanwhile."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.schema import Table

from registrar.acme.certid import certid_of
from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.database import Database, accounts
from registrar.database.rows import EABKey
from registrar.database.schema import accounts as accounts_table
from registrar.database.schema import authorizations, certificates, challenges, orders
from tests.authority import NOW
from tests.conftest import MEASURED
from tests.registrar.site import Site, problem
from tests.registrar.test_certificates import der

RETENTION = Retention()


@pytest.fixture
def site(tmp_path: Path, place: str) -> Site:
    """A server on either database."""
    return Site.build(tmp_path, database=place)


def count(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_certificate_is_revoked_by_its_account_long_after_its_order_is_gone(site: Site) -> None:
    """To its last day."""
    one = site.client()
    certificate, order = one.certificate("a.example")
    site.clock.forward(days=89)
    done = clean_up(site.services.database, RETENTION, site.clock.now, 0)
    assert done["orders"] == 1
    assert one.post(order.headers["Location"]).status_code == 404
    assert one.post("revoke-cert", {"certificate": der(certificate)}).status_code == 200
    assert [who for _, _, who in site.ca.revoked] == [f"account {one.kid}"]


def test_each_kind_goes_after_its_own_retention(site: Site) -> None:
    """Orders, then authorizations with their challenges, certificates, and the account that was deactivated."""
    one, other = site.client(), site.client()
    one.certificate("a.example", "b.example")
    other.order("c.example")
    one.post(one.kid, {"status": "deactivated"})
    database, begin = site.services.database, site.clock.now
    tables = (orders, authorizations, challenges, certificates, accounts_table)

    def after(**by: int) -> list[int]:
        clean_up(database, RETENTION, begin + timedelta(**by), 0)
        return [count(database, table) for table in tables]

    assert after(days=36) == [2, 3, 9, 1, 2]
    assert after(days=37) == [0, 2, 6, 1, 2]
    assert after(days=60) == [0, 0, 0, 1, 2]
    assert after(days=179) == [0, 0, 0, 1, 2]
    assert after(days=180) == [0, 0, 0, 0, 2]
    assert after(days=365) == [0, 0, 0, 0, 1]


def test_key_of_an_external_account_goes_once_it_is_revoked_and_unused(site: Site) -> None:
    """And not while an account is bound to it."""
    with site.services.database.write() as connection:
        for kid, revoked in (("old", NOW), ("live", None)):
            accounts.add_eab_key(connection, EABKey("home", kid, b"k", "", False, None, NOW, revoked))
    assert clean_up(site.services.database, RETENTION, NOW + timedelta(days=364), 0)["external account keys"] == 0
    assert clean_up(site.services.database, RETENTION, NOW + timedelta(days=365), 0)["external account keys"] == 1


def test_certificate_whose_replacing_order_came_to_nothing_can_be_replaced(site: Site) -> None:
    """Also once that order was cleaned up; and one that was replaced cannot."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    certid = certid_of(certificate)
    one.order("a.example", replaces=certid)
    site.clock.forward(days=50)
    clean_up(site.services.database, RETENTION, site.clock.now, 0)
    one.certificate("a.example", replaces=certid)
    site.clock.forward(days=38)
    clean_up(site.services.database, RETENTION, site.clock.now, 0)
    assert problem(one.order("a.example", replaces=certid)) == "alreadyReplaced"


def fill(database: Database, number: int, ended: datetime) -> None:
    """So many orders, each with an authorization and a challenge, that ended then."""
    ids = [secrets.token_hex(16) for _ in range(number)]
    common = {"issuer": "home", "account": "a", "created_at": ended, "expires_at": ended}
    order = common | {"status": "pending", "identifiers": [], "profile": "server"}
    authorization = common | {"type": "dns", "value": "a.example", "wildcard": False, "status": "valid", "lifetime": 1}
    challenge = {"issuer": "home", "type": "http-01", "token": "t", "status": "valid"}
    with database.write() as connection:
        connection.execute(insert(orders), [order | {"id": id_} for id_ in ids])
        connection.execute(insert(authorizations), [authorization | {"id": id_, "order_id": id_} for id_ in ids])
        connection.execute(insert(challenges), [challenge | {"id": id_, "authorization_id": id_} for id_ in ids])


def test_cleaning_up_many_rows_locks_nobody_out_for_long(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    """100,000 rows: another process that writes meanwhile waits for a few batches, and not for all of them."""
    database, others = site.services.database, Database(site.services.settings.database)
    fill(database, 33_334, NOW - timedelta(days=100))
    waits: list[float] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            begun = time.monotonic()
            with others.write() as connection:
                accounts.add_eab_key(connection, EABKey("lab", secrets.token_hex(8), b"k", "", False, None, NOW, None))
            waits.append(time.monotonic() - begun)
            time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    begun = time.monotonic()
    done = clean_up(database, RETENTION, NOW)
    took = time.monotonic() - begun
    stop.set()
    thread.join()
    assert (done["orders"], done["authorizations"]) == (33_334, 33_334)
    assert count(database, challenges) == 0
    assert len(waits) > 20
    assert max(waits) < took / 5
    record_property(
        MEASURED,
        f"100,002 rows cleaned up in {took:.1f} s; of {len(waits)} writes the longest took {max(waits) * 1000:.0f} ms",
    )
