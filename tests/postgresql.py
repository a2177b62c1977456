"""A real PostgreSQL server on a unix socket of its own, in a temporary folder, with databases that are made at once.

Who comes by TCP, where it listens there, needs a password; who reaches the socket is its administrator.
"""

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
_PORT = 5432
"""In the name of the socket."""
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


class Server:
    """One server. It does not run as root: for root it runs as the user that Debian's package makes.

    Args:
        durable: whether it waits for the disk, as a server of which figures are quoted does.
        port: of loopback, where it listens too.
    """

    def __init__(self, *, durable: bool = False, port: int | None = None) -> None:
        self._port = port
        self._folder = Path(tempfile.mkdtemp(prefix="revocast-pg-"))
        self._options = () if durable else _FAST
        self._user = _USER if os.getuid() == 0 else None
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            if self._user:
                os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
            make = ["initdb", "-D", "data", "-U", "revocast", "-E", "UTF8", "--no-locale", "--no-sync"]
            make += ["--auth-local=trust", "--auth-host=scram-sha-256"]
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
        listens = f"listen_addresses={'127.0.0.1' if self._port else ''}"
        sockets = ("-c", listens, "-c", f"unix_socket_directories={self._folder}", "-p", str(self._port or _PORT))
        self._process = subprocess.Popen(
            [_server(), "-D", "data", *sockets, *self._options],
            cwd=self._folder,
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(1000):
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.01)
        raise TimeoutError("PostgreSQL does not answer")

    def stop(self) -> None:
        """Stop it as a power cut would, but for the files: nobody is waited for."""
        if self._process:
            self._process.send_signal(subprocess.signal.SIGQUIT)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        """Of the process that starts all others."""
        assert self._process
        return self._process.pid

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"ledger{next(self._names)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql://revocast@/{name}?host={self._folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """As its administrator."""
        place = {"host": str(self._folder), "port": self._port or _PORT}
        return psycopg.connect(user="revocast", dbname=database, autocommit=True, **place)


def _server() -> Path:
    """The server lies beside initdb, wherever a link to that points."""
    found = shutil.which(PROGRAM)
    assert found, "PostgreSQL is not installed"
    return Path(found).resolve().parent / "postgres"
