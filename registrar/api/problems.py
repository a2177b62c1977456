"""What is wrong with a request to the API, as its client is told: problem documents of RFC 9457."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """The problems that there are; each has an address at /api/v1/problems."""

    BAD_REQUEST = "bad-request"
    UNAUTHENTICATED = "unauthenticated"
    SCOPE = "scope"
    REFUSED = "refused"
    NAME = "name"
    NOT_FOUND = "not-found"
    METHOD = "method"
    KEY_REUSED = "key-reused"
    ISSUER = "issuer"
    REVOKED = "revoked"
    HELD = "held"
    CHANGED = "changed"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    UNREADABLE = "unreadable"
    BAD_KEY = "bad-key"
    TOO_MANY = "too-many"
    DEFECT = "defect"
    NO_ANSWER = "no-answer"
    UNAVAILABLE = "unavailable"


KINDS: Final[Mapping[Kind, tuple[int, str]]] = {
    Kind.BAD_REQUEST: (400, "The request is not of the form that the description of the API gives"),
    Kind.UNAUTHENTICATED: (401, "There is no token or client certificate with it, or none that holds"),
    Kind.SCOPE: (403, "The token or client certificate is not for this"),
    Kind.REFUSED: (403, "The CA refuses, by its policy or by what it knows"),
    Kind.NAME: (403, "The CA certifies no such name"),
    Kind.NOT_FOUND: (404, "There is no such thing, or not for this token or client certificate"),
    Kind.METHOD: (405, "This is not done with that method"),
    Kind.KEY_REUSED: (409, "The Idempotency-Key was used for another request"),
    Kind.ISSUER: (409, "The issuer issues nothing of the sort, whoever asks"),
    Kind.REVOKED: (409, "The certificate is revoked already, and nothing was changed"),
    Kind.HELD: (409, "The certificate is on hold already, and nothing was changed"),
    Kind.CHANGED: (412, "The certificate is not as If-Match says"),
    Kind.TOO_LARGE: (413, "The request is too large"),
    Kind.MEDIA_TYPE: (415, "The request is not JSON"),
    Kind.UNREADABLE: (422, "A certificate or a request for one in it cannot be used"),
    Kind.BAD_KEY: (422, "The CA does not certify this public key"),
    Kind.TOO_MANY: (429, "Too many requests"),
    Kind.DEFECT: (500, "Something is wrong here, and not with the request"),
    Kind.NO_ANSWER: (502, "The OCSP responder gave no response that can be verified"),
    Kind.UNAVAILABLE: (503, "It cannot be done now: ask again, with the same Idempotency-Key"),
}
"""Each with its status of HTTP, and a title."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one member of a request."""

    at: str
    detail: str


@dataclass(eq=False)
class APIProblem(Exception):
    """A request that is not done, and why.

    Attributes:
        detail: one sentence for people, nothing secret in it.
        faults: of members of the request.
        headers: further ones of the answer.
    """

    kind: Kind
    detail: str
    advice: str | None = None
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Of HTTP."""
        return KINDS[self.kind][0]

    def as_json(self, root: str) -> dict[str, Any]:
        """The document; `root` is the URL of the registrar."""
        status, title = KINDS[self.kind]
        said: dict[str, Any] = {
            "type": f"{root}/api/v1/problems#{self.kind}",
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        if self.advice:
            said["advice"] = self.advice
        if self.faults:
            said["faults"] = [{"at": one.at, "detail": one.detail} for one in self.faults]
        return said


def unavailable(detail: str, seconds: int = 30) -> APIProblem:
    """The problem that it cannot be done now, and may be later."""
    return APIProblem(Kind.UNAVAILABLE, detail, headers={"Retry-After": str(seconds)})
