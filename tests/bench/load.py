"""wrk, on a core of its own, against a server on another; and what that server took of its core meanwhile."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LUA = Path(__file__).parent / "wrk.lua"
_TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, CLIENT_CORE = "0", "1"


@dataclass(frozen=True)
class Load:
    """What a run measured.

    Attributes:
        octets: that came back for a request, headers included, on average.
        cpu_us: microseconds of the server's core for a request.
    """

    per_second: float
    p99_ms: float
    cpu_us: float
    octets: float


def load(port: int, pids: list[int], requests: Path, connections: int, seconds: int) -> Load:
    """One run: the requests of that file in turn, over that many connections that are kept open."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(LUA)]
    before = _cpu(pids)
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/", "--", str(requests)], check=True, capture_output=True, text=True
    )
    took = _cpu(pids) - before
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("figures ")]
    count, microseconds, octets, p99, errors = map(int, line.split()[1:])
    if errors or not count:
        raise SystemExit(f"wrk met errors:\n{done.stdout}")
    return Load(count / microseconds * 1e6, p99 / 1000, took / count * 1e6, octets / count)


def processes(pid: int) -> list[int]:
    """That process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid, *map(int, children.split())]


def wait_for_port(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(500):
        done = subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], check=False, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on port {port}")


def _cpu(pids: list[int]) -> float:
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / _TICKS
