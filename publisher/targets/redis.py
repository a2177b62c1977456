"""A target that is a Redis or Valkey server, which responders on other hosts read; its format is `revocation/store.py`.

What the server says is held against what was written, and a change is one transaction that fails when anybody else
changed the responses meanwhile. How durable it is is the server's affair: what it loses, up to all, the status shows
at the next look, and the exchange is replayed.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from publisher.targets.protocol import Answer, Replaces
from publisher.targets.redis_change import PIECE, Change, pieces
from publisher.targets.redis_reading import ENTRIES, STATUS, explained, status_on
from publisher.targets.redis_sample import note
from revocation.errors import TargetError
from revocation.redisserver import RedisServer
from revocation.store import (
    ISSUERS_DATABASE,
    OLD_NAMES,
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
_TYPES: Final = {
    **dict.fromkeys((ISSUERS_DATABASE, RESPONSES_DATABASE, STATUS_DATABASE, SAMPLE), b"hash"),
    VERSION: b"string",
}
_OLD_SHAPES: Final = ("string of 16 octets", "hash", "hash", "hash")
"""What a publisher of before put under `OLD_NAMES`."""


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
        try:
            self._require_ours()
            self._drop_old_layout()
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
        """Keep the status, and how many responses there are."""
        with self._explained():
            count = self._client.hlen(self._responses)
            self._client.hset(self._status, mapping={STATUS: status, ENTRIES: str(count).encode()})

    def introduce(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """Bring the table of issuers up to date, written only where it is not: responses of others are not found."""
        wanted = dict(keys)
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
        """Give the store a version where it has none (a full server refuses another SET as well), or take it away."""
        with self._explained():
            if not is_filled:
                self._client.delete(self._version)
            elif self._client.type(self._version) == b"none":
                self._client.set(self._version, _new_version(), nx=True)

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """A change of the responses that is made at the end, whole or not at all."""
        with self._explained(), self._client.pipeline(transaction=True) as pipe:
            change = Change(pipe, self._responses)
            yield change
            if change.wanted:
                counted = pipe.hget(self._status, ENTRIES)
                noted = pipe.hkeys(self._sample)
                change.queue()
                note(pipe, self._sample, noted, change.wanted)
                if counted is not None and counted.isdigit():  # a count that was wrong before stays wrong
                    pipe.hset(self._status, ENTRIES, str(int(counted) + change.growth).encode())
                pipe.set(self._version, _new_version(), xx=True)
                pipe.execute()

    def _require_ours(self) -> None:
        with self._explained():
            for part, type_ in _TYPES.items():
                name = self._server.key(part)
                if (found := self._client.type(name)) not in (type_, b"none"):
                    raise TargetError(
                        f"{name} is no {type_.decode()} but a {found.decode('ascii', 'replace')}: somebody else's",
                        where=self._server.place,
                        advice="choose another `prefix`, or delete that key",
                    )

    def _drop_old_layout(self) -> None:
        """Nobody would renew what is in there: who still reads it is to find nothing, not what was true once.

        In one command, since who reads a version without all of its responses would call these unknown.
        """
        there = list[str]()
        with self._explained():
            for name, wanted in zip(map(self._server.key, OLD_NAMES), _OLD_SHAPES, strict=True):
                if (found := self._shape(name)) not in (wanted, "none"):
                    raise TargetError(
                        f"{name} is no {wanted} but a {found}: somebody else's",
                        where=self._server.place,
                        advice="choose another `prefix`, or delete that key",
                    )
                there += [name] if found == wanted else []
            if there:
                self._client.unlink(*there)

    def _shape(self, name: str) -> str:
        """The type of a key, or `none`; of a string how long it is, too."""
        type_: str = self._client.type(name).decode("ascii", "replace")
        return f"string of {self._client.strlen(name)} octets" if type_ == "string" else type_

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
