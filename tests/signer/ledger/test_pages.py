"""Pages of CRL entries: whatever happens to certificates, they hold what the facts say now, and note what left."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from revocation import serials
from revocation.config import IssuerProfile
from revocation.crlbytes import serial_of
from revocation.departed import Why
from revocation.status import Reason, Revocation
from signer.ledger import departures, facts, pages
from signer.ledger.facts import Origin
from signer.ledger.groups import EVERYTHING, Selection
from signer.ledger.schema import crl_pages
from signer.signer import Signer
from tests.authority import NOW
from tests.building.departures import left
from tests.estate import Estate

ORIGIN = Origin("operator", "0" * 32, NOW)
HOUR = timedelta(hours=1)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """A signer with an empty ledger."""
    return estate.signer()


def profile_of(signer: Signer) -> IssuerProfile:
    return next(iter(signer.public.profiles.values()))


def listed(connection: Connection, signer: Signer, selection: Selection = EVERYTHING) -> list[int]:
    """The serials in the pages, and each of them readable from its entry."""
    found = []
    for piece in pages.entries(connection, profile_of(signer).issuer, selection):
        view = piece
        while view:
            size = 2 + view[1]
            found.append(serials.to_int(serial_of(view[:size])))
            view = view[size:]
    return sorted(found)


def departed(
    connection: Connection, signer: Signer, after: int = 0, selection: Selection = EVERYTHING
) -> dict[int, Why]:
    """What left a selection since the departure with that id, and why at last."""
    found = left(connection, profile_of(signer).issuer, selection, after)
    return {serials.to_int(one.serial): one.why for one in found}


class History:
    """Certificates to which things happen, and what a list of the revoked ones has to say."""

    def __init__(self, connection: Connection, signer: Signer, seed: int) -> None:
        self.connection = connection
        self.issuer = profile_of(signer).issuer
        self.chance = random.Random(seed)
        self.revoked: dict[int, Reason] = {}
        self.known: list[int] = []
        facts.ensure_issuer(connection, self.issuer)

    def step(self) -> None:
        """Register, revoke, hold, release, or raise a reason."""
        if self.chance.random() < 0.4 or not self.known:
            number = self.chance.getrandbits(100)
            facts.register(
                self.connection, self.issuer, serials.from_int(number), not_after=NOW + HOUR, is_ca=False, der=None
            )
            self.known.append(number)
        number = self.chance.choice(self.known)
        serial = serials.from_int(number)
        if self.revoked.get(number) is Reason.certificateHold and self.chance.random() < 0.5:
            facts.release(self.connection, self.issuer, serial, ORIGIN)
            del self.revoked[number]
            return
        reason = self.chance.choice([Reason.certificateHold, Reason.keyCompromise, Reason.superseded])
        facts.revoke(self.connection, self.issuer, serial, Revocation(NOW, reason), ORIGIN)
        self.revoked[number] = reason


@pytest.mark.parametrize(
    ("place", "seed"),
    [
        ("sqlite", 0),
        *(pytest.param("sqlite", seed, marks=pytest.mark.long) for seed in range(1, 6)),
        *(pytest.param("postgresql", seed, marks=[pytest.mark.long, pytest.mark.judge("initdb")]) for seed in range(2)),
    ],
    indirect=["place"],
)
def test_pages_list_what_is_revoked_whenever_they_are_brought_up(
    signer: Signer, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds, releases, raised reasons and second revocations in any order; a departure for all that left."""
    monkeypatch.setattr(pages, "PAGE", 32)
    with signer.ledger.write() as connection:
        history = History(connection, signer, seed)
    for _ in range(40):
        with signer.ledger.write() as history.connection:
            live_through_a_round(history, signer)
    with signer.ledger.read() as connection:
        count, size = pages.measure(connection, history.issuer, EVERYTHING)
        assert count == len(history.revoked) > 10 * 32
        assert size == sum(map(len, pages.entries(connection, history.issuer, EVERYTHING)))


def live_through_a_round(history: History, signer: Signer) -> None:
    """Many things happen; then the pages are brought up to them, and have to say the same for each selection."""
    connection = history.connection
    before, known = dict(history.revoked), departures.newest(connection, history.issuer)
    for _ in range(history.chance.randrange(1, 150)):
        history.step()
    pages.settle(connection, history.issuer, NOW)
    for reasons in ((), (Reason.certificateHold,), (Reason.keyCompromise, Reason.superseded)):
        selection = Selection(reasons=frozenset(map(int, reasons)))
        was, is_ = (
            {number for number, reason in state.items() if not reasons or reason in reasons}
            for state in (before, history.revoked)
        )
        assert listed(connection, signer, selection) == sorted(is_)
        gone = departed(connection, signer, known, selection)
        assert was - is_ <= gone.keys(), "whoever compares is told why each serial is gone"
        assert {gone[number] for number in was - history.revoked.keys()} <= {Why.RELEASED}


def test_lost_pages_are_made_again(signer: Signer) -> None:
    """They follow from the facts, so nothing depends on them."""
    with signer.ledger.write() as connection:
        history = History(connection, signer, 1)
        for _ in range(200):
            history.step()
        pages.settle(connection, history.issuer, NOW)
        pages.forget(connection, history.issuer)
        assert listed(connection, signer) == []
        pages.settle(connection, history.issuer, NOW)
        assert listed(connection, signer) == sorted(history.revoked)


def test_sweep_takes_out_what_expired_and_was_covered_and_notes_it(signer: Signer) -> None:
    """Not what has not expired, not what no CRL has had, not what never expires."""
    issuer = profile_of(signer).issuer
    with signer.ledger.write() as connection:
        facts.ensure_issuer(connection, issuer)
        for number, not_after in ((1, NOW - 9 * HOUR), (2, NOW + HOUR), (3, None), (4, NOW - 9 * HOUR)):
            serial = serials.from_int(number)
            facts.register(connection, issuer, serial, not_after=not_after, is_ca=False, der=None)
            origin = Origin("operator", "0" * 32, NOW - 8 * HOUR)
            revision = facts.revoke(connection, issuer, serial, Revocation(NOW - 10 * HOUR), origin)
        pages.settle(connection, issuer, NOW)
        pages.sweep(connection, issuer, EVERYTHING, NOW - 8 * HOUR, revision, NOW)
        assert listed(connection, signer) == [1, 2, 3, 4], "recorded at that very moment: not before it"
        pages.sweep(connection, issuer, EVERYTHING, NOW, revision - 1, NOW)
        assert listed(connection, signer) == [2, 3, 4]
        pages.sweep(connection, issuer, EVERYTHING, NOW, revision, NOW)
        assert listed(connection, signer) == [2, 3]
        assert departed(connection, signer) == {1: Why.EXPIRED, 4: Why.EXPIRED}


def test_page_that_lost_its_last_entry_is_gone(signer: Signer) -> None:
    """No empty rows pile up over the years."""
    issuer = profile_of(signer).issuer
    with signer.ledger.write() as connection:
        facts.ensure_issuer(connection, issuer)
        facts.register(connection, issuer, b"\x07", not_after=NOW + HOUR, is_ca=True, der=None)
        facts.revoke(connection, issuer, b"\x07", Revocation(NOW, Reason.certificateHold), ORIGIN)
        pages.settle(connection, issuer, NOW)
        assert listed(connection, signer, Selection(is_ca=True)) == [7]
        assert listed(connection, signer, Selection(is_ca=False)) == []
        facts.release(connection, issuer, b"\x07", ORIGIN)
        pages.settle(connection, issuer, NOW)
        assert connection.execute(select(crl_pages)).all() == []
