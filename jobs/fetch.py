"""Fetching as a relying party does: plain HTTP, a deadline, and no more bytes than an answer may have."""

import http.client
import io
import socket
import time
from dataclasses import dataclass
from email.message import Message as Headers
from functools import partial
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from revocation.errors import RevocastError

SMALL: Final = 1 << 16
"""The largest OCSP response or certificate that is read."""
LARGE: Final = 256 << 20
"""The largest CRL that is read."""

_CHUNK: Final = 1 << 20
_CONNECTIONS: Final[dict[str, type[http.client.HTTPConnection]]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}


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
    """The answer to a GET, or to a POST when there is `data`. No proxy, no redirect, and HTTP alone.

    Args:
        url: what is fetched.
        limit: the most bytes that its body may have.
        seconds: for all of it; connecting may take that long for each address of the host.
        data: the body of a POST.
        media_type: of `data`.

    Raises:
        NotFetched: no URL, no connection, a status other than 200, too slow, or more than `limit` bytes.
    """
    deadline = time.monotonic() + seconds
    try:
        parts = urlsplit(url)
        connection = _connection(parts, seconds)
        connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
        headers = {"Connection": "close"} | ({"Content-Type": media_type} if data is not None else {})
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET" if data is None else "POST", target, data, headers)
            with connection.getresponse() as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise NotFetched(f"HTTP {answer.status}", where=url)
                return Fetched(_read(answer, limit, url), answer.headers)
        finally:
            connection.close()
    except _TooSlow as error:
        raise NotFetched("is sent too slowly", where=url) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise NotFetched(f"cannot be fetched: {error}", where=url) from error


class _TooSlow(OSError):
    """The deadline has passed."""


class _Response(http.client.HTTPResponse):
    """An answer of which every byte comes before the deadline: status lines, headers and the sizes of chunks too.

    A timeout of the socket begins anew with each byte, and http.client waits for lines without another.
    """

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_Timely(self.fp.detach(), sock, deadline))


class _Timely(io.RawIOBase):
    """What comes from a socket until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw, self._socket, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _TooSlow
        self._socket.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            raise _TooSlow from None

    def close(self) -> None:
        self._raw.close()
        super().close()


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    kind = _CONNECTIONS.get(parts.scheme)
    if kind is None or not parts.hostname:
        raise ValueError("neither http://HOST nor https://HOST")
    return kind(parts.hostname, parts.port, timeout=seconds)


def _read(answer: http.client.HTTPResponse, limit: int, url: str) -> bytes:
    parts, size = [], 0
    while part := answer.read1(min(_CHUNK, limit + 1)):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise NotFetched(f"has more than {limit} bytes", where=url)
    return b"".join(parts)
