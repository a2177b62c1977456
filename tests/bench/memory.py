"""The most memory that this process had, in megabytes."""

import re
from pathlib import Path


def peak_rss_mb() -> float:
    """From /proc: what getrusage says may be the peak of the process that started this one."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    if not found:
        raise OSError("/proc/self/status does not say VmHWM")
    return int(found[1]) / 1024
