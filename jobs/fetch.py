"""Fetching as a relying party does: plain HTTP, a deadline, and no more bytes than an answer may have."""

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message as Headers
from typing import Final

from revocation.errors import RevocastError

SMALL: Final = 1 << 16
"""The largest OCSP response or certificate that is read."""
LARGE: Final = 256 << 20
"""The largest CRL that is read."""

_CHUNK: Final = 1 << 20
_OPENER: Final = urllib.request.OpenerDirector()
for _handler in (urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(), urllib.request.UnknownHandler()):
    _OPENER.add_handler(_handler)  # no proxy, no redirect, no file: and no ftp:


class NotFetched(RevocastError):
    """A URL gave no usable answer."""


@dataclass(frozen=True)
class Fetched:
    """An answer with status 200."""

    body: bytes
    headers: Headers

    @property
    def media_type(self) -> str:
        """Its Content-Type without parameters."""
        return self.headers.get_content_type()


def fetch(url: str, limit: int, seconds: float, *, data: bytes | None = None, media_type: str = "") -> Fetched:
    """The answer to a GET, or to a POST when there is `data`.

    Raises:
        NotFetched: no URL, no connection, a status other than 200, too slow, or more than `limit` bytes.
    """
    headers = {"Content-Type": media_type} if data is not None else {}
    deadline = time.monotonic() + seconds
    try:
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - the opener knows HTTP alone
        with _OPENER.open(request, timeout=seconds) as answer:
            if answer.status != http.HTTPStatus.OK:
                raise NotFetched(f"HTTP {answer.status}", where=url)
            return Fetched(_read(answer, limit, deadline, url), answer.headers)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NotFetched(f"cannot be fetched: {reason}", where=url) from error


def _read(answer: http.client.HTTPResponse, limit: int, deadline: float, url: str) -> bytes:
    parts, size = [], 0
    while part := answer.read1(min(_CHUNK, limit + 1)):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise NotFetched(f"has more than {limit} bytes", where=url)
        if time.monotonic() > deadline:
            raise NotFetched("is sent too slowly", where=url)
    return b"".join(parts)
