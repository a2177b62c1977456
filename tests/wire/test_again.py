"""Jobs that fail: tried again after pauses that double, in nobody's way, and visible until they are done."""

from itertools import pairwise
from typing import Any

import pytest
from rq.serializers import JSONSerializer

from revocation.wire.again import Again
from revocation.wire.job import safe_job_class
from revocation.wire.notes import of_job
from revocation.wire.queue import Wire
from revocation.wire.safequeue import SafeQueue
from revocation.wire.worker import SafeWorker
from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.server import Server
from tests.wire.worker import Worker

NAMES = [of_job("signer", task) for task in ("flaky", "fail", "wrong")]


def test_job_that_fails_blocks_none_behind_it_and_is_done_when_it_can_be(
    own_server: Server, own_worker: Worker
) -> None:
    """Meanwhile an operator sees why it failed and when it is tried again; afterwards nothing of it is left."""
    client, journal = own_server.client(), Wire(own_server.url).journal
    plant(client, "ledger", packed("flaky", None, ["ledger"], {}))
    plant(client, "behind")
    assert own_worker.did("behind")
    assert own_worker.lines() == ["try ledger", "behind"]
    (failure,) = journal.read(NAMES).failures.values()
    assert failure.error == "task failed on ledger"
    assert failure.again_at is not None
    assert failure.again_at > failure.at
    assert client.zscore("rq:failed:signer", "ledger")
    until(lambda: own_worker.still_works(client) and own_worker.lines().count("try ledger") == 3)
    until(lambda: client.zscore("rq:failed:signer", "ledger") is None)
    until(lambda: not journal.read(NAMES).failures)
    assert own_worker.still_works(client)
    assert own_worker.lines().count("try ledger") == 3


def test_job_outlives_a_server_that_is_killed_and_comes_back_empty(own_server: Server, own_worker: Worker) -> None:
    """What was taken out of the queue is nowhere else: it waits in the worker, which begins to listen anew."""
    client = own_server.client()
    plant(client, "ledger", packed("flaky", None, ["ledger"], {}))
    assert own_worker.did("try ledger")
    own_server.kill()
    own_server.start()
    until(lambda: own_worker.still_works(own_server.client()) and own_worker.lines().count("try ledger") == 3)


def test_failure_is_forgotten_though_the_worker_had_to_listen_anew(own_server: Server, own_worker: Worker) -> None:
    """Disorder in the queue between a failure and its success leaves no note that nothing would end."""
    client, journal = own_server.client(), Wire(own_server.url).journal
    plant(client, "ledger", packed("flaky", None, ["ledger"], {}))
    assert own_worker.did("try ledger")
    until(lambda: journal.read(NAMES).failures)
    client.set("rq:queue:signer", "x")
    until(lambda: client.type("rq:queue:signer") != b"string")
    until(lambda: own_worker.still_works(client) and own_worker.lines().count("try ledger") == 3)
    until(lambda: not journal.read(NAMES).failures)


def test_job_that_is_wrong_in_itself_is_not_tried_again(own_server: Server, own_worker: Worker) -> None:
    """It would be wrong again; it is kept for a day, with its reason."""
    client = own_server.client()
    plant(client, "nonsense", packed("wrong", None, ["nonsense"], {}))
    assert own_worker.still_works(client)
    (failure,) = Wire(own_server.url).journal.read(NAMES).failures.values()
    assert (failure.error, failure.again_at) == ("nonsense: is wrong in itself", None)
    assert client.zscore("rq:failed:signer", "nonsense")
    assert "it is not tried again" in own_worker.log.read_text()


def test_worker_that_stops_says_what_it_leaves_undone(own_server: Server, own_worker: Worker) -> None:
    """It goes at once; who asked has no answer and asks again."""
    client = own_server.client()
    plant(client, "broken", packed("fail", None, ["broken"], {}))
    assert own_worker.still_works(client)
    assert own_worker.stop() == 0
    assert "broken failed and is not tried again: task failed on broken" in own_worker.log.read_text()
    (failure,) = Wire(own_server.url).journal.read(NAMES).failures.values()
    assert failure.again_at is None


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def queue(own_server: Server) -> SafeQueue:
    """A queue, for jobs to belong to."""
    job_class = safe_job_class({"note": print}, "signer")
    return SafeQueue("signer", connection=own_server.client(), job_class=job_class, serializer=JSONSerializer)


def test_tries_that_take_long_let_what_is_new_come_between(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a ledger hangs, a new job waits for one of those that failed, and not for all of them."""
    monkeypatch.setattr("revocation.wire.worker._TRYING_SECONDS", 0)
    tried: list[str] = []
    job_class = safe_job_class({"note": lambda text: tried.append(text) or 1 / 0}, "signer")
    client, clock = own_server.client(), Clock()
    queue = SafeQueue("signer", connection=client, job_class=job_class, serializer=JSONSerializer)
    again = Again(clock)
    for job in _jobs(queue, "one", "two", "three"):
        again.put(job, queue, 1, "hangs")
    kinds: dict[str, Any] = {"job_class": job_class, "queue_class": SafeQueue, "serializer": JSONSerializer}
    worker = SafeWorker([queue], connection=client, ready=lambda: None, again=again, **kinds)
    clock.now = 1
    for done in (["one"], ["one", "two"], ["one", "two", "three"], ["one", "two", "three"]):
        worker.run_maintenance_tasks()
        assert tried == done


def test_pauses_double_up_to_a_minute_and_end_within_the_life_of_a_message(queue: SafeQueue) -> None:
    """A database that is away is not stormed, and a message that has expired by then is not kept for it."""
    clock = Clock()
    again, (job,) = Again(clock), _jobs(queue, "x")
    begins, tries = [0.0], 1
    while (pause := again.put(job, queue, tries, "away")) is not None:
        clock.now += pause - 0.01
        assert list(again.due()) == []
        clock.now += 0.01
        (retry,) = again.due()
        begins.append(clock.now)
        tries = retry.tries + 1
    pauses = [after - before for before, after in pairwise(begins)]
    assert pauses[:7] == pytest.approx([1, 2, 4, 8, 16, 32, 60])
    assert pauses[7:] == pytest.approx([60] * len(pauses[7:]))
    assert 300 < sum(pauses) < 600


def test_more_than_a_bound_does_not_wait(queue: SafeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who fills the queue while the ledger is away does not fill the worker's memory."""
    monkeypatch.setattr("revocation.wire.again._HEAVIEST", 20)
    again = Again(Clock())
    jobs = _jobs(queue, *["x" * 10] * 3)
    assert [again.put(job, queue, 1, "away") for job in jobs] == [1.0, 1.0, None]
    assert len(list(again.rest())) == 2
    assert again.put(jobs[0], queue, 1, "away") == 1.0


def _jobs(queue: SafeQueue, *texts: str) -> list[object]:
    for number, text in enumerate(texts):
        plant(queue.connection, f"job-{number}", packed("note", None, [text], {}))
    return queue.more(len(texts))
