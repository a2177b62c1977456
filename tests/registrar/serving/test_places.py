"""Who gives up a place when all are taken."""

from registrar.serving.places import Places


def test_address_with_most_connections_makes_room_with_its_oldest() -> None:
    """And no other; an IPv6 network of 64 bits counts as one."""
    places, ended = Places(4), list[str]()
    for number, address in enumerate(("192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:1::1")):
        places.take(address, lambda name=f"{number} {address}": ended.append(name))  # type: ignore[misc]
    assert places.take("192.0.2.9", list) is not None
    assert ended == ["1 2001:db8::1"]
    assert len(places) == 4


def test_connection_in_work_keeps_its_place() -> None:
    """Where all are in work, there is none for another."""
    places = Places(2)
    taken = [places.take("192.0.2.1", list), places.take("192.0.2.1", list)]
    for one in taken:
        assert one is not None
        one.in_work = True
    assert places.take("192.0.2.2", list) is None
    assert taken[0] is not None
    places.leave(taken[0])
    assert places.take("192.0.2.2", list) is not None
