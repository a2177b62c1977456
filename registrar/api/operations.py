"""What can be asked: the URLs are served, and the OpenAPI document is written, from this one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from registrar.api import certificates, issue, issuers, models, revoke
from registrar.api.asked import Answer, Asked
from registrar.api.problems import Kind

Handler = Callable[[Asked], Answer]

_ISSUER: Final = "/issuers/{issuer}"
_LIST: Final = f"{_ISSUER}/certificates"
_ONE: Final = f"{_LIST}/{{serial}}"
_ALWAYS: Final = (
    Kind.BAD_REQUEST,
    Kind.UNAUTHENTICATED,
    Kind.SCOPE,
    Kind.NOT_FOUND,
    Kind.METHOD,
    Kind.TOO_MANY,
    Kind.UNAVAILABLE,
)
_POSTED: Final = (Kind.KEY_REUSED, Kind.TOO_LARGE, Kind.MEDIA_TYPE, Kind.UNREADABLE)


@dataclass(frozen=True)
class Operation:
    """One of them.

    Attributes:
        name: its operationId.
        path: below /api/v1.
        answers: by status of HTTP the model of the body.
        scope: what one needs, in words.
        taken: the model of the body of a request.
        query: the model of what stands behind the `?`.
        kinds: problems besides those of all.
        has_etag: whether If-None-Match (of a GET) or If-Match is heeded.
    """

    name: str
    method: str
    path: str
    summary: str
    scope: str
    handler: Handler
    answers: dict[int, type[BaseModel]]
    taken: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    kinds: tuple[Kind, ...] = ()
    has_etag: bool = False

    @property
    def problems(self) -> tuple[Kind, ...]:
        """All that it may answer with."""
        return _ALWAYS + (_POSTED if self.method == "POST" else ()) + self.kinds


OPERATIONS: Final = (
    Operation(
        "listIssuers", "GET", "/issuers", "The issuers that one may ask something of.", "any",
        issuers.list_, {200: models.Issuers},
    ),
    Operation(
        "issueCertificate", "POST", _LIST, "Have a certificate issued.", "`issue:PROFILE`",
        issue.issue, {201: models.CertificateAnswer, 202: models.Pending}, models.IssueRequest,
        kinds=(Kind.NAME, Kind.ISSUER, Kind.BAD_KEY),
    ),
    Operation(
        "listCertificates", "GET", _LIST,
        "Certificates that were issued through the registrar or imported here: it does not read the signer's ledger.",
        "`read`", certificates.list_, {200: models.Page}, query=models.ListQuery,
    ),
    Operation(
        "showCertificate", "GET", _ONE, "One of them.", "`read`",
        certificates.show, {200: models.CertificateAnswer}, has_etag=True,
    ),
    Operation(
        "showStatus", "GET", f"{_ONE}/status", "What the OCSP responder serves of it now, verified.", "`read`",
        issuers.status, {200: models.Status}, kinds=(Kind.NO_ANSWER,),
    ),
    Operation(
        "revokeCertificate", "POST", f"{_ONE}/revoke", "Revoke a certificate for good.", "`revoke`",
        revoke.revoke, {200: models.Changed}, models.RevokeRequest, kinds=(Kind.CHANGED, Kind.REVOKED), has_etag=True,
    ),
    Operation(
        "holdCertificate", "POST", f"{_ONE}/hold", "Put a certificate on hold.", "`hold`",
        revoke.hold, {200: models.Changed}, models.NoRequest, kinds=(Kind.CHANGED, Kind.REVOKED, Kind.HELD),
        has_etag=True,
    ),
    Operation(
        "releaseCertificate", "POST", f"{_ONE}/release", "Release a certificate from hold.", "`hold`",
        revoke.release, {200: models.Changed}, models.NoRequest, kinds=(Kind.CHANGED,), has_etag=True,
    ),
    Operation(
        "importCertificates", "POST", f"{_ISSUER}/imports",
        "Register certificates that the issuer signed elsewhere, so that their status is published.", "`import`",
        issue.import_, {200: models.Imported}, models.ImportRequest,
    ),
)  # fmt: skip
