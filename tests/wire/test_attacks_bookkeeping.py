"""What RQ keeps in Redis beside the jobs is no lever either: commands, suspension, dependents, repeats, wrong types."""

import json
import time
from pathlib import Path

import pytest
import redis

from tests.waiting import until
from tests.wire.attack import packed, plant
from tests.wire.server import Server
from tests.wire.worker import Worker


@pytest.mark.parametrize("job_id", ["a b", "a:b", "..", "\x00", "x" * 10_000, b"\xff\xfe", "", "rq:job:x"], ids=repr)
def test_poisoned_id_is_dropped(worker: Worker, attacker: redis.Redis, job_id: str | bytes) -> None:
    """An id that RQ would not take ends its worker; ours goes on to the next."""
    attacker.rpush("rq:queue:signer", job_id)
    assert worker.still_works(attacker)


def test_ids_of_no_job_are_dropped_in_heaps(worker: Worker, attacker: redis.Redis) -> None:
    """Twenty thousand that somebody made up, of every kind, are not taken one by one; the jobs among them are done."""
    attacker.set("rq:job:odd", "x")
    plant(attacker, "held", packed("slow", None, ["held"], {}))
    for number in range(20):
        attacker.rpush("rq:queue:signer", *[f"x{number}-{j}" for j in range(997)], b"\xff", "odd", "a b")
        plant(attacker, f"among-{number}")
    before = attacker.info("commandstats")["cmdstat_blpop"]["calls"]
    assert worker.still_works(attacker)
    assert attacker.info("commandstats")["cmdstat_blpop"]["calls"] - before < 200
    assert [line for line in worker.lines() if "among" in line] == [f"among-{number}" for number in range(20)]


def test_poisoned_intermediate_list_is_not_read(worker: Worker, attacker: redis.Redis) -> None:
    """RQ's list of jobs in flight, with ids of the attacker's, is not looked at."""
    plant(attacker, "stuck", packed("fail", None, ["stuck"], {}))
    attacker.rpush("rq:queue:signer:intermediate", b"\xff", "a b", "stuck")
    assert worker.still_works(attacker)


@pytest.mark.parametrize("type_", ["string", "list", "zset"])
def test_job_that_is_no_hash_is_dropped(worker: Worker, attacker: redis.Redis, type_: str) -> None:
    """A key of another type under a job's name is an error of Redis, and no reason to stop."""
    attacker.delete("rq:job:odd")
    {
        "string": lambda: attacker.set("rq:job:odd", "x"),
        "list": lambda: attacker.rpush("rq:job:odd", "x"),
        "zset": lambda: attacker.zadd("rq:job:odd", {"x": 1}),
    }[type_]()
    attacker.rpush("rq:queue:signer", "odd")
    assert worker.still_works(attacker)


def test_commands_of_the_channel_are_not_heeded(worker: Worker, attacker: redis.Redis) -> None:
    """RQ's workers obey shutdown, kill-horse and stop-job from a channel; ours does not listen to it."""
    plant(attacker, "held", packed("slow", None, ["held"], {}))
    assert worker.did("begin held")
    (key,) = attacker.smembers("rq:workers")
    channel = "rq:pubsub:" + key.decode().removeprefix("rq:worker:")
    for command in ({"command": "shutdown"}, {"command": "kill-horse"}, {"command": "stop-job", "job_id": "held"}):
        assert attacker.publish(channel, json.dumps(command)) == 0
    assert worker.did("end held")
    assert worker.still_works(attacker)


def test_suspension_is_not_heeded(own_server: Server, tmp_path: Path) -> None:
    """One key suspends every worker of RQ, without an end; RQ looks for it before it takes a job."""
    attacker = own_server.client()
    attacker.set("rq:suspended", 1)
    with Worker(own_server.url, tmp_path / "diary") as worker:
        worker.until_ready()
        assert worker.still_works(attacker)
        assert worker.still_works(attacker)
    assert attacker.exists("rq:suspended")


