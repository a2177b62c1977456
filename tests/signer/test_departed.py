"""Why entries left CRLs, told in bundles: all of it, in the exchange before any CRL needs it, for as long as said."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from revocation import departed as text
from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.bundle.manifest import part_of
from revocation.clock import fixed
from revocation.departed import Chunk, Departed, Why
from revocation.messages import Excuse, Outcome, Release, Verb
from revocation.wire.exchange import FolderExchange
from signer import departed
from signer.handle import handle
from signer.ledger import departures, pages
from signer.ledger.groups import EVERYTHING
from signer.ledger.schema import departures as table
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """Serials 1 to 9 are on hold and on a CRL; 10 is revoked for good."""
    signer = estate.signer()
    estate.register(signer, range(1, 11))
    for serial in range(1, 10):
        handle(signer, estate.revoke(serial, "certificateHold"), fixed(NOW))
    handle(signer, estate.revoke(10), fixed(NOW))
    look(signer, fixed(NOW))
    return signer


def release(estate: Estate, signer: Signer, now: datetime, *serials: int) -> None:
    """Release these from hold."""
    for serial in serials:
        body = Release(issuer="test", serial=f"{serial:02X}")
        assert handle(signer, estate.ask(Verb.RELEASE, body, now), fixed(now)).outcome is Outcome.DONE


def names(signer: Signer, kind: Kind = Kind.DEPARTED) -> list[str]:
    """The bundles of a kind that lie in the exchange."""
    return [stored.name for stored in signer.exchange.list() if part_of(stored.name).kind is kind]


def told(signer: Signer) -> dict[Chunk, list[Departed]]:
    """What is told in each chunk."""
    return dict(_told(signer))


def _told(signer: Signer) -> Iterator[tuple[Chunk, list[Departed]]]:
    for name in names(signer):
        with signer.exchange.open(name) as source:
            reader = BundleReader(name, source)
            (content,) = (data for _, data in reader.artifacts())
            yield Chunk.parse(reader.manifest.part.label), list(text.read(content))


def serials(signer: Signer) -> dict[str, list[int]]:
    """The serials in each chunk, by its label."""
    return {str(chunk): [int(one.serial.hex(), 16) for one in lines] for chunk, lines in told(signer).items()}


def test_what_left_is_told_by_days_in_chunks_of_bounded_size(
    estate: Estate, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk that is not full is written anew with what came since; a full one stays as it is."""
    monkeypatch.setattr(departed, "LINES", 3)
    release(estate, signer, NOW + SECOND, 1, 2)
    look(signer, fixed(NOW + SECOND))
    assert serials(signer) == {"20260301.0": [1, 2]}
    release(estate, signer, NOW + 2 * SECOND, 3, 4, 5)
    look(signer, fixed(NOW + 2 * SECOND))
    assert serials(signer) == {"20260301.0": [1, 2, 3], "20260301.1": [4, 5]}
    before = names(signer)
    release(estate, signer, NOW + DAY, 6)
    look(signer, fixed(NOW + DAY))
    assert serials(signer) == {"20260301.0": [1, 2, 3], "20260301.1": [4, 5], "20260302.0": [6]}
    assert names(signer)[:2] == before
    look(signer, fixed(NOW + DAY + HOUR))
    assert len(names(signer)) == 3, "nothing left, nothing written"


