"""Clocks of the two machines that are days apart: what is noticed, and how an operator goes on."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Discard, Verb
from signer.ceremony import collecting
from signer.ceremony.accept import accept
from signer.ceremony.sign import earlier, prepare
from signer.handle import handle
from tests.authority import NOW
from tests.signer.ceremony.pair import DAY, Pair
from tests.signer.reading import crl_serials

HOUR = timedelta(hours=1)


def test_ceremony_by_a_clock_that_is_days_ahead_is_refused_on_its_way_back(pair: Pair, tmp_path: Path) -> None:
    """Nothing of it would be published for days, and the command had ended as if it were."""
    request = pair.request()
    pair.hold(request, NOW + 6 * DAY)
    folder = pair.written(request, tmp_path / "ahead")
    with pytest.raises(Refused, match=r"begins at .*: nothing of what it revokes would be published for 143h"):
        accept(pair.signer, folder, NOW + HOUR)
    assert pair.signer.exchange.list() == []
    done = accept(pair.signer, folder, NOW + HOUR, ahead=True)
    assert ", from " in done.crls[0]


def test_what_an_offline_clock_that_ran_ahead_signed_is_discarded_and_signed_again(pair: Pair, tmp_path: Path) -> None:
    """The revocation is published on the same day, and not when the wrong clock's time has come."""
    pair.revoke(1, NOW)
    pair.hold(pair.request(), NOW + 6 * DAY)
    again = pair.request(NOW + HOUR)
    there = pair.there()
    with pytest.raises(Refused, match="and the last ceremony was at") as refused:
        prepare(there, again, fixed(NOW + 2 * HOUR))
    assert "`revocast discard`" in refused.value.advice
    body = Discard(issuer="test", why="the clock ran ahead")
    handle(there, pair.online.ask(Verb.DISCARD, body, NOW + 2 * HOUR), fixed(NOW + 2 * HOUR))
    assert crl_serials(pair.hold(again, NOW + 2 * HOUR)) == [1]
    accept(pair.signer, pair.written(again, tmp_path / "again"), NOW + 3 * HOUR)


def test_online_clock_that_ran_ahead_at_one_request_holds_up_no_other(pair: Pair, tmp_path: Path) -> None:
    """What follows on the last ceremony is newer than its request, whatever the clock said at that one."""
    ahead = pair.request(NOW + 6 * DAY)
    pair.hold(ahead, NOW)
    pair.revoke(1, NOW + HOUR)
    with pytest.raises(Refused, match="the last ceremony was that of a request of") as refused:
        earlier(pair.there(), pair.request(NOW + HOUR))
    assert "first `revocast ceremony accept`" in refused.value.advice
    accept(pair.signer, pair.written(ahead, tmp_path / "first"), NOW + HOUR)
    second = pair.request(NOW + 2 * HOUR)
    assert earlier(pair.there(), second) is None
    assert crl_serials(pair.hold(second, NOW + 2 * HOUR)) == [1]
    accept(pair.signer, pair.written(second, tmp_path / "second"), NOW + 3 * HOUR)


def test_nothing_is_recorded_between_the_time_of_a_request_and_its_messages(pair: Pair) -> None:
    """It would be of after the request was made, and the offline machine refuse the whole of it."""

    def clock() -> datetime:
        other = sqlite3.connect(pair.online.folder / "signer/ledger.sqlite", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        return NOW

    assert collecting.collect(pair.signer, clock, everything=False, copied=False)[0].made_at == NOW
