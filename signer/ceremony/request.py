"""The file that goes to the offline machine: JSON lines, a header, the messages, and the digest of all that at the end.

Whoever holds the stick can withhold it, and no more: what changes facts is signed by who asked for it, and the digest
of the whole file is what operators compare and approvers sign.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation import __version__
from revocation.errors import InputError
from revocation.instant import Instant
from revocation.messages import Message, parse_message
from revocation.visible import visible
from signer.ceremony.stick import read_file

_FORMAT: Final = 1
_LARGEST: Final = 1 << 30
"""Octets: it is held in memory whole, and an import of half a million certificates with their DER fits."""
_AGAIN: Final = "copy it from the online machine again, or make another with `revocast ceremony request`"
_DIGEST: Final = r"^[0-9a-f]{64}$"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestIssuer(_Model):
    """An issuer whose status is to be signed."""

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    name: str
    revision: int = Field(ge=1, description="of the online ledger, that what is signed will cover")
    crl_number: str | None = Field(
        pattern=r"^[0-9]{1,49}$", description="the highest that came back from ceremonies; decimal"
    )


class Header(_Model):
    """The first line."""

    what: Literal["revocast ceremony request"] = "revocast ceremony request"
    format: Literal[1] = 1
    revocast: str = Field(default=__version__, description="the version that made it")
    made_at: Instant
    predecessor: str | None = Field(
        pattern=_DIGEST, description="the request of the ceremony before; null: all there is"
    )
    issuers: tuple[RequestIssuer, ...] = Field(min_length=1)
    messages: int = Field(ge=0, description="how many lines follow")


class _Line(_Model):
    recorded_at: Instant
    message: str
    source: str | None


@dataclass(frozen=True)
class Asked:
    """A message that the online ledger has done.

    Attributes:
        recorded_at: when it did.
        source: of an import what it read, as JSON.
    """

    recorded_at: Instant
    message: Message
    source: str | None


@dataclass(frozen=True)
class Request:
    """What a ceremony is asked for.

    Attributes:
        digest: SHA-256 of the file, hexadecimal.
        left_out: ids of messages that people at the ceremony do not want to be done.
        late: ids of those that an earlier ceremony should have had, and are to be done all the same.
    """

    header: Header
    messages: Sequence[Asked]
    digest: str
    left_out: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()

    @property
    def exemptions(self) -> tuple[str, ...]:
        """What approvers agree to beside the digest, a line each: the file does not say it."""
        late = (f"late {id_}" for id_ in sorted(self.late))
        return (*(f"leave-out {id_}" for id_ in sorted(self.left_out)), *late)


def encode(header: Header, messages: Iterable[tuple[Instant, str, str | None]]) -> bytes:
    """The file: of each message when it was recorded, its text, and what it read."""
    lines = [header.model_dump_json()]
    for recorded_at, text, source in messages:
        lines.append(_Line(recorded_at=recorded_at, message=text, source=source).model_dump_json())
    body = "".join(f"{line}\n" for line in lines).encode()
    end = json.dumps({"sha256": hashlib.sha256(body).hexdigest()})
    return body + f"{end}\n".encode()


def digest_of(data: bytes) -> str:
    """What operators compare: as `sha256sum` shows it."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> Request:
    """The request in a file.

    Raises:
        InputError: it cannot be read, is no regular file, no request, of a later format, or not whole.
    """
    data = read_file(path, _LARGEST)
    try:
        return decode(data)
    except InputError as error:
        error.where = f"request {path}"
        raise


def decode(data: bytes) -> Request:
    """The request that these octets are.

    Raises:
        InputError: as `read`.
    """
    if len(data) > _LARGEST:
        raise InputError(f"has more than {_LARGEST} octets")
    first, *rest = data.split(b"\n")
    _require_known(first)
    if len(rest) < 2 or rest[-1] or not _closes(rest[-2], data):
        raise InputError("is not whole: the digest at its end is missing, or is that of something else", advice=_AGAIN)
    try:
        header = Header.model_validate_json(first)
        lines = [_Line.model_validate_json(line) for line in rest[:-2]]
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "a line"
        raise InputError(f"is malformed: {place}: {problem['msg']}", advice=_AGAIN) from error
    if len(lines) != header.messages:
        raise InputError(f"says that it has {header.messages} messages, and has {len(lines)}", advice=_AGAIN)
    _require_once(header)
    asked = [Asked(line.recorded_at, parse_message(line.message), line.source) for line in lines]
    return Request(header, asked, digest_of(data))


def _require_known(line: bytes) -> None:
    """Return if it is the first line of a request of a format that is known."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("what") != "revocast ceremony request":
        raise InputError("is no request for a ceremony", advice="`revocast ceremony request --out FILE` makes one")
    if said.get("format") != _FORMAT:
        raise InputError(
            f"is of format {said.get('format')}, and this version reads {_FORMAT}", advice="upgrade Revocast here"
        )


def _require_once(header: Header) -> None:
    """Return if each issuer is named once: what is signed of it is to be what was shown of it."""
    ids = [issuer.id for issuer in header.issuers]
    for issuer in header.issuers:
        if ids.count(issuer.id) > 1:
            raise InputError(
                f"names the issuer {visible(issuer.name)} ({issuer.id}) more than once",
                advice="make another request with `revocast ceremony request`, and find out who made this one",
            )


def _closes(line: bytes, data: bytes) -> bool:
    """Whether the last line has the digest of all before it."""
    body = data[: len(data) - len(line) - 1]
    return line == json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
