"""One GET, to an address that reads like a host with a port."""

import socket
from ipaddress import ip_address

import pytest

from registrar.validation import fetch as fetching
from registrar.validation.connecting import Host
from registrar.validation.deadline import Deadline
from registrar.validation.place import Place
from tests.registrar.validation.web import Web, answer


@pytest.mark.parametrize("address", ["fd00::ab", "fd00::a1:beef", "fd00::1"])
def test_address_whose_last_group_has_letters_is_asked(address: str) -> None:
    """RFC 8738: over a connection that a stand-in on loopback takes in its place."""
    place = Place("http", Host(address, ip_address(address)), 80, 80, "/proof")
    with Web() as web, socket.create_connection(("127.0.0.1", web.port)) as connection:
        web.says["/proof"] = answer(b"here")
        channel = fetching._Channel(connection, Deadline(5))
        assert fetching._exchange(place, channel)[2] == b"here"
    assert f"Host: [{address}]\r\n" in web.asked[0]
