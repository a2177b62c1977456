"""The notes in the queue server. To write them is a courtesy: nothing waits for it, and nothing fails with it."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import redis
from pydantic import TypeAdapter

from revocation.clock import iso
from revocation.errors import RevocastError
from revocation.instant import Instant
from revocation.messages import Verb
from revocation.published import TargetStatus
from revocation.visible import visible
from revocation.wire.crlnotes import KEPT, LARGEST, OF_LAST, crl_notes, key_of, merged
from revocation.wire.notes import Chore, Failure, Notes
from revocation.wire.statusnote import StatusNote
from revocation.wire.unreachable import unreachable

_LOG: Final = logging.getLogger("revocast.notes")
_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)
_FAILURE_KEPT: Final = timedelta(days=1)
_LONGEST_ERROR: Final = 500
_LARGEST: Final = 16384
_STATUS: Final = "published:status"
_SAYS: Final = {
    "asked": "when work was asked for",
    "success": "when work last succeeded",
    "failure": "what failed",
    _STATUS: "what publishers say of their targets",
}
_Value = TypeVar("_Value")


class NotForUs(RevocastError):
    """The user that the queue's URL names may not read notes."""

    exit_code = 3


class Journal:
    """The notes behind one connection."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def asked(self, task: Verb | Chore, now: datetime) -> None:
        """A scheduler has asked for it, or begun it."""
        self._write(lambda pipeline: pipeline.set(f"revocast:asked:{task}", iso(now)))

    def succeeded(self, names: Iterable[str], now: datetime) -> None:
        """Work ended well: what failed before is over."""

        def write(pipeline: Any) -> None:
            for name in names:
                pipeline.set(f"revocast:success:{name}", iso(now))
                pipeline.delete(f"revocast:failure:{name}")

        self._write(write)

    def failed(self, errors: Mapping[str, str], now: datetime, again_at: datetime | None = None) -> None:
        """Work failed, and why, by its name."""

        def write(pipeline: Any) -> None:
            for name, error in errors.items():
                failure = Failure(at=now, error=visible(error[:_LONGEST_ERROR]), again_at=again_at)
                pipeline.set(f"revocast:failure:{name}", failure.model_dump_json(), ex=_FAILURE_KEPT)

        self._write(write)

    def over(self, names: Iterable[str]) -> None:
        """What failed does so no more."""

        def write(pipeline: Any) -> None:
            for name in names:
                pipeline.delete(f"revocast:failure:{name}")

        self._write(write)

    def publishes(self, statuses: Iterable[TargetStatus]) -> None:
        """Say which CRLs lie on the targets, on each and on all."""
        notes = crl_notes(statuses)

        def write(pipeline: Any) -> None:
            for key, text in notes.items():
                pipeline.set(key, text, ex=KEPT)

        if notes:
            self._write(write)

    def published(self, targets: Sequence[str]) -> list[TargetStatus]:
        """What publishers last said of that: of these targets, and all that the last of them said.

        Raises:
            QueueUnreachable: the server cannot be reached.
            NotForUs: our user may not read it.
        """
        of_last, *notes = self._texts([OF_LAST, *map(key_of, targets)], LARGEST)
        if of_last is None:
            raise NotForUs(
                "this user of the queue server may not read what is published",
                where="[jobs].queue",
                advice="take the newest infra/valkey/users.acl: without it there are no delta CRLs",
            )
        if None in notes:
            _LOG.warning(
                "this user of the queue server may not read what is published on each target, and goes by what one "
                "publisher says: take the newest infra/valkey/users.acl"
            )
        return merged(of_last, {target: note for target, note in zip(targets, notes, strict=True) if note is not None})

    def tell(self, notes: Iterable[StatusNote]) -> None:
        """Say what lies on targets, for who cannot look there."""

        def write(pipeline: Any) -> None:
            for note in notes:
                key = f"revocast:{_STATUS}:{note.status.target}"
                pipeline.set(key, note.text(), ex=KEPT)

        self._write(write)

    def told(self, targets: Sequence[str]) -> dict[str, StatusNote]:
        """What publishers last said of these targets; nothing of one where that is gone or cannot be understood.

        Raises:
            QueueUnreachable: the server cannot be reached.
            NotForUs: our user may not read it.
        """
        found = self._read(_STATUS, targets, StatusNote.read, LARGEST)
        return {name: note for name, note in found.items() if note.status.target == name}

    def read(self, names: Sequence[str]) -> Notes:
        """What is noted of these; what cannot be understood is not there.

        Raises:
            QueueUnreachable: the server cannot be reached.
            NotForUs: our user may not read it.
        """
        asked = self._read("asked", [*Verb, *Chore], _moment)
        successes = self._read("success", names, _moment)
        failures = self._read("failure", names, _failure)
        return Notes(asked, successes, failures)

    def _read(
        self, kind: str, names: Sequence[str], understood: Callable[[bytes], _Value], largest: int = _LARGEST
    ) -> dict[str, _Value]:
        found = {}
        texts = self._texts([f"revocast:{kind}:{name}" for name in names], largest)
        for name, text in zip(names, texts, strict=True):
            if text is None:
                raise NotForUs(
                    f"this user of the queue server may not read {_SAYS[kind]}",
                    where="[jobs].queue",
                    advice="ask as the user `operator`, with the newest infra/valkey/users.acl",
                )
            if (value := _try(understood, text)) is not None:
                found[name] = value
        return found

    def _texts(self, keys: Sequence[str], largest: int) -> list[bytes | None]:
        """What lies there, as far as it is read: nothing where a key is not there or of another type, None where our
        user may not ask."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.getrange(key, 0, largest)
            try:
                answers = pipeline.execute(raise_on_error=False)
            except redis.RedisError as error:
                raise unreachable(error) from error
        return [_text(answer) for answer in answers]

    def _write(self, write: Callable[[Any], object]) -> None:
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                write(pipeline)
                pipeline.execute()
        except redis.ResponseError as error:
            _LOG.warning("what was done cannot be noted in the queue server: %s", error)
        except redis.RedisError as error:
            _LOG.debug("what was done could not be noted in the queue server: %s", error)


def _moment(raw: bytes) -> datetime:
    return _INSTANT.validate_strings(raw.decode())


def _failure(raw: bytes) -> Failure:
    return Failure.model_validate_json(raw, extra="ignore")  # one of a later version may say more


def _text(answer: object) -> bytes | None:
    if isinstance(answer, redis.exceptions.NoPermissionError):
        return None
    if isinstance(answer, redis.RedisError) and not isinstance(answer, redis.ResponseError):
        raise unreachable(answer)
    return answer if isinstance(answer, bytes) else b""


def _try(understood: Callable[[bytes], _Value], raw: bytes) -> _Value | None:
    try:
        return understood(raw)
    except ValueError:  # pydantic's and Unicode's are of this kind
        return None
