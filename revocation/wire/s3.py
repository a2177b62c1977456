"""A connection to a bucket: list, get, put and remove, each of which is done or raises.

botocore repeats a request, in its mode `standard`, after 5xx, throttling, time-outs and broken connections, with
pauses that double and are random. Around it stands what it does not do: an answer that breaks off behind its headers is
asked for again, as is one that is none of S3 or not what was put; so is a put that met another one at the same moment
(409); and a condition that fails because an earlier try had arrived, although its answer was lost, is no conflict.

What is put carries its SHA-256, which the endpoint is to check. Not all do, so all that is put is read back, and what
is read is held against it.
"""

import base64
import functools
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Final, TypeVar

from revocation.errors import ConfigurationError
from revocation.wire.bucket import Bucket
from revocation.wire.s3_body import drained
from revocation.wire.s3_client import TRIES, new_client
from revocation.wire.s3_conditions import Condition, Conditions
from revocation.wire.s3_object import Got, Kind, Listed
from revocation.wire.s3_trouble import S3Conflict, S3TooLarge, S3Trouble, code_of, explained

_T = TypeVar("_T")
_FIRST_PAUSE: Final = 0.5
_PIECE: Final = 1 << 20
_LARGEST: Final = 5 << 30
"""Octets: what S3 takes in one request."""
_GONE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_AT_THE_SAME_TIME: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})


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
        prefix = self._bucket.prefix
        with self._asking("cannot be listed", str(self._bucket)):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=prefix + below):
                for one in page.get("Contents", ()):
                    key = one["Key"].removeprefix(prefix)
                    yield Listed(key, one["Size"], _quoted(one["ETag"]), one["LastModified"].isoformat())

    def get(self, key: str, out: BinaryIO | None, largest: int = _LARGEST) -> Got | None:
        """Read the content whole, and write it to `out` where that is wanted; None where nothing lies.

        Where it is not what was put it is read again; whether it was at last is said by what is returned.

        Raises:
            S3TooLarge: it has more than `largest` octets.
            S3Trouble: it cannot be read.
            OSError: `out` cannot be written.
        """
        with self._asking("cannot be read", self.where(key)):
            return self._tried(lambda: self._get(key, out, largest), lambda got: got is None or got.is_as_put)

    def put(self, key: str, content: BinaryIO, kind: Kind, condition: Condition, **metadata: str) -> Got:
        """Put an object, if the condition holds, and read it back.

        Raises:
            S3Conflict: the condition does not hold, and what lies there is something else.
            S3Trouble: it could not be put, or does not read back.
        """
        digest = _digest(content)
        said = {
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(digest.digest()).decode(),
            "ContentType": kind.media_type,
            "CacheControl": kind.cache_control,
            "Metadata": {"sha256": digest.hexdigest(), **metadata},
        }
        conflict = None
        try:
            self.send(key, content, **said, **self._conditions.asked(self, key, condition))
        except S3Conflict as error:
            conflict = error
        found = self.get(key, None)
        if found is not None and found.sha256 == digest.hexdigest() and found.kind == kind:
            return found
        raise conflict or S3Trouble("does not read back as it was put", where=self.where(key), advice="try again")

    def send(self, key: str, content: BinaryIO, **more: Any) -> None:
        """One request that puts, and no more.

        Raises:
            S3Conflict: a condition in `more` does not hold.
            S3Trouble: it could not be put.
        """

        def put() -> None:
            content.seek(0)
            self._client.put_object(Bucket=self._bucket.bucket, Key=self._bucket.prefix + key, Body=content, **more)

        with self._asking("cannot be put", self.where(key)):
            self._tried(put)

    def remove(self, key: str) -> None:
        """Take an object away; one that is gone already is no error.

        Raises:
            S3Trouble: it cannot be removed.
        """
        with self._asking("cannot be removed", self.where(key)):
            self._client.delete_object(Bucket=self._bucket.bucket, Key=self._bucket.prefix + key)

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
                raise _BrokenOff(S3Trouble("cannot be read: the answer is none of S3", where=self.where(key)))
            if answer["ContentLength"] > largest:
                raise S3TooLarge(largest, self.where(key), _quoted(answer["ETag"]))
            try:
                sha256 = drained(body, answer["ContentLength"], out, self.where(key), self._seconds)
            except BotoCoreError as error:
                raise _BrokenOff(error) from error
        kind = Kind(answer.get("ContentType", ""), answer.get("CacheControl", ""))
        said = answer.get("Metadata", {}).get("sha256", sha256)
        return Got(_quoted(answer["ETag"]), sha256, kind, is_as_put=said == sha256)

    def _tried(self, do: Callable[[], _T], is_right: Callable[[_T], bool] = lambda _: True) -> _T:
        """What comes of it, tried again where botocore would not, after pauses that grow and are random."""
        from botocore.exceptions import ClientError

        for tried in range(1, TRIES):
            try:
                done = do()
                if is_right(done):
                    return done
            except _BrokenOff:
                pass
            except ClientError as error:
                if code_of(error) not in _AT_THE_SAME_TIME:
                    raise
            time.sleep(secrets.SystemRandom().uniform(0, _FIRST_PAUSE * 2**tried))
        try:
            return do()
        except _BrokenOff as broken:
            raise broken.error from broken


class _BrokenOff(Exception):
    """An answer ended before it was all there, or is none of S3."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _quoted(etag: str) -> str:
    """As a header has it; some endpoints leave the quotes out of lists."""
    return f'"{etag.strip(chr(34))}"'


def _digest(content: BinaryIO) -> Any:
    """The SHA-256 of all of it."""
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest
