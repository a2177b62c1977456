"""A real PostgreSQL server on a unix socket of its own, in a temporary folder, with databases that are made at once."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

PROGRAM = "initdb"
"""What has to be installed."""

_USER = "postgres"
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


class Server:
    """One server. It does not run as root: for root it runs as the user that Debian's package makes.

    Args:
        durable: whether it waits for the disk, as a server of which figures are quoted does.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="revocast-pg-"))
        self._options = () if durable else _FAST
        self._user = _USER if os.getuid() == 0 else None
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            if self._user:
                os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
            make = ["initdb", "-D", "data", "-U", "revocast", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
            subprocess.run(make, check=True, cwd=self._folder, user=self._user, stdout=subprocess.DEVNULL)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        sockets = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={self._folder}")
        self._process = subprocess.Popen(
            [_server(), "-D", "data", *sockets, *self._options],
            cwd=self._folder,
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(1000):
            with contextlib.suppress(psycopg.OperationalError), self._connect():
                return
            time.sleep(0.01)
        raise TimeoutError("PostgreSQL does not answer")

    def stop(self) -> None:
        """Stop it as a power cut would, but for the files: nobody is waited for."""
        if self._process:
            self._process.send_signal(subprocess.signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"ledger{next(self._names)}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql://revocast@/{name}?host={self._folder}"

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self._folder), user="revocast", dbname="postgres", autocommit=True)


def _server() -> Path:
    """The server lies beside initdb, wherever a link to that points."""
    found = shutil.which(PROGRAM)
    assert found, "PostgreSQL is not installed"
    return Path(found).resolve().parent / "postgres"
