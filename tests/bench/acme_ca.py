"""The CA of the benchmark `acme`: what `revocast up --acme` makes, with a real queue and a real signer process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.acme import ACME
from jobs.first_start import prepare
from jobs.process import command_line
from tests.registrar.site import ROOT
from tests.wire.server import Server

_NAMES = (
    "accounts_per_address",
    "orders_per_account",
    "orders_per_name",
    "certificates_per_name",
    "certificates_per_set",
)
_LIMITS = "limits = {" + ", ".join(f'{name} = "1000000 per day"' for name in _NAMES) + "}"
"""Counted, and never reached."""

_HERE = {
    "issues_per_hour = 500": "issues_per_hour = 10_000_000",
    "publish_first = true": "publish_first = false",  # no publisher and no responder run
}
"""What is other than `up --acme` has it."""


@dataclass(frozen=True)
class CA:
    """It runs.

    Attributes:
        port: of its ACME server.
        processes: the ids of those that work on an order, by name.
    """

    port: int
    processes: dict[str, int]

    def cpu(self) -> dict[str, float]:
        """Seconds that each has worked: what others do on the machine does not count."""
        return {name: _cpu(process) for name, process in self.processes.items()}


@contextmanager
def ca(folder: Path, sockets: Path) -> Iterator[CA]:
    """Made in a folder, and run until the block ends."""
    config = prepare(folder, (), "http://ca.example:8889", None, ACME.of(ROOT, ("example",))).config
    with Server(sockets) as valkey:
        lines = (_with_queue(line, valkey.url) for line in config.read_text().splitlines())
        text = "\n".join(lines)
        for made, here in _HERE.items():
            assert made in text, made
            text = text.replace(made, here)
        config.write_text(f"{text}\n{_LIMITS}\n")
        signer = command_line("worker", "signer", config=config)
        server = [sys.executable, "-m", "tests.bench.acme_server", str(config)]
        with _started(signer) as (signs, said), _started(server) as (serves, port):
            assert said == "ready", said
            yield CA(int(port), {"registrar": serves, "signer": signs, "queue": valkey.pid})


def _with_queue(line: str, url: str) -> str:
    return f'queue = "{url}"' if line.startswith("queue = ") else line


@contextmanager
def _started(command: list[str]) -> Iterator[tuple[int, str]]:
    """A process, and its first line."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()


def _cpu(process: int) -> float:
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