def test_job_runs_once_whatever_its_hash_says(worker: Worker, attacker: redis.Redis) -> None:
    """Repeats, retries, a rate limit and an origin that names another queue change nothing."""
    fields = {
        "repeats_left": "5",
        "repeat_intervals": "[0]",
        "retries_left": "5",
        "rate_limit_key": "x",
        "rate_limit_concurrency": "1",
        "origin": "publisher",
        "group_id": "g",
    }
    plant(attacker, "repeated", None, **fields)
    plant(attacker, "retried", packed("fail", None, ["retried"], {}), **fields)
    assert worker.still_works(attacker)
    assert worker.lines().count("repeated") == 1
    assert attacker.llen("rq:queue:signer") == attacker.llen("rq:queue:publisher") == 0
    assert not attacker.exists("rq:job:repeated")


def test_dependents_are_not_enqueued(worker: Worker, attacker: redis.Redis) -> None:
    """A job that waits for another is nothing that we make, so nothing is moved for it."""
    data = packed("note", None, ["dependent"], {})
    attacker.hset("rq:job:child", mapping={"data": data, "origin": "signer", "status": "deferred"})
    attacker.sadd("rq:job:parent:dependents", "child", b"\xff", "a b")
    plant(attacker, "parent")
    assert worker.did("parent")
    assert worker.still_works(attacker)
    assert "dependent" not in worker.lines()


@pytest.mark.parametrize("key", ["rq:queue:signer", "rq:failed:signer", "rq:workers", "rq:workers:signer"])
def test_key_of_a_wrong_type_heals(worker: Worker, attacker: redis.Redis, key: str) -> None:
    """A string where a list or set belongs makes every command on it fail; the worker removes it and goes on."""
    attacker.set(key, "x")
    plant_fails = key == "rq:queue:signer"
    deadline = time.monotonic() + 60
    while plant_fails and attacker.type(key) == b"string":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert worker.still_works(attacker)


def test_job_that_was_taken_is_done_though_the_courtesies_fail(own_server: Server, own_worker: Worker) -> None:
    """What RQ notes of the worker beside the queue cannot be written: the job at hand is done all the same."""
    attacker = own_server.client()
    for name in ("first", "second"):
        for key in attacker.smembers("rq:workers"):
            attacker.set(key, "x")
        plant(attacker, name)
        assert own_worker.did(name), own_worker.log.read_text()
    assert "listening again" not in own_worker.log.read_text()


@pytest.mark.long
def test_pause_after_disorder_does_not_grow_for_a_worker_that_listened(own_server: Server, own_worker: Worker) -> None:
    """Each time it comes back to its queue, the next disorder costs it no longer than the first did."""
    attacker = own_server.client()
    for time_ in range(1, 4):
        attacker.set("rq:queue:signer", "x")
        until(lambda time_=time_: own_worker.log.read_text().count("listening again in 0.5 s") == time_)
        until(lambda: not attacker.exists("rq:queue:signer"))
    assert own_worker.still_works(attacker)


def test_failed_job_is_kept_for_a_day_and_no_longer(worker: Worker, attacker: redis.Redis) -> None:
    """An operator can look at what failed, whatever time to live the job asked for."""
    plant(attacker, "broken", packed("fail", None, ["broken"], {}), failure_ttl="-1", ttl="-1")
    assert worker.still_works(attacker)
    assert 0 < attacker.ttl("rq:job:broken") <= 86400
    assert attacker.zscore("rq:failed:signer", "broken")


def test_log_shows_what_a_job_names_cut_and_without_control_characters(worker: Worker, attacker: redis.Redis) -> None:
    """Somebody reads the log on a terminal."""
    plant(attacker, "loud", packed("\x1b[2J" + "A" * 5000, None, ["x"], {}))
    assert worker.still_works(attacker)
    log = worker.log.read_text()
    assert "\x1b" not in log
    assert "A" * 200 not in log


def test_worker_starts_whatever_stands_in_the_list_of_workers(own_server: Server, tmp_path: Path) -> None:
    """Several services may write that list, and nothing depends on it."""
    attacker = own_server.client()
    for key in ("rq:workers", "rq:workers:signer"):
        attacker.hset(key, "x", "y")
    with Worker(own_server.url, tmp_path / "diary") as worker:
        worker.until_ready()
        assert worker.still_works(attacker)
