"""A Valkey, a worker on it, and an attacker's client with full write access."""

import json
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.wire.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def attacker(server: Server) -> redis.Redis:
    """Somebody who may write anything into the queue server."""
    return server.client()


class Worker:
    """The worker process and its diary of tasks done."""

    def __init__(self, url: str, diary: Path) -> None:
        self.diary = diary
        self.log = diary.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.wire.worker_process", url, str(diary)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def until_ready(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def did(self, text: str, seconds: float = 20) -> bool:
        """Whether a line stands in the diary, waiting for it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.diary.exists() and text in self.diary.read_text().splitlines():
                return True
            time.sleep(0.02)
        return False

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def worker(server: Server, tmp_path: Path) -> Iterator[Worker]:
    """A worker that listens."""
    started = Worker(server.url, tmp_path / "diary")
    started.until_ready()
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()
    assert started.process.stdout
    started.process.stdout.close()


def plant(client: redis.Redis, job_id: str, data: bytes | None = None, **fields: str | bytes) -> None:
    """Write a job's hash by hand and push its id, as somebody with write access can."""
    raw = zlib.compress(json.dumps(["note", None, [job_id], {}]).encode()) if data is None else data
    client.hset(f"rq:job:{job_id}", mapping={"data": raw, "origin": "signer", "status": "queued", **fields})
    client.rpush("rq:queue:signer", job_id)
