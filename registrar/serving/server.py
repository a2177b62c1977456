"""The registrar's HTTP server: one loop takes connections, shakes hands and reads; threads answer whole requests.

So a client that says nothing, or a little now and then, holds a place among many, and never a thread.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final

from registrar.application import Application
from registrar.serving.conversation import Bounds, Conversation
from registrar.serving.gateway import call, environ_of
from registrar.serving.message import Answer, Peer, Received
from registrar.serving.places import Place, Places

_LOG: Final = logging.getLogger("revocast.registrar")
_BACKLOG: Final = 1024
_MOST: Final = 900  # connections; processes may have 1,024 files open
_HANDSHAKE: Final = 5.0  # seconds for TLS as a whole
_CLOSING: Final = 1.0  # seconds for a TLS connection to end as it should
_GRACE: Final = 5.0  # seconds for answers that are due when it ends
_PAUSE: Final = 0.1  # seconds, where no further file can be opened


class Server:
    """An application of WSGI over HTTP/1.1.

    Args:
        address: host and port; port 0 is a free one.
        threads: requests that are answered at a time.
        largest: octets of a request's body.
        bounds: in its place, also of time.
        tls: None where a proxy ends TLS. What is changed in it holds for connections that begin later.
        now: the time, for `Date`.
        most: connections at a time.
    """

    def __init__(
        self,
        address: tuple[str, int],
        application: Application,
        *,
        threads: int,
        largest: int,
        now: Callable[[], datetime],
        tls: ssl.SSLContext | None = None,
        most: int = _MOST,
        bounds: Bounds | None = None,
    ) -> None:
        self.address = address
        self._application, self._now, self._tls = application, now, tls
        self._bounds, self._places = bounds or Bounds(largest), Places(most)
        self._pool = ThreadPoolExecutor(threads, "request")
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False
        self._end = asyncio.Event()
        self._tasks = set[asyncio.Task[None]]()

    def open(self) -> None:
        """Listen; `address` then has the port.

        Raises:
            OSError: that cannot be.
        """
        host, port = self.address
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        self._listener = socket.create_server(self.address, family=family, backlog=_BACKLOG, dualstack_ipv6=both)
        self._listener.setblocking(False)
        self.address = self._listener.getsockname()[:2]

    def serve(self) -> None:
        """Serve until `stop`."""
        try:
            asyncio.run(self._serve())
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """End, once what is being answered has been, or after some seconds. For any thread, and for signals."""
        self._ending = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._end.set)

    async def _serve(self) -> None:
        if self._listener is None:
            raise RuntimeError("open() comes first")
        self._loop = asyncio.get_running_loop()
        if self._ending:
            return
        with self._listener:
            taking = asyncio.create_task(self._take_all(self._listener))
            await self._end.wait()
            taking.cancel()
        self._places.end_waiting()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        self._places.end_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take_all(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listener)
            except OSError as error:
                _LOG.warning("no connection can be taken: %s", error.strerror or error)
                await asyncio.sleep(_PAUSE)
                continue
            task = asyncio.create_task(self._hold(connection, peer[:2]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # those that are there have their turn

    async def _hold(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """A connection from its first octet, which is of TLS, to its end."""
        this = asyncio.current_task()
        place = self._places.take(peer[0], this.cancel) if this and not self._ending else None
        if place is None:
            connection.close()
            return
        try:
            reader, writer = await self._opened(connection)
        except OSError:  # also of TLS, and a handshake that takes too long: the client's doing
            return
        else:
            await self._converse(reader, writer, peer, place)
        finally:
            self._places.leave(place)

    async def _opened(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for its own sockets alone
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        seconds = {"ssl_handshake_timeout": _HANDSHAKE, "ssl_shutdown_timeout": _CLOSING} if self._tls else {}
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls, **seconds)
        transport.set_write_buffer_limits(1)  # at 0 asyncio's TLS waits with an empty buffer until the client speaks
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: tuple[str, int], place: Place
    ) -> None:
        answer = partial(self._answer, Peer(*peer, self._tls is not None, _certificate(writer)), place)
        conversation = Conversation(reader, writer, self._bounds, answer, lambda: not self._ending, self._now)
        try:
            await conversation.hold()
            writer.close()
            async with asyncio.timeout(_CLOSING):
                await writer.wait_closed()
        except OSError:  # also TimeoutError: the client went away, or does not take its answer
            pass
        except Exception:
            _LOG.exception("a connection failed")
        finally:
            writer.transport.abort()

    async def _answer(self, peer: Peer, place: Place, received: Received) -> Answer:
        environ = environ_of(received, peer, self.address)
        place.in_work = True
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, call, self._application, environ)
        finally:
            place.in_work = False


def _certificate(writer: asyncio.StreamWriter) -> str | None:
    """What the client has shown in the handshake, PEM."""
    shown = writer.get_extra_info("ssl_object")
    der = shown.getpeercert(binary_form=True) if shown else None
    return ssl.DER_cert_to_PEM_cert(der).strip() if der else None
