"""What the services that run on say on standard error: each line with its time in UTC, which says so by its Z."""

import logging
import sys
import time
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _UTC(logging.Formatter):
    """RFC 3339, as all times that are shown, with milliseconds."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


def log_to_stderr() -> None:
    """From INFO on; for a process whose log is its own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_UTC(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
