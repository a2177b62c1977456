"""A queue that jobs are put into, and that needs no more than itself and the job.

RQ keeps a list of all queues besides, under one key: whoever may send anything could put a string there, and nobody
would send any more, not even a revocation. Nothing of ours reads that list.
"""

from typing import Any

from rq import Queue
from rq.job import Job


class SendingQueue(Queue):
    """A queue that RQ does not list."""

    def enqueue_job(self, job: Job, pipeline: Any = None, at_front: bool = False, unique: bool = False) -> Job:
        """Put it into the queue, and do no more."""
        job.origin = self.name
        return self._enqueue_job(job, pipeline=pipeline, at_front=at_front, unique=unique)
