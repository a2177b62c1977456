"""`revocast respond` as a process, and requests to it that no HTTP library would send."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.authority import Authority

_CONFIGURATION = """
[public]
base_url = "http://pki.example"
[[public.issuers]]
name = "test"
certificates = ["ca.pem"]
[responder]
store = "store"
files = "www"
port = 0
"""


@dataclass
class Running:
    """A process that serves on `port` of loopback; metrics on `admin_port`, which is 0 where it serves none."""

    process: subprocess.Popen[str]
    port: int
    admin_port: int

    @property
    def url(self) -> str:
        """What its paths are below."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, octets: bytes) -> bytes:
        """All that comes back, until it closes the connection."""
        with self.connect() as connection:
            connection.sendall(octets)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def configure(folder: Path, authority: Authority, more: str = "") -> Path:
    """A configuration with only what the responder reads."""
    authority.write(folder / "ca.pem")
    (folder / "revocast.toml").write_text(_CONFIGURATION + more)
    return folder / "revocast.toml"


def respond(
    config: Path, *options: str, descriptors: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The process, started; the system allows it so many descriptors, `soft:hard`, if that is said.

    Args:
        environment: variables besides those of here.
    """
    allowed = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
    return subprocess.Popen(
        [*allowed, sys.executable, "-m", "revocation", "respond", "--config", str(config), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


@contextmanager
def running(config: Path, *options: str, descriptors: str = "") -> Iterator[Running]:
    """The process when it has said that it is ready; killed if it still runs in the end."""
    with ready(respond(config, *options, descriptors=descriptors)) as process:
        yield process


@contextmanager
def ready(process: subprocess.Popen[str]) -> Iterator[Running]:
    """The same of a process that was started elsewhere."""
    try:
        assert process.stdout
        lines = [process.stdout.readline().strip()]
        while lines[-1].startswith(("listening", "metrics")):
            lines.append(process.stdout.readline().strip())
        assert lines[-1] == "ready", process.stderr and process.stderr.read()
        ports = [int(line.partition("://")[2].partition("/")[0].rpartition(":")[2]) for line in lines[:-1]]
        yield Running(process, ports[0], ports[1] if len(ports) > 1 else 0)
    finally:
        process.kill()
        process.communicate()
