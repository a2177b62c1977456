"""A worker in a process of its own, as in life: signals, exits and memory are its own too."""

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis

from tests.wire.attack import plant

_NUMBERS = itertools.count()


class Worker:
    """The worker process and its diary of tasks done."""

    def __init__(self, url: str, diary: Path) -> None:
        self.diary = diary
        self.log = diary.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).parent / "worker_process.py"), url, str(diary)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def until_ready(self) -> None:
        """Wait until it listens."""
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n", self.log.read_text()

    def lines(self) -> list[str]:
        """What it wrote into its diary."""
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def did(self, text: str, seconds: float = 20) -> bool:
        """Whether a line stands in the diary, waiting for it."""
        deadline = time.monotonic() + seconds
        while text not in self.lines():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def still_works(self, client: redis.Redis, seconds: float = 30) -> bool:
        """Whether this very process does a proper job now; fails with its log when it does not.

        A job is delivered at most once, so it is asked for again, as requesters do.
        """
        name = f"afterwards-{next(_NUMBERS)}"
        deadline = time.monotonic() + seconds
        plant(client, name)
        while not self.did(name, seconds=2):
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"the job was not done in {seconds:g} s:\n{self.log.read_text()}"
            plant(client, name)
        return self.process.poll() is None

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)
