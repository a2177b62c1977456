"""A change of who signs responses while the CA key is away: told with what to do, and no long answer is lost by it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed, iso
from revocation.messages import Verb
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import World

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
DELEGATE = 'signed_by = "delegate"\nslices = 2'
ISSUER = 'signed_by = "issuer"\nslices = 2\nexpires = "200d"\nrenewal = "1d"\nlook = "95d"'
SHORT = 'signed_by = "delegate"\nslices = 2\nexpires = "1d"\nrenewal = "12h"\nlook = "1h"'


class Handover:
    """An installation whose setting changes, and whose CA key comes and goes."""

    def __init__(self, folder: Path, lines: str) -> None:
        self.estate = Estate.build(folder, public=f"[public.ocsp]\n{lines}")
        self._lines = lines
        self.world = World(self.estate)
        self.estate.register(self.world.signer, [1, 2, 3], not_after=NOW + 900 * DAY)
        self.tick()

    def set(self, lines: str) -> None:
        """Of signer and publisher alike, and both start again."""
        config = self.estate.folder / "revocast.toml"
        config.write_text(config.read_text().replace(self._lines, lines, 1))
        self._lines = lines
        self._open()

    def take_key_away(self) -> None:
        """After a ceremony; a signer that had it in memory starts again."""
        key = self.estate.folder / "ca.key"
        key.rename(key.with_suffix(".away"))
        self._open()

    def bring_key(self) -> None:
        """For a ceremony."""
        key = self.estate.folder / "ca.key"
        key.with_suffix(".away").rename(key)

    def tick(self) -> list[str]:
        """A look at the responses and a publication; what it could not make, with what to do about it."""
        report = look(self.world.signer, fixed(self.world.now), [Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN])
        self.world.publish()
        return [str(problem) for problem in report.problems]

    def _open(self) -> None:
        now = self.world.now
        self.world.close()
        self.world = World(self.estate, now)


@pytest.fixture
def from_delegate(tmp_path: Path) -> Iterator[Handover]:
    """Short responses of a delegate."""
    handover = Handover(tmp_path / "e", DELEGATE)
    yield handover
    handover.world.close()


@pytest.fixture
def from_issuer(tmp_path: Path) -> Iterator[Handover]:
    """A delegate's, and a second later long ones that the CA key signed: the delegate is left over."""
    handover = Handover(tmp_path / "e", DELEGATE)
    handover.set(ISSUER)
    handover.world.now += SECOND
    assert handover.tick() == []
    yield handover
    handover.world.close()


def test_issuer_turned_on_before_the_ceremony_says_what_ends_when_and_how_to_go_on(from_delegate: Handover) -> None:
    """Nothing renews a delegate's responses then; set back, as it says, its key serves on, and the ceremony changes."""
    handover = from_delegate
    handover.set(ISSUER)
    handover.take_key_away()
    for hours in (1, 30):
        handover.world.now = NOW + hours * HOUR
        (told,) = handover.tick()
        for words in (
            f"the first end at {iso(NOW + DAY)}",
            "set signed_by = 'delegate' back, for the publisher too, and turn 'issuer' on at the ceremony",
            f"a delegate can sign until {iso(NOW + 7 * DAY)}",
        ):
            assert words in told
    handover.set(DELEGATE)
    handover.world.now = NOW + 2 * DAY
    assert handover.tick() == []
    assert handover.world.ocsp(1).status == "GOOD"
    handover.bring_key()
    handover.set(ISSUER)
    handover.world.now += HOUR
    assert handover.tick() == []
    assert handover.world.ocsp(1).next_update == handover.world.now + 200 * DAY


def test_long_answers_stay_while_no_delegate_can_be_certified(from_issuer: Handover) -> None:
    """The one that is left over ends in days: every look says so and what to do, and no answer is lost when it ends."""
    handover = from_issuer
    handover.set(SHORT)
    handover.take_key_away()
    for days in (0, 3, 9, 100):
        handover.world.now = NOW + timedelta(days=days, hours=1)
        told = [line for line in handover.tick() if "signed_by = 'delegate'" in line]
        assert len(told) == 1
        assert "until then set signed_by = 'issuer' back" in told[0]
        assert handover.world.ocsp(1, direct=True).next_update == NOW + 200 * DAY + SECOND
    handover.bring_key()
    assert handover.tick() == []
    assert handover.world.ocsp(1).next_update == handover.world.now + DAY


def test_revocation_is_told_by_the_delegate_that_is_left_over(from_issuer: Handover) -> None:
    """Nobody else can: for this certificate alone, the long answers about others stay."""
    handover = from_issuer
    handover.set(SHORT)
    handover.take_key_away()
    handover.world.now += HOUR
    handover.world.revoke(1)
    handover.tick()
    assert handover.world.ocsp(1).status == "REVOKED"
    assert handover.world.ocsp(2, direct=True).next_update == NOW + 200 * DAY + SECOND
