"""A burst of revocations through the real queue, signer and publisher, and when each of them is acknowledged and seen.

The workers are processes, the queue is a Valkey, and what counts as published is what lies in the directory target.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from revocation import clock, crlbytes, serials
from revocation.artifacts import Kind
from revocation.messages import Message, Outcome, Reply
from revocation.paths import crl_path
from revocation.wire.job import SafeJob
from revocation.wire.queue import SIGNER_QUEUE
from signer.finding import find_due
from signer.ledger.schema import issued
from tests.estate import Estate
from tests.waiting import until
from tests.wire.server import Server

REVOCAST: Final = [sys.executable, "-P", "-m", "revocation"]
_AT_ONCE: Final = 500
_PAUSE: Final = 0.005


@dataclass
class Burst:
    """What was seen of a burst.

    Attributes:
        sent_in: seconds that the sending took.
        acknowledged: when each serial's reply was there, seconds since the sending began.
        published: when a CRL in the target listed it.
        crls: how many CRLs were signed meanwhile.
        refused: replies that are not `done`.
    """

    sent_in: float = 0.0
    acknowledged: dict[int, float] = field(default_factory=dict)
    published: dict[int, float] = field(default_factory=dict)
    crls: int = 0
    refused: list[Reply] = field(default_factory=list)

    @property
    def latencies(self) -> list[float]:
        """Seconds from the acknowledgement of each to the CRL that lists it, sorted."""
        return sorted(self.published[serial] - at for serial, at in self.acknowledged.items())


class Workers:
    """An installation whose signer and publisher work, with certificates that can be revoked."""

    def __init__(self, folder: Path, server: Server, count: int) -> None:
        self.server = server
        queue = f'queue = "{server.url}"'
        self.estate = Estate.build(folder, signer=queue)
        config = folder / "revocast.toml"
        config.write_text(config.read_text().replace("[publisher]\n", f"[publisher]\n{queue}\n"))
        self._signer = signer = self.estate.signer()
        self.serials = range(1 << 64, (1 << 64) + count)
        self.estate.register(signer, self.serials, clock.now())
        (profile,) = signer.public.profiles.values()
        self.crl = folder / "public/www" / crl_path(profile.issuer.id, "all")

    def all_is_signed(self) -> bool:
        """Whether nothing is due: what a burst meets is a signer at rest."""
        return not list(find_due(self._signer, clock.now()))

    def listed(self) -> set[int]:
        """The serials on the CRL that is published."""
        data = self.crl.read_bytes()
        return {serials.to_int(crlbytes.serial_of(entry)) for entry in crlbytes.entries(data)}

    def signed_crls(self) -> int:
        """How many CRLs the signer has signed."""
        with self._signer.ledger.read() as connection:
            query = select(func.count()).select_from(issued).where(issued.c.kind == str(Kind.CRL))
            return int(connection.execute(query).scalar_one())

    def burst(self, numbers: Sequence[int], seconds: float) -> Burst:
        """Revoke these, all at once, and watch until every one is acknowledged and published."""
        messages = {number: self.estate.revoke(number, now=clock.now()) for number in numbers}
        return _Watch(self, messages).run(seconds)


@contextmanager
def workers(folder: Path, count: int) -> Iterator[Workers]:
    """Both workers, with everything published, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder))
        started = Workers(folder / "estate", server, count)
        for service in ("signer", "publisher"):
            stack.enter_context(worker(started.estate.folder, service))
        until(lambda: started.crl.exists() and started.all_is_signed(), 300)
        yield started


@contextmanager
def worker(folder: Path, service: str) -> Iterator[None]:
    """`revocast worker signer` or `publisher`, until the block ends."""
    command = [*REVOCAST, "worker", service, "--config", str(folder / "revocast.toml")]
    with (
        (folder / f"{service}.log").open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", (folder / f"{service}.log").read_text()
            yield
        finally:
            process.terminate()


class _Watch:
    def __init__(self, workers: Workers, messages: dict[int, Message]) -> None:
        self._workers = workers
        self._redis = workers.server.client()
        self._messages = messages
        self._unanswered = list(messages)
        self._unlisted = set(messages)
        self._seen: tuple[int, int] | None = None
        self.burst = Burst()

    def run(self, seconds: float) -> Burst:
        before = self._workers.signed_crls()
        began = time.monotonic()
        _send(self._redis, list(self._messages.values()))
        self.burst.sent_in = time.monotonic() - began
        while self._unanswered or self._unlisted:
            at = time.monotonic() - began
            assert at < seconds, f"{len(self._unanswered)} not answered, {len(self._unlisted)} not published"
            self._look_at_replies(at)
            self._look_at_crl(at)
            time.sleep(_PAUSE)
        self.burst.crls = self._workers.signed_crls() - before
        return self.burst

    def _look_at_replies(self, at: float) -> None:
        """In the order in which they were sent, since they are handled in that order."""
        for start in range(0, len(self._unanswered), _AT_ONCE):
            asked = self._unanswered[start : start + _AT_ONCE]
            found = self._redis.mget([f"reply:{self._messages[number].id}" for number in asked])
            for number, raw in zip(asked, found, strict=True):
                if raw is not None:
                    self.burst.acknowledged[number] = at
                    reply = Reply.model_validate_json(raw)
                    if reply.outcome is not Outcome.DONE:
                        self.burst.refused.append(reply)
            if None in found:
                break
        self._unanswered = [number for number in self._unanswered if number not in self.burst.acknowledged]

    def _look_at_crl(self, at: float) -> None:
        status = self._workers.crl.stat()
        if (version := (status.st_ino, status.st_mtime_ns)) == self._seen:
            return
        self._seen = version
        listed = self._workers.listed() & self._unlisted
        self.burst.published |= dict.fromkeys(listed, at)
        self._unlisted -= listed


def _send(connection: redis.Redis, messages: Sequence[Message]) -> None:
    """As `Wire.send` does, many in one round trip: ten thousand requesters at once."""
    queue = Queue(SIGNER_QUEUE, connection=connection, job_class=SafeJob, serializer=JSONSerializer)
    for start in range(0, len(messages), _AT_ONCE):
        with connection.pipeline() as pipeline:
            queue.enqueue_many(
                [
                    Queue.prepare_data(
                        str(message.verb), args=(message.model_dump_json(),), job_id=message.id, ttl=3600, result_ttl=0
                    )
                    for message in messages[start : start + _AT_ONCE]
                ],
                pipeline=pipeline,
            )
            pipeline.execute()
