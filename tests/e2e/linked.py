"""The links as whoever runs the site sees them: names, ports, and what becomes of each."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from tests.infra.running_nginx import free_ports

_ROOT: Final = Path(__file__).parents[2]

Upstream = str | int
"""The path of a unix socket, or a port of loopback."""


class Links:
    """A process that leads ports on.

    Args:
        upstreams: by the name of each link, `WHO:SERVER`.
        encrypted: of which servers the links have TLS at their front.
        certificate: and the files of its certificate and key.

    Attributes:
        ports: of loopback, by name.
    """

    def __init__(
        self,
        folder: Path,
        upstreams: Mapping[str, Upstream],
        encrypted: frozenset[str],
        certificate: tuple[Path, Path],
    ) -> None:
        self.ports = dict(zip(upstreams, free_ports(len(upstreams)), strict=True))
        described = [
            {
                "name": name,
                "port": self.ports[name],
                "upstream": upstream,
                "certificate": list(map(str, certificate)) if name.partition(":")[2] in encrypted else None,
            }
            for name, upstream in upstreams.items()
        ]
        self._file = folder / "links.json"
        self._file.write_text(json.dumps(described))
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.e2e.links", str(self._file)]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def cut(self, name: str) -> None:
        """Break its connections and refuse others."""
        self._tell(f"cut {name}")

    def stall(self, name: str) -> None:
        """Hand nothing on, and say nothing."""
        self._tell(f"stall {name}")

    def mend(self, name: str) -> None:
        """As at first."""
        self._tell(f"mend {name}")

    def _tell(self, line: str) -> None:
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            self._expect(line)

    def _expect(self, line: str) -> None:
        assert self._process.stdout
        said = self._process.stdout.readline().strip()
        assert said == line, f"the links say {said!r}"
