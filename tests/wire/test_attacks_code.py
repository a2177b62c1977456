"""Somebody who may write anything into the queue server gets no code run in a worker, which works on afterwards."""

import json
import os
import pickle
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import redis
from redis.client import Pipeline
from rq.exceptions import NoSuchJobError

from revocation.wire.job import safe_job_class
from tests.wire.attack import packed, plant
from tests.wire.server import Server
from tests.wire.worker import Worker


class Touch:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {self._canary}",))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that exists once an attacker's code ran."""
    return tmp_path / "canary"


def _survives(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """The worker does a proper job afterwards, in the same process, and nothing of the attacker's ran."""
    assert worker.still_works(attacker)
    assert not canary.exists()


@pytest.mark.parametrize(
    "name", ["os.system", "subprocess.getoutput", "builtins.eval", "builtins.exec", "posix.system", "os.popen"]
)
def test_job_that_names_a_function_of_python_is_not_run(
    worker: Worker, attacker: redis.Redis, canary: Path, name: str
) -> None:
    """A function that is not a task is never imported, whatever its arguments."""
    code = f"__import__('os').system('touch {canary}')" if "builtins" in name else f"touch {canary}"
    plant(attacker, "evil", packed(name, None, [code], {}))
    _survives(worker, attacker, canary)


def test_pickled_data_is_not_loaded(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """Neither as the data of a job, compressed or not, nor in any other field that RQ would load."""
    evil = pickle.dumps(Touch(canary))
    plant(attacker, "raw", evil)
    plant(attacker, "compressed", zlib.compress(evil))
    plant(attacker, "fields", None, meta=evil, result=evil, exc_info=evil)
    assert worker.did("fields")
    _survives(worker, attacker, canary)


def test_method_of_an_instance_is_not_called(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """A job with an instance is refused, even when its method has the name of a task."""
    plant(attacker, "evil", packed("note", "os", ["called"], {}))
    _survives(worker, attacker, canary)
    assert not worker.did("called", seconds=0.1)


@pytest.mark.parametrize(
    "data",
    [
        packed("note", None, [], {}),
        packed("note", None, ["a", "b"], {}),
        packed("note", None, [{"a": 1}], {}),
        packed("note", None, {"text": "a"}, {}),
        packed("note", None, ["a"], {"text": "a"}),
        packed(["note"], None, ["a"], {}),
        packed({"note": 1}, None, ["a"], {}),
        packed(None, None, ["a"], {}),
        packed("note", None, ["a"]),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b'{"a": 1}'),
        b"",
        b"\x78\x9c",
        zlib.compress(b"not json"),
        zlib.compress("note".encode("utf-16")),
    ],
    ids=str,
)
def test_malformed_job_is_dropped(worker: Worker, attacker: redis.Redis, canary: Path, data: bytes) -> None:
    """What is not one text for one task does nothing, and the next job is done."""
    before = worker.lines()
    plant(attacker, "evil", data)
    _survives(worker, attacker, canary)
    assert len(set(worker.lines()) - set(before)) == 1


def test_callbacks_are_not_called(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """The names of callbacks in a job's hash, on success as on failure, are not even imported."""
    callbacks = {f"{when}_callback_name": "callback_of_nobody.called" for when in ("success", "failure", "stopped")}
    plant(attacker, "works", None, **callbacks)
    plant(attacker, "fails", packed("fail", None, ["x"], {}), **callbacks)
    assert worker.did("works")
    _survives(worker, attacker, canary)
    assert "callback_of_nobody" not in worker.log.read_text()


def test_webhooks_are_not_sent(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """A worker makes no connection that a job names."""
    called = threading.Event()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.set()

    server = HTTPServer(("127.0.0.1", 0), Hook)
    listening = threading.Thread(target=server.serve_forever)
    listening.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    hooks = [{"url": url, "job_status": when, "timeout": 1} for when in ("finished", "failed")]
    plant(attacker, "hooked", None, webhooks=json.dumps(hooks))
    plant(attacker, "failing", packed("fail", None, ["x"], {}), webhooks=json.dumps(hooks))
    assert worker.did("hooked")
    _survives(worker, attacker, canary)
    server.shutdown()
    listening.join()
    server.server_close()
    assert not called.is_set()


def test_job_that_unpacks_to_gigabytes_is_dropped(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """What is compressed is unpacked up to a bound, so a small job cannot take the machine's memory."""
    packer = zlib.compressobj(9)
    block = b"[" * (1 << 20)
    bomb = b"".join(packer.compress(block) for _ in range(512)) + packer.flush()
    plant(attacker, "bomb", bomb)
    _survives(worker, attacker, canary)
    assert _peak_memory(worker.process.pid) < 150 << 20


@pytest.mark.parametrize("byte", [b"a", b"\xff"], ids=["ascii", "binary"])
def test_enormous_id_is_dropped(worker: Worker, attacker: redis.Redis, canary: Path, byte: bytes) -> None:
    """It is never decoded or kept; those that wait behind it are not even read."""
    before = _peak_memory(worker.process.pid)
    plant(attacker, "busy", packed("slow", None, ["busy"], {}))
    for _ in range(3):
        attacker.rpush("rq:queue:signer", byte * (64 << 20))
    _survives(worker, attacker, canary)
    assert _peak_memory(worker.process.pid) - before < 250 << 20


def test_data_that_grows_while_it_is_looked_at_is_not_read(server: Server) -> None:
    """The size that was found to be right is that of what is then read, or nothing is read."""
    victim, attacker = server.client(), server.client()
    attacker.hset("rq:job:growing", "data", packed("note", None, ["x"], {}))
    look_at = victim.pipeline

    def pipeline() -> Pipeline:
        looking = look_at()
        ask = looking.hstrlen

        def hstrlen(key: str, field: str) -> object:
            size = ask(key, field)
            attacker.hset(key, field, b"x" * (8 << 20))
            return size

        looking.hstrlen = hstrlen  # type: ignore[method-assign]
        return looking

    victim.pipeline = pipeline  # type: ignore[method-assign]
    with pytest.raises(NoSuchJobError, match="changes"):
        safe_job_class({}, "signer").fetch("growing", connection=victim)
    attacker.delete("rq:job:growing")


def _peak_memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def test_timeout_of_a_job_is_the_workers_own(worker: Worker, attacker: redis.Redis, canary: Path) -> None:
    """A job can neither take for ever nor be cut short by a timeout written into its hash."""
    plant(attacker, "endless", None, timeout="-1")
    plant(attacker, "short", packed("slow", None, ["x"], {}), timeout="0.1")
    assert worker.did("endless")
    assert worker.did("end x")
    _survives(worker, attacker, canary)
