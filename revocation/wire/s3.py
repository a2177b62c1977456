"""A connection to a bucket: list, get, put and remove, each of which is done or raises.

botocore repeats a request, in its mode `standard`, after 5xx, throttling, time-outs and broken connections, with
pauses that double and are random. Around it stands what it does not do: an answer that breaks off behind its headers is
asked for again, as is one that is none of S3 or not what was put; so is a put that met another one at the same moment
(409); and a condition that fails because an earlier try had arrived, although its answer was lost, is no conflict.

What is put carries its SHA-256, which the endpoint is to check. Not all do, so all that is put is read back, and what
is read is held against it.
"""

import base64
import builtins
import functools
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Final

from revocation.errors import ConfigurationError
from revocation.wire.bucket import Bucket
from revocation.wire.s3_again import BrokenOff, tried
from revocation.wire.s3_body import drained
from revocation.wire.s3_client import new_client
from revocation.wire.s3_conditions import Condition, Conditions
from revocation.wire.s3_object import Got, Kind, Listed
from revocation.wire.s3_trouble import S3Conflict, S3TooLarge, S3Trouble, code_of, explained

_PIECE: Final = 1 << 20
_LARGEST: Final = 5 << 30
"""Octets: what S3 takes in one request."""
_GONE: Final = frozenset({"NoSuchKey", "404", "NotFound"})


@functools.cache
def connect(bucket: Bucket) -> "S3":
    """The connection of this process to a bucket; nothing is asked yet.

    Raises:
        ConfigurationError: boto3 is not installed, or cannot be set up as its environment and files say.
    """
    return S3(bucket, functools.partial(new_client, bucket))


