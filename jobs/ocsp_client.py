"""Asking an OCSP responder as a client of RFC 9919 does: by GET and by POST, with one CertID and no nonce."""

import base64
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from jobs.fetch import SMALL, Fetched, NotFetched, fetch
from revocation import der
from revocation.certid import CertID
from revocation.paths import OCSP_MEDIA_TYPE, OCSP_PATH, OCSP_REQUEST_MEDIA_TYPE

_ENUMERATED_ERROR: Final = bytes((der.SEQUENCE, 3, der.ENUMERATED, 1))
_ERRORS: Final = {1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}


class Method(StrEnum):
    """How a request travels (RFC 6960 appendix A.1)."""

    GET = "GET"
    POST = "POST"


class OCSPErrorAnswer(NotFetched):
    """The responder answered with an error, unsigned, instead of a response."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(f"the responder answers {name}", where=url)
        self.name = name


def ask(base: str, cert_id: CertID, method: Method, seconds: float) -> Fetched:
    """The DER of a successful OCSPResponse, not verified, with its headers.

    Args:
        base: the URL under which `ocsp/` lies, ending in `/`.
        cert_id: what is asked for.
        method: how it is asked.
        seconds: how long it may take.

    Raises:
        NotFetched: no answer, or not the media type of one.
        OCSPErrorAnswer: an error of RFC 6960 section 2.3.
    """
    request = der.sequence(der.sequence(der.sequence(der.sequence(cert_id.encode()))))
    url = base + OCSP_PATH
    if method is Method.GET:
        url += quote(base64.b64encode(request), safe="")
        answer = fetch(url, SMALL, seconds)
    else:
        answer = fetch(url, SMALL, seconds, data=request, media_type=OCSP_REQUEST_MEDIA_TYPE)
    _check(answer, url)
    return answer


def _check(answer: Fetched, url: str) -> None:
    if answer.media_type != OCSP_MEDIA_TYPE:
        raise NotFetched(f"is {answer.media_type}, not {OCSP_MEDIA_TYPE}", where=url)
    if len(answer.body) == len(_ENUMERATED_ERROR) + 1 and answer.body.startswith(_ENUMERATED_ERROR):
        raise OCSPErrorAnswer(_ERRORS.get(answer.body[-1], f"error {answer.body[-1]}"), url)
