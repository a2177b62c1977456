"""The port is found out before anything is started."""

import socket

import pytest

from jobs.port import PortInUse, usable_port


def test_port_in_use_is_refused_with_its_number() -> None:
    """The message says which, and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port}: is in use"):
            usable_port("127.0.0.1", port)
        assert usable_port("127.0.0.1", 0) not in (0, port)


def test_address_of_another_machine_is_refused() -> None:
    """It is no port in use, and is not called one."""
    with pytest.raises(PortInUse, match="cannot be listened on"):
        usable_port("192.0.2.1", 8889)


@pytest.mark.parametrize("host", ["nonsense..host", "no such host", "192.0.2.1"])
def test_host_that_is_none_of_this_machine_is_refused_with_what_to_name(host: str) -> None:
    """Another port would not help."""
    with pytest.raises(PortInUse, match="cannot be listened on") as caught:
        usable_port(host, 8889)
    assert "--host 127.0.0.1" in (caught.value.advice or "")
