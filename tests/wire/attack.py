"""Writing a job by hand, as somebody with full write access to the queue server can."""

import json
import zlib
from typing import Any

import redis


def packed(*call: Any) -> bytes:
    """The data of a job: function name, instance, arguments, keyword arguments."""
    return zlib.compress(json.dumps(call).encode())


def plant(
    client: redis.Redis, job_id: str, data: bytes | None = None, /, queue: str = "signer", **fields: str | bytes
) -> None:
    """Write a job's hash and push its id; without `data` a proper job that notes its own id."""
    raw = packed("note", None, [job_id], {}) if data is None else data
    client.hset(f"rq:job:{job_id}", mapping={"data": raw, "origin": queue, "status": "queued", **fields})
    client.rpush(f"rq:queue:{queue}", job_id)
