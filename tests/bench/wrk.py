"""wrk, the load generator of Debian's package of that name, asking for many paths in turn."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = """
local requests, n = {}, 0
init = function()
  for path in io.lines("PATHS") do requests[#requests + 1] = wrk.format("GET", path) end
end
request = function()
  n = n % #requests + 1
  return requests[n]
end
"""


def requests_per_second(port: int, paths: Sequence[str], connections: int, seconds: int, folder: Path) -> float:
    """What a server of this machine answers, asked from the last core by one thread.

    Raises:
        SystemExit: wrk is not installed, or an answer was no 2xx.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    listed, script = folder / f"{port}.paths", folder / f"{port}.lua"
    listed.write_text("\n".join(paths) + "\n")
    script.write_text(_SCRIPT.replace("PATHS", str(listed)))
    core = max(os.sched_getaffinity(0))
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    command = ["taskset", "-c", str(core), wrk, *options]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    failed = "Non-2xx" in said or ("Socket errors" in said and "connect 0, read 0, write 0" not in said)
    if found is None or failed:  # what came late on a busy machine came all the same
        raise SystemExit(said)
    return float(found[1])
