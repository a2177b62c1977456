"""The signer in a network with its queue, its database and its exchange and no more: it works, and listens on nothing.

Under the system call filter of its unit, with real servers: Valkey with its users, PostgreSQL, and moto's for S3.
"""

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from revocation.clock import now
from revocation.messages import Outcome
from revocation.wire.queue import SIGNER_QUEUE, Wire
from tests.building.s3server import CREDENTIALS, S3Place
from tests.estate import Estate
from tests.infra.apart import Apart
from tests.infra.syscalls import filtered
from tests.infra.unitfiles import SPLIT
from tests.infra.valkey_users import GuardedServer
from tests.postgresql import Server
from tests.waiting import until

pytestmark = [pytest.mark.judge("unshare", "systemd-analyze", "initdb"), pytest.mark.timeout(300)]
UNIT = SPLIT / "revocast-signer.service"
WORKER = [sys.executable, "-P", "-m", "revocation", "worker", "signer", "--config"]


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with a user for each service."""
    with GuardedServer(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A database server on a unix socket."""
    with Server() as running:
        yield running


def by_unix(path: Path) -> socket.socket:
    """A connection to a server on a unix socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def configured(estate: Estate, ledger: str, exchange: str, queue: str) -> Path:
    """A file with the signer's tables alone, for these places."""
    text = (estate.folder / "revocast.toml").read_text().split("[publisher]")[0]
    text = re.sub(r'ledger = ".*"', f'ledger = "{ledger}"', text)
    text = text.replace('exchange = "exchange"', f'exchange = {exchange}\nqueue = "{queue}"')
    path = estate.folder / "signer.toml"
    path.write_text(text)
    return path


def bundles(s3: S3Place) -> set[str]:
    """What lies in the exchange."""
    return {one["Key"] for one in s3.client.list_objects_v2(Bucket=s3.name).get("Contents", ())} - {"exchange/.probe"}


@pytest.mark.long
def test_signer_works_where_only_queue_database_and_exchange_are_and_listens_on_nothing(
    tmp_path: Path, queue: GuardedServer, postgresql: Server, s3: S3Place
) -> None:
    """It signs and records over all three, a revocation too, and at no look is there a socket that others reach."""
    database = postgresql.database()
    name, _, place = database.removeprefix("postgresql://revocast@/").partition("?host=")
    estate = Estate.build(tmp_path / "site", ledger=database)
    estate.register(estate.signer(now()), range(1, 4), now())
    places = {
        "queue": lambda: by_unix(queue.socket),
        "database": lambda: by_unix(Path(place) / ".s.PGSQL.5432"),
        "exchange": lambda: socket.create_connection(("127.0.0.1", s3.server.port)),
    }
    with Apart(places, CREDENTIALS, tmp_path / "signer.log") as apart:
        ports = apart.ports
        config = configured(
            estate,
            f"postgresql://revocast@127.0.0.1:{ports['database']}/{name}",
            f'{{ url = "s3://{s3.name}/exchange", endpoint = "http://127.0.0.1:{ports["exchange"]}" }}',
            f"redis://signer:{queue.password('signer')}@127.0.0.1:{ports['queue']}/0",
        )
        apart.start(filtered(UNIT, [*WORKER, str(config)]))
        seen = list[str]()
        until(lambda: seen.extend(apart.listening()) or bundles(s3), 60)
        message = estate.revoke(2, now=now())
        before, wire = bundles(s3), Wire(queue.url_of("operator"))
        wire.send(SIGNER_QUEUE, message)
        reply = wire.await_reply(message.id, 60)
        assert reply
        assert reply.outcome is Outcome.DONE, reply.detail
        until(lambda: seen.extend(apart.listening()) or bundles(s3) - before, 60)
        assert seen == []
        assert (apart.interfaces(), apart.routes()) == (["lo:"], [])
        assert set(apart.reached) == set(places)


@pytest.mark.parametrize("kind", ["tcp", "tcp6", "udp", "unix"])
def test_what_listens_in_that_network_is_seen(tmp_path: Path, kind: str) -> None:
    """Else the test above would pass whatever the signer opened."""
    family = {"tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}.get(kind, socket.AF_INET)
    sort = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    place = {"tcp6": ("::1", 0), "unix": str(tmp_path / "socket")}.get(kind, ("127.0.0.1", 0))
    code = f"""
import socket, sys
opened = socket.socket({int(family)}, {int(sort)})
opened.bind({place!r})
{"" if kind == "udp" else "opened.listen()"}
print("ready", flush=True)
sys.stdin.read()
"""
    with Apart({}, {}, tmp_path / "log") as apart:
        apart.start([sys.executable, "-c", code])
        assert [found.split()[0] for found in apart.listening()] == [kind]


def test_unit_of_the_signer_lets_nothing_listen(tmp_path: Path) -> None:
    """Whatever code runs in it: the kernel refuses, as systemd would have it do."""
    code = """
import socket
try:
    socket.create_server(("127.0.0.1", 0))
except PermissionError:
    print("ready", flush=True)
"""
    with Apart({}, {}, tmp_path / "log") as apart:
        apart.start(filtered(UNIT, [sys.executable, "-c", code]))
