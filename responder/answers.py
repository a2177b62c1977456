"""Which answer a request gets: the stored one, or one of the unsigned errors of RFC 6960 section 4.2.1.

| request | answer |
|---|---|
| not one DER OCSPRequest of version 1, or a nonce of 0 or over 128 octets | malformedRequest |
| a critical extension that we do not know, a hash other than SHA-1 and SHA-256 | unauthorized |
| a certificate or an issuer that the store does not know | unauthorized, neither good nor unknown (RFC 9919) |
| the stored response has expired, or begins in more than five minutes, or the store cannot be read | tryLater |
| anything else | the stored response for the first certificate, without nonce, whoever signed the request |
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from responder.ocsprequest import MalformedRequest, OCSPRequest, parse
from responder.source import ResponseExpired, ResponseTooEarly, Source, SourceUnavailable
from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.store import StoredResponse


class ErrorAnswer(Enum):
    """The OCSPResponses without responseBytes: anybody may make them, and nobody may cache them."""

    MALFORMED_REQUEST = 1
    TRY_LATER = 3
    UNAUTHORIZED = 6

    @property
    def der(self) -> bytes:
        """The OCSPResponse."""
        return _ERRORS[self]


_ERRORS: Final = {error: der.sequence(der.tlv(der.ENUMERATED, bytes((error.value,)))) for error in ErrorAnswer}

Answer = StoredResponse | ErrorAnswer


class Answered(NamedTuple):
    """An answer, and the hash of the CertID that was asked for; None where there is none that we know."""

    answer: Answer
    hash: CertIDHash | None


def answer(request: bytes, source: Source, now: datetime) -> Answered:
    """The answer to the request of a POST."""
    return answer_readings([request], source, now)


def answer_readings(readings: Sequence[bytes], source: Source, now: datetime) -> Answered:
    """The answer to a request that arrived so that it may stand for several.

    Only where a single reading asks for a certificate that is known is that reading answered. If the one that was sent
    asks for an unknown certificate, the answer may be another's; its CertID says so.
    """
    requests = _parsed(readings)
    if not requests:
        return Answered(ErrorAnswer.MALFORMED_REQUEST, None)
    asked = requests[0].cert_id
    hash_ = asked.hash if asked else None
    try:
        found = [stored for request in requests if (stored := _stored(request, source, now))]
    except SourceUnavailable:
        return Answered(ErrorAnswer.TRY_LATER, hash_)
    return found[0] if len(found) == 1 else Answered(ErrorAnswer.UNAUTHORIZED, hash_)


def _parsed(readings: Sequence[bytes]) -> list[OCSPRequest]:
    """The readings that are requests, each once: they may differ in what does not count, such as the nonce."""
    requests: dict[OCSPRequest, None] = {}
    for reading in readings:
        with contextlib.suppress(MalformedRequest):
            requests[parse(reading)] = None
    return list(requests)


def answer_cert_id(cert_id: CertID, source: Source, now: datetime) -> Answer:
    """The answer to a request of which nothing else counts."""
    try:
        return _found(cert_id, source, now) or ErrorAnswer.UNAUTHORIZED
    except SourceUnavailable:
        return ErrorAnswer.TRY_LATER


def _stored(request: OCSPRequest, source: Source, now: datetime) -> Answered | None:
    """What the store has for a request, None for nothing."""
    if request.unknown_critical or request.cert_id is None:
        return None
    found = _found(request.cert_id, source, now)
    return Answered(found, request.cert_id.hash) if found else None


def _found(cert_id: CertID, source: Source, now: datetime) -> Answer | None:
    try:
        return source.find(cert_id, now)
    except (ResponseExpired, ResponseTooEarly):
        return ErrorAnswer.TRY_LATER
