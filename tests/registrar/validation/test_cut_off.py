"""A resolver of our own whose answers are cut off, by TCP as well as by UDP."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import dns.flags
import dns.message
import pytest

from registrar.problem import ProblemType
from registrar.validation.caa import require_caa
from registrar.validation.failure import MayPass
from tests.registrar.validation.world import challenge, network


def cut_off(wire: bytes) -> bytes:
    """An answer with nothing in it but that there is more."""
    response = dns.message.make_response(dns.message.from_wire(wire))
    response.flags |= dns.flags.TC | dns.flags.RA
    return response.to_wire()


class OverTCP(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        said = cut_off(self.rfile.read(int.from_bytes(self.rfile.read(2), "big")))
        self.wfile.write(len(said).to_bytes(2, "big") + said)


class OverUDP(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(cut_off(self.rfile.read()))


@pytest.fixture
def place() -> Iterator[str]:
    """Where it is."""
    with ExitStack() as held:
        tcp = held.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), OverTCP))
        udp = held.enter_context(socketserver.ThreadingUDPServer(tcp.server_address, OverUDP))
        for server in (tcp, udp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            held.callback(server.shutdown)
        yield f"127.0.0.1:{tcp.server_address[1]}"


def test_caa_that_is_cut_off_on_own_server_may_pass_later(place: str) -> None:
    """It is no leave to issue."""
    with pytest.raises(MayPass, match="cut off") as raised:
        require_caa(challenge("http-01", "www.test"), network(place))
    assert raised.value.type is ProblemType.CAA