def test_what_left_lies_in_the_exchange_before_the_crl_that_lacks_it(
    estate: Estate, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher looks at any moment."""
    put: list[Kind] = []
    putting = FolderExchange.put

    def noting(exchange: FolderExchange, name: str, write: object) -> int:
        put.append(part_of(name).kind)
        return putting(exchange, name, write)  # type: ignore[arg-type]

    monkeypatch.setattr(FolderExchange, "put", noting)
    release(estate, signer, NOW + SECOND, 1)
    look(signer, fixed(NOW + SECOND))
    assert put[:2] == [Kind.DEPARTED, Kind.CRL]


def test_what_left_is_told_after_the_disk_was_full(
    estate: Estate, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No CRL is put that nobody could explain; all of it comes at the next look."""
    putting = FolderExchange.put

    def full(exchange: FolderExchange, name: str, write: object) -> int:
        if part_of(name).kind is Kind.DEPARTED:
            raise OSError(28, "No space left on device")
        return putting(exchange, name, write)  # type: ignore[arg-type]

    crls = names(signer, Kind.CRL)
    with monkeypatch.context() as patch:
        patch.setattr(FolderExchange, "put", full)
        release(estate, signer, NOW + SECOND, 1)
        report = look(signer, fixed(NOW + SECOND))
        assert any("crl all could not be stored" in str(problem) for problem in report.problems)
        report = look(signer, fixed(NOW + 2 * SECOND))
        assert any("why entries left CRLs could not be stored" in str(problem) for problem in report.problems)
    assert (names(signer), names(signer, Kind.CRL)) == ([], crls)
    look(signer, fixed(NOW + 3 * SECOND))
    assert serials(signer) == {"20260301.0": [1]}
    assert names(signer, Kind.CRL) > crls


def test_chunk_that_is_gone_is_told_again(estate: Estate, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However old it is, and it alone."""
    monkeypatch.setattr(departed, "LINES", 2)
    release(estate, signer, NOW + SECOND, 1, 2, 3)
    look(signer, fixed(NOW + SECOND))
    release(estate, signer, NOW + 300 * DAY, 4)
    look(signer, fixed(NOW + 300 * DAY))
    whole, lying = told(signer), names(signer)
    signer.exchange.remove(lying[0])
    look(signer, fixed(NOW + 300 * DAY + SECOND))
    assert told(signer) == whole
    assert names(signer)[:-1] == lying[1:]


def test_it_is_told_for_400_days_and_then_forgotten(estate: Estate, signer: Signer) -> None:
    """By the exchange and by the ledger; only until when expired entries were swept stays known."""
    estate.register(signer, [11, 12], NOW, not_after=NOW + HOUR)
    for serial in (11, 12):
        handle(signer, estate.revoke(serial), fixed(NOW))
    release(estate, signer, NOW + SECOND, 1)
    look(signer, fixed(NOW + SECOND))
    issuer = next(iter(signer.public.profiles.values())).issuer
    with signer.ledger.write() as connection:
        pages.sweep(connection, issuer, EVERYTHING, NOW + 2 * HOUR, 10**6, NOW + 2 * HOUR)
        swept = departures.swept_until(connection, issuer)
    look(signer, fixed(NOW + 399 * DAY))
    assert len(next(iter(told(signer).values()))) == 3
    look(signer, fixed(NOW + 401 * DAY))
    look(signer, fixed(NOW + 402 * DAY))
    assert told(signer) == {}
    with signer.ledger.read() as connection:
        assert set(connection.execute(select(table.c.why)).scalars()) == {str(Why.EXPIRED)}
        assert departures.swept_until(connection, issuer) == swept


def test_what_an_operator_excuses_is_told_as_long(estate: Estate, signer: Signer) -> None:
    """It makes the CRLs due, and stands beside what left otherwise."""
    body = Excuse(issuer="test", serials=("0B",), why="burnt")
    assert handle(signer, estate.ask(Verb.EXCUSE, body, NOW + SECOND), fixed(NOW + SECOND)).outcome is Outcome.DONE
    look(signer, fixed(NOW + SECOND))
    assert told(signer) == {Chunk(NOW.date(), 0): [Departed(b"\x0b", Why.EXCUSED)]}


def test_what_stands_on_crls_is_not_excused_and_what_was_swept_is(estate: Estate, signer: Signer) -> None:
    """A revoked certificate that has expired long ago is on no CRL any more."""
    issuer = next(iter(signer.public.profiles.values())).issuer
    estate.register(signer, [11], NOW, not_after=NOW + HOUR)
    handle(signer, estate.revoke(11), fixed(NOW))
    asked = [estate.ask(Verb.EXCUSE, Excuse(issuer="test", serials=("0B",), why="x"), NOW) for _ in range(3)]
    assert handle(signer, asked[0], fixed(NOW)).outcome is Outcome.REFUSED, "no CRL has it yet"
    look(signer, fixed(NOW + SECOND))
    assert handle(signer, asked[1], fixed(NOW)).outcome is Outcome.REFUSED
    with signer.ledger.write() as connection:
        pages.sweep(connection, issuer, EVERYTHING, NOW + 2 * HOUR, 10**6, NOW + 2 * HOUR)
    assert handle(signer, asked[2], fixed(NOW)).outcome is Outcome.DONE


def test_chunk_has_a_label_that_reads_back() -> None:
    """And nothing else is one."""
    assert Chunk.parse("20261125.3") == Chunk(date(2026, 11, 25), 3)
    assert str(Chunk.parse("20261125.30")) == "20261125.30"
    for wrong in ("20261125", "20261325.0", "20261125.03", "all", "20261125.100000", "2026-11-25.1"):
        with pytest.raises(ValueError, match=r"names no day|month must be"):
            Chunk.parse(wrong)
