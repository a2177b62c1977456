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
from contextlib import closing
from typing import Any, BinaryIO, Final, TypeVar

from revocation.errors import ConfigurationError
from revocation.wire.bucket import Bucket
from revocation.wire.s3_conditions import Condition, Conditions
from revocation.wire.s3_object import Got, Kind, Listed
from revocation.wire.s3_trouble import S3Conflict, S3Trouble, code_of, explained

_T = TypeVar("_T")
_CONNECT_SECONDS: Final = 3
_ANSWER_SECONDS: Final = 10
_TRIES: Final = 3
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
    try:
        import boto3  # late: only where a bucket is configured
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "the client of S3 is not installed", where=str(bucket), advice="pip install 'revocast[s3]'"
        ) from error
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        s3={"addressing_style": "path" if bucket.path_style else "auto"},
        request_checksum_calculation="when_required",  # others than AWS refuse what it adds by default
        response_checksum_validation="when_required",
        tcp_keepalive=True,
    )
    verify = {"verify": str(bucket.tls_ca)} if bucket.tls_ca else {}
    try:
        client = boto3.session.Session().client(
            "s3", endpoint_url=bucket.endpoint, region_name=bucket.region, config=config, **verify
        )
    except (BotoCoreError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"the client of S3 cannot be set up ({type(error).__name__})",
            where=str(bucket),
            advice="see to `endpoint` and `region`, and to AWS_… in the environment",
        ) from error
    return S3(bucket, client)


class S3:
    """The objects of a bucket below a prefix; every key is one below it."""

    def __init__(self, bucket: Bucket, client: Any) -> None:
        self._bucket = bucket
        self._client = client
        self._conditions = Conditions()

    def __str__(self) -> str:
        return str(self._bucket)

    def list(self, below: str = "") -> Iterator[Listed]:
        """The objects whose keys begin so, sorted by key.

        Raises:
            S3Trouble: they cannot be listed.
        """
        prefix = self._bucket.prefix
        with explained("cannot be listed", str(self._bucket)):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=prefix + below):
                for one in page.get("Contents", ()):
                    key = one["Key"].removeprefix(prefix)
                    yield Listed(key, one["Size"], _quoted(one["ETag"]), one["LastModified"].isoformat())

    def get(self, key: str, out: BinaryIO | None, largest: int = _LARGEST) -> Got | None:
        """Read the content whole, and write it to `out` where that is wanted; None where nothing lies.

        Where it is not what was put it is read again; whether it was at last is said by what is returned.

        Raises:
            S3Trouble: it cannot be read, or is larger than `largest` octets.
            OSError: `out` cannot be written.
        """
        with explained("cannot be read", self.where(key)):
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

        with explained("cannot be put", self.where(key)):
            self._tried(put)

    def remove(self, key: str) -> None:
        """Take an object away; one that is gone already is no error.

        Raises:
            S3Trouble: it cannot be removed.
        """
        with explained("cannot be removed", self.where(key)):
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
                raise S3Trouble(f"is larger than {largest} octets", where=self.where(key))
            try:
                sha256 = _drained(body, out)
            except BotoCoreError as error:
                raise _BrokenOff(error) from error
        kind = Kind(answer.get("ContentType", ""), answer.get("CacheControl", ""))
        said = answer.get("Metadata", {}).get("sha256", sha256)
        return Got(_quoted(answer["ETag"]), sha256, kind, is_as_put=said == sha256)

    def _tried(self, do: Callable[[], _T], is_right: Callable[[_T], bool] = lambda _: True) -> _T:
        """What comes of it, tried again where botocore would not, after pauses that grow and are random."""
        from botocore.exceptions import ClientError

        for tried in range(1, _TRIES):
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


def _drained(body: Any, out: BinaryIO | None) -> str:
    """The SHA-256 of an answer's body, which is written to `out` from its beginning on."""
    digest = hashlib.sha256()
    if out is not None:
        out.seek(0)
        out.truncate()
    for piece in body.iter_chunks(_PIECE):
        digest.update(piece)
        if out is not None:
            out.write(piece)
    return digest.hexdigest()
