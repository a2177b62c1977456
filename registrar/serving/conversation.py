"""One connection: requests one after the other, each read as a whole, in time and in bounds, before anything is done.

h11 reads them, and takes no framing that could be read in two ways (RFC 9112 section 6.3).
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

import h11

from registrar.serving.message import Answer, Received, Refused
from registrar.serving.unreadable import headers_too_long, unreadable

_EMPTY_LINES: Final = re.compile(rb"(?:\r\n){0,4}")
_ONLY_EMPTY_LINES: Final = re.compile(rb"(?:\r\n){0,4}\r?")
_MOST_FRAMING: Final = 1 << 16  # octets of chunk sizes, extensions and trailers
_AT_ONCE: Final = 1 << 14
_MOST_LARGE: Final = 64
_NO_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@dataclass(frozen=True)
class Bounds:
    """What one request may take.

    Attributes:
        body: octets.
        headers: octets from the first line of a request to the empty line that ends its header, both included.
        silence: seconds until the first octet of a request.
        patience: seconds from there to its last octet, and for taking the answer.
        lingering: seconds for which what a refused request still sends is thrown away, so that its client sees why.
        large: a body of more octets than that needs one of the places for large ones.
        large_places: these.
    """

    body: int
    headers: int = 1 << 14
    silence: float = 5
    patience: float = 15
    lingering: float = 1
    large: int = 1 << 16
    large_places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_LARGE))


class Conversation:
    """Requests and answers over one connection.

    Args:
        answer: what is done with a request.
        goes_on: whether another request is taken after this one.
        now: the time, for `Date`.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        bounds: Bounds,
        answer: Callable[[Received], Awaitable[Answer]],
        goes_on: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._reader, self._writer, self._bounds = reader, writer, bounds
        self._answer, self._goes_on, self._now = answer, goes_on, now
        self._http = self._reading_anew()
        self._ahead = b""
        self._left = 0
        self._begun = False
        self._method = b""
        self._deadline = asyncio.timeout(None)

    async def hold(self) -> None:
        """Answer until either side has enough."""
        try:
            while await self._one():
                self._ahead, _ = self._http.trailing_data
                self._http = self._reading_anew()
        except Refused as refused:
            await self._refuse(refused)

    async def _one(self) -> bool:
        """Read and answer one request; whether another one may follow."""
        async with contextlib.AsyncExitStack() as held:
            received = await self._next(held)
            if received is None:
                return False
            await self._send(await self._answer(received))
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _next(self, held: contextlib.AsyncExitStack) -> Received | None:
        """The next request; None where none comes.

        Raises:
            Refused: it is wrong, too large, or too slow.
        """
        self._left = self._bounds.body + self._bounds.headers + _MOST_FRAMING
        self._begun = False
        try:
            async with asyncio.timeout(self._bounds.silence) as self._deadline:
                self._take(await self._beginning())
                request = await self._event()
                if not isinstance(request, h11.Request):
                    return None
                self._method = request.method
                self._require_short()
                _require_sense(request)
                return _received(request, await self._body(request, held))
        except TimeoutError:
            if not self._begun:
                return None
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the request did not come as a whole in time") from None
        except h11.RemoteProtocolError as error:
            raise unreadable(error) from None

    def _reading_anew(self) -> h11.Connection:
        """Without what h11 keeps of a request before: empty lines are taken from what came after it."""
        return h11.Connection(h11.SERVER, max_incomplete_event_size=self._bounds.headers)

    async def _beginning(self) -> bytes:
        """The first octets of a request, of which some may be there; none where its client ended.

        A few empty lines before it are none of it (RFC 9112 section 2.2).
        """
        octets, self._ahead = self._ahead, b""
        while _ONLY_EMPTY_LINES.fullmatch(octets):
            more = await self._reader.read(_AT_ONCE)
            if not more:
                return b""
            octets += more
        return _EMPTY_LINES.sub(b"", octets, count=1)

    def _require_short(self) -> None:
        """Refuse a header that came at once, and is longer than what h11 waits for."""
        came = self._bounds.body + self._bounds.headers + _MOST_FRAMING - self._left
        if came - len(self._http.trailing_data[0]) > self._bounds.headers:
            raise headers_too_long(self._bounds.headers)

    async def _event(self) -> object:
        """What comes next, once enough of it is there."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            self._take(await self._reader.read(_AT_ONCE))
        return event

    def _take(self, octets: bytes) -> None:
        if octets and not self._begun:
            self._begun = True
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._bounds.patience)
        self._left -= len(octets)
        if self._left < 0:
            raise _too_large(self._bounds.body)
        self._http.receive_data(octets)

    async def _body(self, request: h11.Request, held: contextlib.AsyncExitStack) -> bytes:
        """All of it. One that is large holds one of the places for such until it is answered."""
        said = int(dict(request.headers).get(b"content-length", b"0"))
        body, is_large = bytearray(), False
        while True:
            size = max(said, len(body))
            if size > self._bounds.body:
                raise _too_large(self._bounds.body)
            if size > self._bounds.large and not is_large:
                is_large = True
                await self._hold_large(held)
            event = await self._event()
            if not isinstance(event, h11.Data):
                return bytes(body)
            body += event.data

    async def _hold_large(self, held: contextlib.AsyncExitStack) -> None:
        if self._bounds.large_places.locked():
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many large requests are here at a time: ask again")
        await held.enter_async_context(self._bounds.large_places)

    async def _send(self, answer: Answer) -> None:
        fields = [(name, value) for name, value in answer.fields if name != b"content-length"]
        fields.append((b"date", format_datetime(self._now(), usegmt=True).encode("ascii")))
        if answer.status not in _NO_BODY:
            fields.append((b"content-length", str(len(answer.body)).encode("ascii")))
        if not self._goes_on() or self._http.their_state is not h11.DONE:
            fields.append((b"connection", b"close"))
        head = h11.Response(status_code=answer.status, headers=fields, reason=answer.reason)
        octets = self._http.send(head) or b""
        if self._method != b"HEAD" and answer.status not in _NO_BODY:
            octets += self._http.send(h11.Data(data=answer.body)) or b""
        self._writer.write(octets + (self._http.send(h11.EndOfMessage()) or b""))
        async with asyncio.timeout(self._bounds.patience):
            await self._writer.drain()

    async def _refuse(self, refused: Refused) -> None:
        """Say why, and throw away for a moment what still comes: a client that is reset sees no answer."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        await self._send(refused.answer)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.lingering):
                while await self._reader.read(_AT_ONCE):
                    pass


def _require_sense(request: h11.Request) -> None:
    """Refuse what h11 reads, and what nobody here has to ask."""
    names = [name for name, _ in request.headers]
    if request.http_version not in (b"1.0", b"1.1"):
        raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this server speaks HTTP/1.1")
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0"):
        raise Refused(HTTPStatus.BAD_REQUEST, "Transfer-Encoding goes with neither Content-Length nor HTTP/1.0")
    if not request.target.startswith(b"/"):
        raise Refused(HTTPStatus.BAD_REQUEST, "the target of a request is a path, which begins with /")


def _received(request: h11.Request, body: bytes) -> Received:
    version = f"HTTP/{request.http_version.decode('ascii')}"
    return Received(request.method.decode("ascii"), request.target, version, list(request.headers), body)


def _too_large(most: int) -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {most} octets, and little around them")
