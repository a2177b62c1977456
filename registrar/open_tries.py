"""Revocations that were asked for and not answered: who asks again sends the same message, and one at a time waits.

Kept in memory. Where that is lost, or another registrar is asked, the signer does it once all the same, and says of the
second message that the certificate is revoked already.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Final

_MOST: Final = 10_000


class Busy(Exception):
    """Somebody waits for a revocation of that certificate at this moment."""


class OpenTries:
    """The ids of messages that were not answered, by what they ask for; the oldest of very many are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[Hashable, str] = OrderedDict()
        self._waiting: set[Hashable] = set()

    @contextmanager
    def alone(self, certificate: Hashable) -> Iterator[None]:
        """Within, nobody else asks for the same certificate.

        Raises:
            Busy: somebody does.
        """
        with self._lock:
            if certificate in self._waiting:
                raise Busy
            self._waiting.add(certificate)
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(certificate)

    def id_of(self, asked: Hashable) -> str:
        """That of the message which asks for it and was not answered, else a new one."""
        with self._lock:
            id_ = self._ids.setdefault(asked, secrets.token_hex(16))
            while len(self._ids) > _MOST:
                self._ids.popitem(last=False)
            return id_

    def answered(self, asked: Hashable) -> None:
        """There is an answer: whoever asks again asks anew."""
        with self._lock:
            self._ids.pop(asked, None)
