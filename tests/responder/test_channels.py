"""What a connection under waitress is held to, with the time as an argument."""

import socket
from collections.abc import Iterator

import pytest
from waitress.adjustments import Adjustments

from responder.channels import Channel, Server

HEAD = b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n"
SECOND = 1_800_000_000


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A connection of a server that is not running."""
    listener, (ours, theirs) = socket.create_server(("127.0.0.1", 0)), socket.socketpair()
    place = (listener.family, listener.type, listener.proto, listener.getsockname())
    adjustments = Adjustments(threads=1, channel_timeout=10)
    server = Server(lambda *_: [], _sock=listener, bind_socket=False, adj=adjustments, sockinfo=place)
    with theirs:
        yield Channel(server, ours, ("127.0.0.1", 1), adjustments, map={})
        ours.close()
    server.task_dispatcher.shutdown()
    server.close()


def arrive(channel: Channel, octets: bytes, at: int) -> None:
    """As when they are read."""
    channel.last_activity = at
    channel.received(octets)


@pytest.mark.parametrize("octets", [HEAD, HEAD[:20]], ids=["body", "headers"])
def test_request_that_trickles_has_fifteen_seconds(channel: Channel, octets: bytes) -> None:
    """An octet every three seconds is no silence, and does not help."""
    arrive(channel, octets, SECOND)
    for second in range(3, 19, 3):
        arrive(channel, b"0", SECOND + second)
        channel.server.maintenance(SECOND + second)
        assert channel.will_close == (second > 15)


def test_time_begins_anew_with_each_request(channel: Channel) -> None:
    """A connection may last as long as its requests do not."""
    arrive(channel, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET", SECOND)
    channel.requests = []  # it was answered
    arrive(channel, b" /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET", SECOND + 14)
    channel.requests = []
    channel.server.maintenance(SECOND + 20)
    assert not channel.will_close
    arrive(channel, b" ", SECOND + 29)
    channel.server.maintenance(SECOND + 30)
    assert channel.will_close
