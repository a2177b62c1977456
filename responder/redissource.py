"""Responses out of a Redis or Valkey server, which a publisher on another host fills. Read only.

The server is asked for the version of its store at most every `HELD` seconds, and what was found holds as long as that
stays: a publication is seen that much later at most. A store without a version is empty or being filled, so nothing may
be said of any certificate. A server that does not answer is left alone by requests, and every answer is tryLater, until
it answers a thread: see `responder.breaker`. What comes from it is held against what was asked for: see
`responder.fitting`.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any, Final

from responder.breaker import PATIENCE, Breaker
from responder.fitting import fitting
from responder.source import SourceUnavailable, require_current
from revocation.certid import CertID
from revocation.redisserver import RedisServer, trouble
from revocation.store import (
    BOTH_HASHES,
    ISSUERS_DATABASE,
    RESPONSES_DATABASE,
    SAMPLE,
    VERSION,
    StoredResponse,
    issuer_key,
    next_update_in,
    response_key,
)

_log: Final = logging.getLogger(__name__)
HELD: Final = 0.2
"""Seconds for which a publication may remain unseen."""
_SECONDS: Final = 1.0  # for a connection, and for an answer
_ISSUER_OCTETS: Final = 4
_LARGEST_SAMPLE: Final = 1024  # responses


class RedisSource:
    """The store on `server`, which need not run yet.

    Args:
        clock: seconds that only rise.
        patience: seconds that a request waits to see whether a server that was away is back.
    """

    def __init__(self, server: RedisServer, clock: Callable[[], float] = monotonic, patience: float = PATIENCE) -> None:
        self._place = server.place
        self._client: Any = server.connect(_SECONDS, retries=1)  # connects later, and in each process anew
        self._responses, self._issuers, self._version, self._sample = (
            server.key(part) for part in (RESPONSES_DATABASE, ISSUERS_DATABASE, VERSION, SAMPLE)
        )
        self._breaker = Breaker(self._is_back, clock, patience)
        self._clock = clock
        self._lock = Lock()
        self._token: bytes | None = None
        self._number = 0
        self._look_at = float("-inf")
        self._ids: dict[bytes, bytes] = {}
        self._filled = True
        self._told = -1

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        """See `Source.find`."""
        self._current()
        value = self._look_up(cert_id)
        if value is None:
            return None
        try:
            stored = fitting(value, cert_id)
        except SourceUnavailable as error:
            self._tell_once(error)
            raise
        return require_current(stored, now)

    def version(self) -> int | None:
        """See `Source.version`: how often the store was seen to change, or could not be seen."""
        try:
            return self._current()
        except SourceUnavailable:
            return None  # `find` will meet it too

    def sample(self, size: int) -> list[tuple[bytes, int]]:
        """See `Sampled.sample`: those that the publisher noted, of each issuer and hash."""
        self._current()
        try:
            return self._draw(size)
        except Exception as error:  # see `_ask`; it needs rights of its own, so it says nothing of what requests need
            raise SourceUnavailable(f"{self._place}: {trouble(error)}") from error

    def close(self) -> None:
        """See `Source.close`."""
        self._client.close()
        self._forget(None)

    def _current(self) -> int:
        """The number of the state that the store is in, or was in at the last look."""
        with self._lock:
            if self._clock() < self._look_at and self._token is not None:
                return self._number
            is_empty = self._clock() < self._look_at
        if is_empty:
            raise self._empty()
        return self._saw(self._ask(lambda: self._client.get(self._version)))

    def _look_up(self, cert_id: CertID) -> bytes | None:
        """The value with the hash that was asked for, else the one that answers both."""
        issuer = self._issuer(cert_id)
        if issuer is None:
            return None
        keys = [response_key(issuer, octet, cert_id.serial) for octet in (cert_id.hash.octet, BOTH_HASHES)]
        values, token = self._ask(lambda: self._read(keys))
        self._saw(token)  # after the values: had they changed before it, the number does too
        found: bytes | None = next((value for value in values if isinstance(value, bytes)), None)
        return found

    def _draw(self, size: int) -> list[tuple[bytes, int]]:
        """Of as many issuers and hashes as there are, equally many; random ones of all where none are noted."""
        known = set(self._client.hvals(self._issuers))
        noted = defaultdict[bytes, list[bytes]](list)
        for key in self._client.hkeys(self._sample):
            if key[:_ISSUER_OCTETS] in known:
                noted[key[: _ISSUER_OCTETS + 1]].append(key)
        each = max(1, min(size, _LARGEST_SAMPLE // max(1, len(noted))))
        keys = [key for some in noted.values() for key in some[:each]]
        keys = keys or [key for key in self._client.hrandfield(self._responses, size) if key[:_ISSUER_OCTETS] in known]
        values = self._client.hmget(self._responses, keys) if keys else []
        found = zip(keys, values, strict=True)
        return [(key[:_ISSUER_OCTETS], next_update_in(value) or 0) for key, value in found if value is not None]

    def _read(self, keys: list[bytes]) -> tuple[list[Any], Any]:
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(self._responses, keys)
            pipe.get(self._version)
            values, token = pipe.execute()
        return list(values), token

    def _issuer(self, cert_id: CertID) -> bytes | None:
        """The issuer's id in this store."""
        key = issuer_key(cert_id.hash, cert_id.issuer_name_hash, cert_id.issuer_key_hash)
        with self._lock:
            known = self._ids.get(key)
        if known is not None:
            return known
        found = self._ask(lambda: self._client.hget(self._issuers, key))
        if not isinstance(found, bytes) or len(found) != _ISSUER_OCTETS:
            return None
        with self._lock:
            self._ids[key] = found
        return found

    def _ask(self, question: Callable[[], Any]) -> Any:
        if not self._breaker.lets_through():
            raise SourceUnavailable(f"{self._place}: it did not answer a moment ago")
        try:
            answer = question()
        except Exception as error:  # what comes of hostile bytes has no common class
            self._forget(None)
            self._client.connection_pool.disconnect(inuse_connections=False)
            if self._breaker.failed():
                _log.error("the store cannot be read, every answer is tryLater: %s: %s", self._place, trouble(error))
            raise SourceUnavailable(f"{self._place}: {trouble(error)}") from error
        return answer

    def _is_back(self) -> bool:
        try:
            self._client.get(self._version)
        except Exception:  # see `_ask`; it is told already
            self._client.connection_pool.disconnect(inuse_connections=False)
            return False
        _log.warning("the store can be read again: %s", self._place)
        return True

    def _saw(self, token: object) -> int:
        """The number of the state that has this version."""
        if not isinstance(token, bytes) or not token:
            self._forget(None)
            with self._lock:
                self._look_at = self._clock() + HELD
                is_news, self._filled = self._filled, False
            if is_news:
                _log.error("the store is empty or being filled, every answer is tryLater: %s", self._place)
            raise self._empty()
        if token != self._token:
            self._forget(token)
        with self._lock:
            self._look_at = self._clock() + HELD
            was_empty, self._filled = not self._filled, True
            number = self._number
        if was_empty:
            _log.warning("the store is filled: %s", self._place)
        return number

    def _forget(self, token: bytes | None) -> None:
        """What was found before does not hold any more."""
        with self._lock:
            self._token = token
            self._number += 1
            self._look_at = float("-inf")
            self._ids.clear()

    def _tell_once(self, error: SourceUnavailable) -> None:
        """Once in a state of the store: whoever asks for such a certificate may do so often."""
        with self._lock:
            is_news, self._told = self._told != self._number, self._number
        if is_news:
            _log.error("somebody else writes into the store, or it is damaged: %s: %s", self._place, error)

    def _empty(self) -> SourceUnavailable:
        return SourceUnavailable(f"{self._place}: nothing is published there, or it is being filled")
