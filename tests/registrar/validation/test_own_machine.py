"""No connection to the machine that validates, by whichever of its addresses."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from registrar.problem import Problem
from registrar.validation.config import Networks
from registrar.validation.connecting import require_elsewhere


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.1"])
@pytest.mark.parametrize("networks", ["allow", "refuse", (ip_network("10.0.0.0/8"),)])
def test_own_address_is_left_before_anything_is_sent(source: str, networks: Networks) -> None:
    """Reached from that address or from another one of this machine."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        opened = socket.create_connection(server.getsockname(), source_address=(source, 0))
        with pytest.raises(Problem, match=r"127\.0\.0\.2 is an address of the machine itself"):
            require_elsewhere(opened, ip_address("127.0.0.2"), networks)
        assert opened.fileno() == -1
        there, _ = server.accept()
        with there:
            assert there.recv(1) == b""


def test_own_address_in_a_network_that_is_named_is_connected_to() -> None:
    """As where a home's CA certifies what runs beside it."""
    with socket.create_server(("127.0.0.2", 0)) as server, socket.create_connection(server.getsockname()) as opened:
        require_elsewhere(opened, ip_address("127.0.0.2"), (ip_network("127.0.0.0/8"),))
        assert opened.fileno() > 0
