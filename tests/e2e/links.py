"""The network between services and servers: a port for each pair of them, which can be cut, and held up.

`python -m tests.e2e.links FILE` leads each port of the file on, with TLS at its front where a certificate is named,
since not every server of the tests has it. It obeys lines on standard input (`cut NAME`, `stall NAME`, `mend NAME`),
says each back when it holds, and ends with its input.
"""

import asyncio
import json
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Any

_CHUNK = 1 << 16


class Link:
    """One port.

    Args:
        upstream: the path of a unix socket, or a port of loopback.
    """

    def __init__(self, upstream: str | int) -> None:
        self._upstream = upstream
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False
        self._ends: set[StreamWriter] = set()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._is_cut = True
        for end in self._ends:
            end.transport.abort()

    def stall(self) -> None:
        """Hand nothing on, in either direction, and say nothing: what was sent arrives when it is mended."""
        self._flows.clear()

    def mend(self) -> None:
        """As at first."""
        self._is_cut = False
        self._flows.set()

    async def lead(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, to its end."""
        ends = [writer]
        self._ends.add(writer)
        try:
            await self._flows.wait()
            if not self._is_cut:
                upstream, onward = await self._open()
                ends.append(onward)
                self._ends.add(onward)
                await self._both(self._pump(reader, onward), self._pump(upstream, writer))
        except OSError:
            pass  # the server is away: whoever asked is told so by the end of the connection
        finally:
            for end in ends:
                self._ends.discard(end)
                end.transport.abort() if self._is_cut else end.close()

    async def _both(self, *directions: Any) -> None:
        """Until one of the two ends: the other has nobody then."""
        tasks = [asyncio.ensure_future(one) for one in directions]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self) -> tuple[StreamReader, StreamWriter]:
        if isinstance(self._upstream, str):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection("127.0.0.1", self._upstream)

    async def _pump(self, source: StreamReader, sink: StreamWriter) -> None:
        with suppress(OSError):
            while octets := await source.read(_CHUNK):
                await self._flows.wait()
                sink.write(octets)
                await sink.drain()


async def _run(described: list[dict[str, Any]]) -> None:
    links = {}
    for one in described:
        link = links[one["name"]] = Link(one["upstream"])
        context = None
        if one["certificate"]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*one["certificate"])
        await asyncio.start_server(link.lead, "127.0.0.1", one["port"], ssl=context)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # of connections that end in the middle of a handshake
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, name = line.split()
        getattr(links[name], what)()
        print(line.strip(), flush=True)


if __name__ == "__main__":
    asyncio.run(_run(json.loads(Path(sys.argv[1]).read_text())))
