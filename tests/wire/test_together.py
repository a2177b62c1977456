"""Jobs that are done many at once: few calls for a burst, and what one of them breaks is none of the others' harm."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from rq.serializers import JSONSerializer

from revocation.wire.again import Again
from revocation.wire.job import safe_job_class
from revocation.wire.safequeue import SafeQueue
from revocation.wire.worker import SafeWorker
from tests.wire.attack import packed, plant
from tests.wire.server import Server


class Desk:
    """A worker of one queue, which works off what waits and stops, and remembers what its tasks were given."""

    def __init__(
        self, client: redis.Redis, *, breaks_on: str | None = None, then: Callable[[], object] = lambda: None
    ) -> None:
        self.together: list[list[str]] = []
        self.alone: list[str] = []
        self._then = then
        self._breaks_on = breaks_on
        job_class = safe_job_class({"note": self._note}, "signer")
        queue = SafeQueue(
            "signer", connection=client, job_class=job_class, serializer=JSONSerializer, together=self._notes
        )
        more: dict[str, Any] = {"job_class": job_class, "queue_class": SafeQueue, "serializer": JSONSerializer}
        self.queue = queue
        self._worker = SafeWorker([queue], connection=client, ready=lambda: None, again=Again(), **more)

    def work(self) -> None:
        """Do what waits, as the worker's loop does."""
        while self.queue.connection.llen(self.queue.key):
            found = SafeQueue.dequeue_any([self.queue], 1, self.queue.connection)
            if found is not None:
                self._worker.execute_job(*found)

    def _notes(self, texts: Sequence[str]) -> None:
        if self._breaks_on in texts:
            raise RuntimeError("cannot be done at once")
        self.together.append(list(texts))
        self._then()

    def _note(self, text: str) -> None:
        if text == self._breaks_on:
            raise RuntimeError("cannot be done")
        self.alone.append(text)
        self._then()


@pytest.fixture
def client(tmp_path: Path) -> Any:
    """A Valkey of its own."""
    with Server(tmp_path) as server, server.client() as connection:
        yield connection


def test_jobs_that_wait_are_done_together_in_their_order(client: redis.Redis) -> None:
    """Fifty at a time; nothing is left of them."""
    texts = [f"{number}" for number in range(125)]
    for text in texts:
        plant(client, text)
    desk = Desk(client)
    desk.work()
    assert [text for many in desk.together for text in many] + desk.alone == texts
    assert [len(many) for many in desk.together] == [50, 50, 25]
    assert client.keys("rq:job:*") == []


def test_job_that_breaks_what_is_done_at_once_is_the_only_one_that_fails(client: redis.Redis) -> None:
    """The others are done one by one, and it is kept with its reason."""
    for text in ("a", "bad", "b"):
        plant(client, text)
    desk = Desk(client, breaks_on="bad")
    desk.work()
    assert (desk.together, desk.alone) == ([], ["a", "b"])
    assert client.zcard("rq:failed:signer") == 1


def test_what_is_no_job_between_jobs_is_dropped(client: redis.Redis) -> None:
    """An id of none, an id that is no text, a task that is not ours: those around them are done."""
    plant(client, "a")
    client.rpush("rq:queue:signer", "nobody", b"\xff" * 1000)
    plant(client, "b")
    plant(client, "c", packed("os.system", None, ["true"], {}))
    plant(client, "d")
    desk = Desk(client)
    desk.work()
    assert sorted([text for many in desk.together for text in many] + desk.alone) == ["a", "b", "d"]
    assert client.keys("rq:job:*") == []
    assert client.zcard("rq:failed:signer") == 0


def test_message_that_is_sent_again_at_its_reply_is_done_again(client: redis.Redis) -> None:
    """The reply is there before the worker has put the job away, which must not put the second one away with it."""
    again = ["alone again", "again"]
    plant(client, "a")
    plant(client, "b")
    desk = Desk(client, then=lambda: again and plant(client, "a", packed("note", None, [again.pop()], {})))
    desk.work()
    assert (desk.together, desk.alone) == ([["a", "b"]], ["again", "alone again"])
    assert client.keys("rq:job:*") == []


def test_two_workers_share_a_burst_and_do_nothing_twice(client: redis.Redis) -> None:
    """Who took a job out has it, also when both looked at the same ids."""
    texts = [f"{number}" for number in range(400)]
    for text in texts:
        plant(client, text)
    taken: list[list[str]] = [[], []]

    def take(mine: list[str]) -> None:
        while found := desk.queue.more(7):
            mine += [job.id for job in found]
        mine += [job.id for job in desk.queue.more(400)]

    desk = Desk(client)
    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted([*taken[0], *taken[1]]) == sorted(texts)
