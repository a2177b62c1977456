"""Work that is done side by side, when something of it takes long."""

from threading import Event

from revocation.abreast import abreast


def test_who_waits_for_a_result_is_called_meanwhile() -> None:
    """Also for the last one, and it comes in its place."""
    called = Event()
    results = abreast(lambda item: item if item != 1 else called.wait(20), range(3), waiting=called.set)
    assert list(results) == [0, True, 2]
