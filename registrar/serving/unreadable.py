"""Why h11 does not read a request, in sentences that have nothing of what the client sent."""

from http import HTTPStatus
from typing import Final

import h11

from registrar.serving.message import Refused

_SENTENCES: Final = {
    "no request line": "there are more empty lines before a request than are passed over",
    "illegal request line": "the first line of a request is METHOD /path HTTP/1.1, and this is none",
    "illegal header line": "a header field is Name: value, and one is of another form or has an octet of none",
    "continuation line": "a header field is Name: value, and the first one begins with a blank",
    "bad content-length": "Content-Length is a number, and of at most 20 digits",
    "conflicting content-length": "there is more than one Content-Length, and they differ",
    "missing mandatory host": "a request of HTTP/1.1 has a field Host",
    "found multiple host": "there is more than one field Host",
    "multiple transfer-encoding": "there is more than one Transfer-Encoding: chunked alone is known",
    "only transfer-encoding": "of Transfer-Encoding chunked alone is known",
    "illegal chunk header": "a chunk begins with its size in hexadecimal digits, and one does not",
    "malformed chunk footer": "a chunk is not as long as its size says",
    "peer": "the connection ended within a request",
}
"""By how h11 begins to say it, in lower case."""


def unreadable(error: h11.RemoteProtocolError) -> Refused:
    """What h11 found; its own text may show what came."""
    status, said = HTTPStatus(error.error_status_hint), str(error).lower()
    if status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return Refused(status, "a line or a header of the request is longer than is read here")
    known = (sentence for beginning, sentence in _SENTENCES.items() if said.startswith(beginning))
    return Refused(status, next(known, "this is no request of HTTP/1.1 (RFC 9112)"))


def headers_too_long(most: int) -> Refused:
    """A header of more octets than that."""
    detail = f"first line and header of a request have at most {most} octets"
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
