"""A connection under waitress, stricter than waitress: in time, in framing, and at the end of a body that is too long.

waitress closes a connection on which nothing happens, so one octet every few seconds would hold it for ever; it takes a
request with both a length and chunks, which RFC 9112 section 6.1 lets a server refuse, since what stands behind one
server may take it apart in another way.
"""

from typing import Final, cast

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

_PATIENCE: Final = 15  # seconds that a request has from its first octet to its last


class Parser(HTTPRequestParser):
    """Of requests with one framing."""

    def parse_header(self, header_plus: bytes) -> None:
        """See waitress.

        Raises:
            ParsingError: it says a length as well as chunks. The answer is a 400, and the connection ends.
        """
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding")


class Task(WSGITask):
    """An answer."""

    def build_response_header(self) -> bytes:
        """See waitress. Who sends more than may be read is not waited for again."""
        if self.status.startswith("413"):
            self.set_close_on_finish()
        return super().build_response_header()


class Channel(HTTPChannel):
    """A connection on which a request has so long to arrive."""

    parser_class = Parser
    task_class = Task
    _began = 0.0  # when the first octet of `request` arrived

    def received(self, data: bytes) -> bool:
        """See waitress; `last_activity` is now."""
        before = self.request
        taken = super().received(data)
        if self.request is not before:
            self._began = self.last_activity
        return taken

    def overdue(self, now: float) -> bool:
        """Whether a request that began to arrive should be there as a whole; asked at every look at the connection.

        Its time stands still while what was asked before is answered: no more of it is read then, and closing the
        connection would cut that answer.
        """
        if self.requests or self.total_outbufs_len:
            self._began = now
        return self.request is not None and now - self._began > _PATIENCE


class Server(TcpWSGIServer):
    """Which looks for such connections as often as for silent ones."""

    channel_class = Channel

    def maintenance(self, now: int) -> None:
        """See waitress."""
        super().maintenance(now)
        for channel in cast("dict[int, Channel]", self.active_channels).values():
            if channel.overdue(now):
                channel.will_close = True
