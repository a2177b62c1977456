"""Somebody who may do everything in both buckets of the split site, and the way on which relying parties see it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from tests.building.seaweedfs import ANYBODY, PUBLIC
from tests.e2e.clients import HTTP
from tests.e2e.servers import ATTACKER
from tests.whole.siege import Siege

Objects = dict[str, dict[str, Any]]
"""Content and headers of each object, by its key."""


@dataclass(frozen=True)
class Attacker:
    """Their hands in the buckets."""

    client: Any

    @classmethod
    def of(cls, siege: Siege) -> "Attacker":
        """Of this site's."""
        return cls(siege.site.servers.s3.client(ATTACKER))

    def everything(self, bucket: str) -> Objects:
        """What lies in a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {key: _read(self.client, bucket, key) for key in keys}

    def put_back(self, bucket: str, objects: Objects) -> None:
        """Have a bucket hold these and nothing else."""
        there = self.everything(bucket)
        for key in there.keys() - objects.keys():
            self.client.delete_object(Bucket=bucket, Key=key)
        for key, thing in objects.items():
            if there.get(key) != thing:
                self.client.put_object(Bucket=bucket, Key=key, **thing)

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put content there, with the headers of what lay there before, if anything did."""
        with suppress(ClientError):
            self.client.put_object(Bucket=bucket, Key=key, **{**_read(self.client, bucket, key), "Body": content})
            return
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def remove(self, bucket: str, key: str) -> None:
        """Delete an object."""
        self.client.delete_object(Bucket=bucket, Key=key)


@contextmanager
def front(siege: Siege) -> Iterator[str]:
    """Stands where a CDN does: objects of the public bucket, and the second edge's OCSP; its URL."""
    reader, port = siege.site.servers.s3.client(ANYBODY), siege.site.web("2")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/ocsp/"):
                return self._answer(*_passed(HTTP(port), self.path, None), "application/ocsp-response")
            try:
                found = _read(reader, PUBLIC, self.path.lstrip("/"))
            except ClientError:
                return self._answer(404, b"", "text/plain")
            return self._answer(200, found["Body"], found["ContentType"])

        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*_passed(HTTP(port), self.path, question), "application/ocsp-response")

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def _passed(edge: HTTP, path: str, question: bytes | None) -> tuple[int, bytes]:
    try:
        return edge.get(path) if question is None else edge.post(path, question)
    finally:
        edge.close()


def _read(client: Any, bucket: str, key: str) -> dict[str, Any]:
    found = client.get_object(Bucket=bucket, Key=key)
    headers = {name: found[name] for name in ("ContentType", "CacheControl", "Metadata") if name in found}
    return {**headers, "Body": found["Body"].read()}