class S3:
    """The objects of a bucket below a prefix; every key is one below it.

    Args:
        client: makes botocore's client. It is made again, with the credentials of then, after they were refused.
        seconds: a clock that only rises, for how long an answer takes.
    """

    def __init__(
        self, bucket: Bucket, client: Callable[[], Any], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._new_client = client
        self._client = client()
        self._is_refused = False
        self._seconds = seconds
        self._conditions = Conditions()

    def __str__(self) -> str:
        return str(self._bucket)

    def list(self, below: str = "") -> Iterator[Listed]:
        """The objects whose keys begin so, sorted by key.

        Raises:
            S3Trouble: they cannot be listed.
        """
        with self._asking("cannot be listed", str(self._bucket)):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=self._bucket.prefix + below):
                yield from self._listed_in(page)

    def get(self, key: str, out: BinaryIO | None, largest: int = _LARGEST) -> Got | None:
        """Read the content whole, and write it to `out` where that is wanted; None where nothing lies.

        Where it is not what was put it is read again; whether it was at last is said by what is returned.

        Raises:
            S3TooLarge: it has more than `largest` octets.
            S3Trouble: it cannot be read.
            OSError: `out` cannot be written.
        """
        with self._asking("cannot be read", self.where(key)):
            return tried(lambda: self._get(key, out, largest), lambda got: got is None or got.is_as_put)

    def page(self, below: str, after: str = "") -> tuple[builtins.list[Listed], bool]:
        """Some objects whose keys begin with `below` and follow on `after`, and whether they are the last ones.

        Raises:
            S3Trouble: they cannot be listed.
        """
        prefix = self._bucket.prefix
        start = {"StartAfter": prefix + after} if after else {}
        with self._asking("cannot be listed", str(self._bucket)):
            page = self._client.list_objects_v2(Bucket=self._bucket.bucket, Prefix=prefix + below, **start)
            return self._listed_in(page), not page.get("IsTruncated", False)

    def put(self, key: str, content: BinaryIO, kind: Kind, condition: Condition, **metadata: str) -> Got:
        """Put an object, if the condition holds, and read it back.

        Raises:
            S3Conflict: the condition does not hold, and what lies there is something else.
            S3Trouble: it could not be put, or does not read back.
        """
        digest = _digest(content)
        conflict = None
        try:
            self._send_if(key, content, kind, condition, digest, metadata)
        except S3Conflict as error:
            conflict = error
        return self._read_back(key, kind, digest, conflict)

    def put_small(
        self, key: str, data: bytes, kind: Kind, condition: Condition, metadata: dict[str, str], **more: Any
    ) -> str:
        """Put an object of which there are many; it is read back only where the answer does not prove what lies there.

        An entity tag that is the MD5 of the content, which it is wherever S3 encrypts with no key of KMS, is such a
        proof: who took something else would have another.

        Args:
            more: further headers, as botocore calls them.

        Returns:
            Its entity tag.

        Raises:
            S3Conflict: the condition does not hold, and what lies there is something else.
            S3Trouble: it could not be put, or does not read back.
        """
        content, digest, conflict = io.BytesIO(data), hashlib.sha256(data), None
        try:
            answer = self._send_if(key, content, kind, condition, digest, metadata, **more)
            if (etag := _quoted(answer.get("ETag", ""))) == md5_tag(data):
                return etag
        except S3Conflict as error:
            conflict = error
        return self._read_back(key, kind, digest, conflict).etag

    def _send_if(
        self,
        key: str,
        content: BinaryIO,
        kind: Kind,
        condition: Condition,
        digest: Any,
        metadata: dict[str, str],
        **more: Any,
    ) -> dict[str, Any]:
        said = {
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(digest.digest()).decode(),
            "ContentType": kind.media_type,
            "CacheControl": kind.cache_control,
            "Metadata": {"sha256": digest.hexdigest(), **metadata},
        }
        return self.send(key, content, **said, **more, **self._conditions.asked(self, key, condition))

    def _read_back(self, key: str, kind: Kind, digest: Any, conflict: S3Conflict | None) -> Got:
        found = self.get(key, None)
        if found is not None and found.sha256 == digest.hexdigest() and found.kind == kind:
            return found
        raise conflict or S3Trouble("does not read back as it was put", where=self.where(key), advice="try again")

    def send(self, key: str, content: BinaryIO, **more: Any) -> dict[str, Any]:
        """One request that puts, and no more; what was answered.

        Raises:
            S3Conflict: a condition in `more` does not hold.
            S3Trouble: it could not be put.
        """

        def put() -> dict[str, Any]:
            content.seek(0)
            answer: dict[str, Any] = self._client.put_object(
                Bucket=self._bucket.bucket, Key=self._bucket.prefix + key, Body=content, **more
            )
            return answer

        with self._asking("cannot be put", self.where(key)):
            return tried(put)

    def remove(self, key: str) -> None:
        """Take an object away; one that is gone already is no error.

        Raises:
            S3Trouble: it cannot be removed.
        """
        with self._asking("cannot be removed", self.where(key)):
            self._client.delete_object(Bucket=self._bucket.bucket, Key=self._bucket.prefix + key)

    def keeps_versions(self) -> bool | None:
        """Whether what is replaced or removed can be brought back; None where the endpoint does not say."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            said = self._client.get_bucket_versioning(Bucket=self._bucket.bucket)
        except (BotoCoreError, ClientError):
            return None
        return bool(said.get("Status") == "Enabled")

    def probe(self, key: str) -> None:
        """Find out, once in a process, whether the endpoint heeds conditions; see `Conditions`."""
        self._conditions.probe(self, key)

    def believe(self, other: "S3") -> None:
        """Of conditions what another bucket of the endpoint heeds, or will be found to heed."""
        self._conditions = other._conditions

    def where(self, key: str) -> str:
        """An object, for messages."""
        return f"{self._bucket.url}/{key}"

    @contextmanager
    def _asking(self, action: str, where: str) -> Iterator[None]:
        """Told in our words; a client whose credentials were refused before is another one now, as these may be.

        Raises:
            S3Trouble: it did not go well.
        """
        try:
            if self._is_refused:
                self._client, self._is_refused = self._new_client(), False
            with explained(action, where):
                yield
        except ConfigurationError as error:
            raise S3Trouble(f"{action}: {error.what}", where=where, advice=error.advice) from error
        except S3Trouble as trouble:
            self._is_refused = trouble.is_refused
            raise

    def _listed_in(self, page: dict[str, Any]) -> builtins.list[Listed]:
        prefix = self._bucket.prefix
        return [
            Listed(one["Key"].removeprefix(prefix), one["Size"], _quoted(one["ETag"]), one["LastModified"].isoformat())
            for one in page.get("Contents", ())
        ]

    def _get(self, key: str, out: BinaryIO | None, largest: int) -> Got | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket.bucket, Key=self._bucket.prefix + key)
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
        with closing(answer["Body"]) as body:
            if not answer.get("ETag") or "ContentLength" not in answer:  # such as a page that a proxy answers with
                raise BrokenOff(S3Trouble("cannot be read: the answer is none of S3", where=self.where(key)))
            if answer["ContentLength"] > largest:
                raise S3TooLarge(largest, self.where(key), _quoted(answer["ETag"]))
            try:
                sha256 = drained(body, answer["ContentLength"], out, self.where(key), self._seconds)
            except BotoCoreError as error:
                raise BrokenOff(error) from error
        kind = Kind(answer.get("ContentType", ""), answer.get("CacheControl", ""))
        said = answer.get("Metadata", {}).get("sha256", sha256)
        return Got(_quoted(answer["ETag"]), sha256, kind, is_as_put=said == sha256)


def _quoted(etag: str) -> str:
    """As a header has it; some endpoints leave the quotes out of lists."""
    return f'"{etag.strip(chr(34))}"'


def md5_tag(data: bytes) -> str:
    """The entity tag of an object with that content, where S3 makes it from that alone."""
    return _quoted(hashlib.md5(data, usedforsecurity=False).hexdigest())


def _digest(content: BinaryIO) -> Any:
    """The SHA-256 of all of it."""
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest
