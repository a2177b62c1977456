"""Certificates that are issued, and held back until their OCSP responses are served: for how long at most.

Publishing takes a moment. Where it does not come to that, clients give up (lego after 30 s, certbot after 90 s), order
again, and have one certificate after the other without ever getting one.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

LONGEST: Final = timedelta(seconds=20)
_MOST: Final = 10_000


class Withheld:
    """Since when each is held back. Kept in memory: a server that was started anew holds back anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: OrderedDict[str, datetime] = OrderedDict()

    def is_long_enough(self, message: str, now: datetime) -> bool:
        """Whether the certificate that a message asked for was held back for as long as that is of use."""
        with self._lock:
            since = self._since.setdefault(message, now)
            while len(self._since) > _MOST:
                self._since.popitem(last=False)
        return now - since >= LONGEST
