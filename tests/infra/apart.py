"""A process in a network of its own: loopback, on it doors to the places that it is to reach, and no route elsewhere.

A socket belongs to the network in which it was made: the doors are made inside, handed out, and answered from outside.
So the network is one that Linux lets every user make, and whatever else listens in it was opened by the process.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

_ENTER = """
import fcntl, json, os, socket, struct, sys
channel = socket.socket(fileno=int(sys.argv[1]))
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[2]))]
socket.send_fds(channel, [b"open"], [door.fileno() for door in doors])
command = json.loads(channel.makefile().readline())
os.execvp(command[0], command)
"""
_LISTENS = "0A"
"""TCP_LISTEN, as /proc/net/tcp has it."""
_ACCEPTS = 0x10000
"""__SO_ACCEPTCON, as /proc/net/unix has it."""

Place = Callable[[], socket.socket]
"""A connection to a server outside."""


class Apart:
    """The network, and in it one process, once it is started.

    Attributes:
        ports: of loopback inside, at which each place is reached.
        reached: how often each was.
    """

    def __init__(self, places: Mapping[str, Place], environment: Mapping[str, str], log: Path) -> None:
        self._environment, self._log = dict(environment), log
        self._places = dict(places)
        self.reached: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._channel, inside = socket.socketpair()
        command = [sys.executable, "-c", _ENTER, str(inside.fileno()), str(len(self._places))]
        with inside, self._log.open("w") as log:
            self.process = subprocess.Popen(
                ["unshare", "--user", "--map-root-user", "--net", *command],
                pass_fds=[inside.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={"PATH": os.environ["PATH"], **self._environment},
            )
        said, descriptors, _, _ = socket.recv_fds(self._channel, 16, len(self._places))
        assert said, self._log.read_text()
        self._doors = dict(zip(self._places, (socket.socket(fileno=one) for one in descriptors), strict=True))
        self.ports = {name: door.getsockname()[1] for name, door in self._doors.items()}
        for name in self._doors:
            self._run(self._answer, name)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._channel.close()
        _close(*self._doors.values(), *self._ends)
        for thread in self._threads:
            thread.join()
        for end in (*self._doors.values(), *self._ends):
            end.close()

    def start(self, command: Sequence[str]) -> None:
        """Let the process be that command; returns when it says `ready`."""
        self._channel.sendall(json.dumps(command).encode() + b"\n")
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n", self._log.read_text()

    def listening(self) -> list[str]:
        """What can be reached in the network besides the doors: sockets that listen, of any kind."""
        doors = {f"{port:04X}" for port in self.ports.values()}
        found = [
            f"{kind} {row[1]}"
            for kind in ("tcp", "tcp6")
            for row in self._rows(kind)
            if row[3] == _LISTENS and row[1].rpartition(":")[2] not in doors
        ]
        found += [f"{kind} {row[1]}" for kind in ("udp", "udp6", "raw", "raw6") for row in self._rows(kind)]
        return found + [f"unix {row[7:]}" for row in self._rows("unix") if int(row[3], 16) & _ACCEPTS]

    def interfaces(self) -> list[str]:
        """What the network has."""
        return [row[0] for row in self._rows("dev", heads=2)]

    def routes(self) -> list[list[str]]:
        """Where it leads."""
        return self._rows("route")

    def _rows(self, table: str, heads: int = 1) -> list[list[str]]:
        lines = Path(f"/proc/{self.process.pid}/net/{table}").read_text().splitlines()
        return [line.split() for line in lines[heads:]]

    def _answer(self, name: str) -> None:
        while True:
            try:
                inside, _ = self._doors[name].accept()
            except OSError:  # closed in the end
                return
            self.reached[name] += 1
            self._ends += (inside, outside := self._places[name]())
            for source, sink in ((inside, outside), (outside, inside)):
                self._run(_pump, source, sink)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what comes, until no more does."""
    with suppress(OSError):  # one of the two is gone, which the other is told
        while octets := source.recv(65536):
            sink.sendall(octets)
    _close(source, sink)


def _close(*ends: socket.socket) -> None:
    """For whoever waits for them too; they are closed in the end."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
