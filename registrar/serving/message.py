"""One request as it came, and one answer as it goes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

Fields = Sequence[tuple[bytes, bytes]]
"""Header fields, names and values."""


@dataclass(frozen=True)
class Received:
    """A request that is there as a whole.

    Attributes:
        target: as it stands in the first line (RFC 9112 section 3.2.1): a path, and perhaps a query.
        fields: names in lower case.
    """

    method: str
    target: bytes
    version: str
    fields: Fields
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    reason: str
    fields: Fields
    body: bytes


@dataclass(frozen=True)
class Peer:
    """Who is at the other end of a connection.

    Attributes:
        certificate: that it has shown, PEM, and that the TLS library holds for one of `client_cas`.
    """

    address: str
    port: int
    over_tls: bool
    certificate: str | None = None


class Refused(Exception):
    """A request that is not read on, and why; its connection ends."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail)


def problem(status: HTTPStatus, detail: str) -> Answer:
    """A problem document (RFC 9457 section 4.2.1) of the server, which knows neither ACME nor the API."""
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    fields = [(b"content-type", b"application/problem+json")]
    return Answer(int(status), status.phrase, fields, json.dumps(document).encode("ascii"))
