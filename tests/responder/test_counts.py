"""Counting: exact with several threads, and alike on the hot path and beside it at every age."""

import sys
import threading
from datetime import timedelta

import pytest

from responder.app import create_app
from responder.counts import AGE_SUM, SLOTS, Method, Served, Sheet, Sheets, alone, count_look
from responder.lmdbsource import LMDBSource
from revocation.certid import CertIDHash
from tests.authority import NOW
from tests.responder.asking import path, request
from tests.responder.conftest import Clock
from tests.responder.filling import GOOD, Filling

_EACH = 50_000


@pytest.fixture
def _often() -> object:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_often")
def test_threads_of_a_process_lose_no_count() -> None:
    """Four threads on one sheet, as under waitress, without a lock."""
    sheets = Sheets(2)
    sheet = sheets.sheet(1)

    def count() -> None:
        for _ in range(_EACH):
            count_look(sheet, 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    totals = sheets.totals()
    assert totals[SLOTS["latency", 0]] == totals[SLOTS["latency"]] == 4 * _EACH


def ages(sheet: Sheet, method: Method) -> list[int]:
    """What was handed out by that method, by age."""
    return [sheet[SLOTS[Served(method, CertIDHash.SHA256, place)]] for place in range(10)]


def test_age_is_counted_alike_by_post_and_get(source: LMDBSource, filling: Filling, clock: Clock) -> None:
    """At every bound of the buckets and a second after it, and a minute before thisUpdate, which counts as no age."""
    sheet = alone()
    client = create_app(source, now=clock, sheet=sheet).test_client()
    asked = request(filling.cert_id(GOOD))
    hours = [-1 / 60, 0, 1, 1 + 1 / 3600, 3, 3.1, 6, 6.1, 12, 12.1, 18, 18.1, 23.9]
    for hour in hours:
        clock.time = NOW + timedelta(hours=hour)
        for _ in range(2):
            client.post("/ocsp/", data=asked)
            client.get(f"/ocsp/{path(asked)}")
    assert ages(sheet, Method.POST) == ages(sheet, Method.GET) == [6, 4, 4, 4, 4, 4, 0, 0, 0, 0]
    assert sheet[AGE_SUM] == 4 * sum(round(hour * 3600) for hour in hours[1:])
