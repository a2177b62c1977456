"""The log of a service: whoever compares those of machines in two zones reads one time."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from revocation.clock import now

_PROGRAM = (
    "import logging; from revocation.logs import log_to_stderr; log_to_stderr(); logging.getLogger('a.b').info('x')"
)


def test_log_has_times_in_utc_in_any_zone() -> None:
    """With their Z, as all times that are shown; of milliseconds."""
    environment = {**os.environ, "TZ": "XYZ-5"}
    done = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True)
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z INFO a\.b: x\n", done.stderr)
    assert found, done.stderr
    assert abs(datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - now()) < timedelta(minutes=1)
