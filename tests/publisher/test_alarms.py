"""Alarms of stores that still work: where they come from, and that a log has each once an hour."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import pytest
from click.testing import CliRunner

from publisher import commands
from publisher.alarms import NowAndThen, alarms
from publisher.targets.alarm import Alarm
from publisher.targets.lmdb import LMDBTarget
from publisher.targets.lmdb_alarms import store_alarms
from publisher.targets.redis import RedisTarget
from publisher.targets.redis_alarms import server_alarms
from revocation.redisserver import RedisServer
from tests.building.place import Place
from tests.publisher.targets.test_lmdb import always, answer
from tests.wire.server import Server

MIB = 1 << 20
_READ = """
import lmdb, sys
env = lmdb.open(sys.argv[1], readonly=True, max_dbs=4)
txn = env.begin()
print("reading", flush=True)
sys.stdin.read()
"""


@contextmanager
def reader(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of reading."""
    command = [sys.executable, "-c", _READ, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "reading\n"
        yield process
        process.kill()


def publish(folder: Path, transactions: int, size: int = 1) -> None:
    """That many transactions in a store."""
    with LMDBTarget(folder, 16 * MIB) as target:
        for number in range(transactions):
            target.put([answer(0, der=b"%d" % number + bytes(size))], always)


def test_map_is_an_alarm_from_four_fifths_on(tmp_path: Path) -> None:
    """While there is still room for the publications until somebody has looked; the sentence names the setting."""
    folder, told = tmp_path / "store", []
    for number in range(15):
        with LMDBTarget(folder, 16 * MIB) as target:
            target.put([answer(1000 * number + n, der=bytes(4000)) for n in range(220)], always)
        part = (folder / "data.mdb").stat().st_size / (16 * MIB)
        told.append((part >= 0.8, bool(store_alarms("responses", folder, 16 * MIB))))
    assert {(True, True), (False, False)} == set(told)
    (alarm,) = store_alarms("responses", folder, 16 * MIB)
    assert alarm.kind == "map"
    assert "raise `map_size_gib`" in alarm.sentence
    assert store_alarms("responses", folder, 64 * MIB) == []


def test_reader_that_never_lets_go_is_an_alarm_with_its_process(tmp_path: Path) -> None:
    """By what was published since it began: until then its age does no harm."""
    folder = tmp_path / "store"
    publish(folder, 1)
    with reader(folder) as process:
        publish(folder, 30)
        assert store_alarms("responses", folder, 1 << 30) == []
        publish(folder, 40)
        (alarm,) = store_alarms("responses", folder, 1 << 30)
        assert alarm.kind == "reader"
        assert f"process {process.pid} has been reading" in alarm.sentence
    publish(folder, 1)
    assert store_alarms("responses", folder, 1 << 30) == []


def test_reader_that_was_killed_is_forgotten_at_the_next_publication(tmp_path: Path) -> None:
    """kill -9 in the middle of reading: its pages are used again, and the store does not grow without end."""
    folder = tmp_path / "store"
    publish(folder, 1)
    with reader(folder), reader(folder) as process:  # one that lives on, or LMDB would begin anew by itself
        process.kill()
        process.wait()
        with lmdb.open(str(folder), readonly=True, max_dbs=4) as env:
            assert str(process.pid) in env.readers()
        publish(folder, 1)
        with lmdb.open(str(folder), readonly=True, max_dbs=4) as env:
            assert str(process.pid) not in env.readers()


def test_store_that_is_not_there_or_damaged_is_no_alarm(tmp_path: Path) -> None:
    """That is told as what it is, by others."""
    assert store_alarms("responses", tmp_path / "none", 1) == []
    (tmp_path / "data.mdb").write_bytes(b"no store")
    assert store_alarms("responses", tmp_path, 1) == []


def test_server_that_fills_up_or_evicts_is_an_alarm(tmp_path: Path) -> None:
    """From four fifths of `maxmemory` on, and where a policy may throw all responses away."""
    with Server(tmp_path) as server:
        store = RedisServer(url=server.url)
        with RedisTarget(store) as target:
            target.put([answer(n, der=bytes(5000)) for n in range(200)], always)
        with server.client() as client:
            used = client.info("memory")["used_memory"]
            kinds = []
            for most, policy in (
                (0, "allkeys-lru"),
                (4 * used, "noeviction"),
                (4 * used, "volatile-lru"),
                (4 * used, "allkeys-lru"),
                (int(1.2 * used), "noeviction"),
            ):
                client.config_set("maxmemory-policy", policy)
                client.config_set("maxmemory", most)
                kinds.append([alarm.kind for alarm in server_alarms("responses", store)])
        assert kinds == [[], [], [], ["policy"], ["memory"]]
        server.kill()
        assert server_alarms("responses", store) == []


def test_log_has_an_alarm_when_it_comes_and_every_hour(tmp_path: Path) -> None:
    """Though its numbers move from look to look; one that went and came again is news."""
    seconds = [0.0]
    told = NowAndThen(lambda: seconds[0])

    def look(at: float, *sentences: str) -> list[str]:
        seconds[0] = at
        return [alarm.sentence for alarm in told.worth_telling([Alarm("a", "map", text) for text in sentences])]

    looks = [look(0, "80 %"), look(60, "81 %"), look(3600, "82 %"), look(3660, "83 %"), look(3720), look(3780, "80 %")]
    assert looks == [["80 %"], [], ["82 %"], [], [], ["80 %"]]


def test_publish_tells_alarms(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are warnings: what there was to publish is published."""
    file = place.write_config()
    place.exchange.mkdir()
    assert alarms(place.config) == []
    monkeypatch.setattr(commands, "alarms", lambda _config: [Alarm("responses", "map", "81% of the map is used")])
    published = CliRunner().invoke(commands.publish, ["--config", str(file)])
    assert published.exit_code == 0, published.output
    assert "warning: responses: 81% of the map is used" in published.output
    as_json = CliRunner().invoke(commands.publish, ["--config", str(file), "--json"])
    assert [target["alarms"] for target in json.loads(as_json.output)] == [[], ["81% of the map is used"]]
