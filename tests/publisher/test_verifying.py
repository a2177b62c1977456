"""Signatures that are verified in processes of their own: as strictly as here, and also when these are killed."""

import os
import signal
from collections.abc import Iterator

import pytest

from publisher import incoming
from publisher.gate import Checks
from publisher.verifying import Verifying
from revocation.errors import GateError
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both, response
from tests.building.place import Place

FIRST = b"\x02\x02\x41\x14"
"""The serial 0x4114, and another."""
SECOND = b"\x02\x02\x41\x74"


@pytest.fixture
def verifying() -> Iterator[Verifying]:
    """Processes that run until the test ends."""
    with Verifying() as running:
        running.start()
        yield running


def test_each_response_passes_as_it_does_without_processes(
    place: Place, ca: CA, responder: Responder, verifying: Verifying
) -> None:
    """Whatever their lengths, signed by two keys."""
    other = ca.responder()
    data = [response(ca, (responder, other)[n % 2], 0x4105 << (n % 3) * 8 | n) for n in range(60)]
    assert Checks(place.profile, NOW, verifying)(data) == Checks(place.profile, NOW, Verifying())(data)


def test_wrong_signature_among_many_is_refused(
    place: Place, ca: CA, responder: Responder, verifying: Verifying
) -> None:
    """Wherever it stands: the octets of one signature under another serial."""
    data = [response(ca, responder, 0x4100 + n) for n in range(40)]
    forged = data[20].replace(FIRST, SECOND)
    assert forged != data[20]
    checks = Checks(place.profile, NOW, verifying)
    checks(data)
    for place_ in (0, 17, 39):
        with pytest.raises(GateError, match="signature is not that of the key"):
            checks([*data[:place_], forged, *data[place_:]])


def test_killed_process_lets_nothing_pass_and_holds_nothing_up(
    place: Place, ca: CA, responder: Responder, verifying: Verifying, caplog: pytest.LogCaptureFixture
) -> None:
    """Its part is verified by the publisher itself, and the log says so."""
    data = [response(ca, responder, 0x4100 + n) for n in range(200)]
    forged = data[20].replace(FIRST, SECOND)
    checks = Checks(place.profile, NOW, verifying)
    for pid in verifying.pids:
        os.kill(pid, signal.SIGKILL)
    for _ in range(2 * len(verifying.pids)):
        assert sorted(one.der for some in checks(data) for one in some) == sorted(data)
    with pytest.raises(GateError, match="signature is not that of the key"):
        checks([*data, forged])
    assert "a process ended: verifying takes longer without it" in caplog.text


def test_hung_process_lets_nothing_pass_and_holds_nothing_up(place: Place, ca: CA, responder: Responder) -> None:
    """It is killed after a while, and its part is verified by the publisher itself."""
    data = [response(ca, responder, 0x4100 + n) for n in range(200)]
    with Verifying(patience=0.1) as verifying:
        verifying.start()
        for pid in verifying.pids:
            os.kill(pid, signal.SIGSTOP)
        checks = Checks(place.profile, NOW, verifying)
        assert sorted(one.der for some in checks(data) for one in some) == sorted(data)
        with pytest.raises(GateError, match="signature is not that of the key"):
            checks([*data, data[20].replace(FIRST, SECOND)])


def test_large_bundle_is_verified_in_processes_that_end_with_the_publication(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are started for a bundle that is worth it, and none is left afterwards."""
    started: list[int] = []
    start = Verifying.start

    def noted(verifying: Verifying) -> None:
        start(verifying)
        started.extend(verifying.pids)

    monkeypatch.setattr(Verifying, "start", noted)
    data = [one for serial in range(1, 30) for one in both(ca, responder, serial)]
    put_slice(place.exchange, ca, 1, data, slice_=1)
    place.publish()
    assert started == []
    monkeypatch.setattr(incoming, "WORTH", 20_000)
    put_slice(place.exchange, ca, 2, data, slice_=2)
    _, responses = place.publish()
    assert [row.count for row in responses.slices] == [58, 58]
    assert started
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
