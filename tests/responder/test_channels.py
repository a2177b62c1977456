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


@pytest.mark.parametrize("busy", ["requests", "total_outbufs_len"])
def test_answer_that_takes_long_is_not_cut_for_what_came_behind_its_request(
    channel: Channel, busy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CRL over a slow line, and the start of the next request, which is not read on before the CRL has gone out."""
    monkeypatch.setattr(channel.server, "add_task", lambda _: None)  # it is answered when the test says so
    arrive(channel, b"GET /crl/a HTTP/1.1\r\nHost: a\r\n\r\nGET", SECOND)
    idle = {"requests": [], "total_outbufs_len": 0}
    vars(channel).update(idle, **{busy: channel.requests if busy == "requests" else 8 << 20})
    for second in range(5, 65, 5):
        channel.last_activity = SECOND + second  # some of it was sent
        channel.server.maintenance(SECOND + second)
        assert not channel.will_close
    vars(channel).update(idle)
    for second in range(65, 80, 5):
        channel.last_activity = SECOND + second
        channel.server.maintenance(SECOND + second)
        assert channel.will_close == (second > 75)


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
