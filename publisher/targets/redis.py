"""A target that is a Redis or Valkey server, which responders on other hosts read; its format is `revocation/store.py`.

What the server says is held against what was written, and a change is one transaction that fails when anybody else
changed the responses meanwhile. How durable it is is the server's affair: what it loses, up to all and in the middle of
a look, the status shows at the next look, since it is kept with how many responses there should be.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from publisher.targets.protocol import Answer, Replaces
from publisher.targets.redis_change import PIECE, Change, pieces
from publisher.targets.redis_layout import make_ours
from publisher.targets.redis_reading import ENTRIES, STATE, STATUS, explained, status_on
from publisher.targets.redis_sample import note
from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from revocation.store import (
    ISSUERS_DATABASE,
    RESPONSES_DATABASE,
    SAMPLE,
    STATUS_DATABASE,
    VERSION,
    StoredResponse,
    StoreFormatError,
    in_form,
    next_update_in,
)

_SECONDS: Final = 10.0
_SWEPT_AT_ONCE: Final = 20_000
_SWEPT: Final = b"swept/"


class RedisTarget:
    """A connection to the server; close it.

    A store that has no version yet, or none any more, has one once it is filled: until then responders say that they
    cannot tell.

    Raises:
        TargetError: the server cannot be used.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._client: Any = server.connect(_SECONDS)
        self._responses, self._issuers, self._status, self._version, self._sample = (
            server.key(part) for part in (RESPONSES_DATABASE, ISSUERS_DATABASE, STATUS_DATABASE, VERSION, SAMPLE)
        )
        self._introduced: dict[bytes, bytes] | None = None
        try:
            with self._explained():
                make_ours(self._client, server)
                self._count: int = self._client.hlen(self._responses)
                self._state = self._left(self._client)
        except TargetError:
            self._client.close()
            raise

    def __enter__(self) -> "RedisTarget":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def load_status(self) -> bytes | None:
        """The status, if the server still holds as many responses as when it was saved."""
        with self._explained():
            return status_on(self._client, self._server)

    def save_status(self, status: bytes) -> None:
        """Keep the status, and how many responses there should be: fewer are there if somebody took some out.

        Raises:
            TargetError: the server has not what was written there since it was opened, emptied or put back from a copy.
        """
        with self._explained(), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(self._status)
            self._require_as_left(pipe)
            state = pipe.hget(self._status, STATE) or _new_version()  # a publisher of before left none
            pipe.multi()
            pipe.hset(self._status, mapping={STATUS: status, ENTRIES: str(self._count).encode(), STATE: state})
            pipe.execute()
            self._state = state

    def introduce(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """Bring the table of issuers up to date, written only where it is not: responses of others are not found."""
        wanted = self._introduced = dict(keys)
        with self._explained():
            if self._client.hgetall(self._issuers) == wanted:
                return
            with self._client.pipeline(transaction=True) as pipe:
                pipe.delete(self._issuers)
                if wanted:
                    pipe.hset(self._issuers, mapping=wanted)
                pipe.set(self._version, _new_version(), xx=True)
                pipe.execute()

    def put(self, answers: Iterable[Answer], replaces: Replaces) -> int:
        """Store in one transaction what `replaces` admits, and read it back.

        Raises:
            TargetError: it could not be written, or not read back as it was written.
        """
        admitted: dict[bytes, bytes] = {}
        with self._changing() as change:
            for some in pieces(answers, PIECE):
                change.look_up([key for answer in some for key in (answer.key, *_beside(answer))])
                for answer in some:
                    if _take(answer, change, replaces):
                        admitted[answer.key] = answer.value
        with self._explained():
            for keys in pieces(admitted, PIECE):
                if self._client.hmget(self._responses, keys) != [admitted[key] for key in keys]:
                    raise TargetError(
                        f"a response of {len(keys)} does not read back as it was written",
                        where=self._server.place,
                        advice="is this the primary, and does nobody else write there?",
                    )
        return len(admitted)

    def withdraw(self, keys: Iterable[bytes], wrong: Callable[[bytes, StoredResponse], bool]) -> int:
        """Delete what is wrong, a piece at a time."""
        count = 0
        for some in pieces(keys, PIECE):
            with self._changing() as change:
                change.look_up(some)
                for key in some:
                    current = _decoded(change.get(key))
                    if current is not None and wrong(key, current):
                        change.delete(key)
                        count += 1
        return count

    def sweep(self, issuer: bytes, expired_before: int) -> int:
        """Go on from where the last sweep stopped, look at a bounded number of answers, delete the long expired."""
        place, count = _SWEPT + issuer, 0
        with self._explained():
            saved = self._client.hget(self._status, place)
            cursor = int(saved) if saved and saved.isdigit() else 0
            for _ in range(_SWEPT_AT_ONCE // PIECE):
                cursor, found = self._client.hscan(self._responses, cursor, count=PIECE)
                ends = {key: next_update_in(value) for key, value in found.items() if key.startswith(issuer)}
                expired = [key for key, end in ends.items() if end is not None and end < expired_before]
                count += self.withdraw(expired, lambda _key, stored: stored.next_update < expired_before)
                if not cursor:
                    break
            self._client.hset(self._status, place, str(cursor).encode())
        return count

    def set_filled(self, *, is_filled: bool) -> None:
        """Give the store a version where it has none (a full server refuses another SET as well), or take it away.

        One that lost anything since it was opened is not filled, and has none.
        """
        with self._explained(), self._client.pipeline(transaction=True) as pipe:
            if not is_filled:
                self._client.delete(self._version)
                return
            pipe.watch(self._status, self._responses, self._issuers)
            is_said, is_whole = pipe.type(self._version) != b"none", self._is_whole(pipe)
            if is_said == is_whole:
                return
            pipe.multi()
            if is_whole:
                pipe.set(self._version, _new_version())
            else:
                pipe.delete(self._version)
            pipe.execute()
            if not is_whole:
                raise self._lost()

    def _is_whole(self, pipe: Any) -> bool:
        is_known = self._introduced is None or pipe.hgetall(self._issuers) == self._introduced
        count: int = pipe.hlen(self._responses)
        return is_known and self._left(pipe) == self._state and count == self._count

    def _left(self, client: Any) -> bytes | None:
        """The mark of the last change; where a publisher of before made it, the status is as good as one."""
        state, status = client.hmget(self._status, STATE, STATUS)
        left: bytes | None = state or status
        return left

    def _require_as_left(self, pipe: Any) -> None:
        """Return if our last change is there, or what was there when this was opened."""
        if self._left(pipe) != self._state:
            raise self._lost()

    def _lost(self) -> TargetError:
        return TargetError(
            "the server lost what was written there a moment ago",
            where=self._server.place,
            advice="it is written again at the next look; was the server emptied or put back from a copy, or does "
            "another publisher write there?",
        )

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """A change of the responses that is made at the end, whole or not at all."""
        with self._explained(), self._client.pipeline(transaction=True) as pipe:
            change = Change(pipe, self._responses)
            yield change
            if change.wanted:
                pipe.watch(self._status)
                self._require_as_left(pipe)
                counted = pipe.hget(self._status, ENTRIES)
                noted = pipe.hkeys(self._sample)
                change.queue()
                note(pipe, self._sample, noted, change.wanted)
                if counted is not None and counted.isdigit():  # a count that was wrong before stays wrong
                    pipe.hset(self._status, ENTRIES, str(int(counted) + change.growth).encode())
                pipe.set(self._version, _new_version(), xx=True)
                state = _new_version()
                pipe.hset(self._status, STATE, state)
                pipe.execute()
                self._count, self._state = self._count + change.growth, state

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self._server, "read or written"):
            yield


def _take(answer: Answer, change: Change, replaces: Replaces) -> bool:
    """Put an answer, and take out its other forms, if it may; see `ResponseTarget.put`."""
    beside = [key for key in _beside(answer) if change.get(key) is not None]
    if not all(replaces(answer, _decoded(change.get(key))) for key in beside):
        return False
    for key in beside:
        change.delete(key)
    current, value = change.get(answer.key), answer.value
    if current == value or not replaces(answer, _decoded(current)):
        return False
    change.put(answer.key, value)
    return True


def _beside(answer: Answer) -> list[bytes]:
    """Where other forms of it lie, if there are any."""
    return [in_form(answer.key, other) for other in answer.others]


def _decoded(value: bytes | None) -> StoredResponse | None:
    try:
        return StoredResponse.decode(value) if value is not None else None
    except StoreFormatError:
        return None  # unreadable for every reader: as good as nothing


def _new_version() -> bytes:
    return os.urandom(16)
