"""An S3 server in a process of its own: moto's, which stands for the real thing and checks no SHA-256."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from revocation.wire.bucket import Bucket
from tests.infra.running_nginx import free_port
from tests.waiting import until_listening

if TYPE_CHECKING:
    from tests.building.seaweedfs import SeaweedFS

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-prints",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""Where AWS's tools look for them: the environment."""


PAGE = 20
"""So many objects it lists at once, so that tests meet more than a page; S3 lists a thousand."""


class S3Server:
    """A running server.

    Args:
        folder: for its log.
        open_for: how many requests it answers before it looks who asks and may.
        program: what Python runs.
    """

    def __init__(
        self, folder: Path, open_for: int | None = None, program: Sequence[str] = ("-m", "moto.server")
    ) -> None:
        self._program = program
        self.port = free_port()
        self._open_for = {} if open_for is None else {"INITIAL_NO_AUTH_ACTION_COUNT": str(open_for)}
        self._folder = folder
        self._buckets = 0

    def __enter__(self) -> Self:
        command = [sys.executable, *self._program, "-H", "127.0.0.1", "-p", str(self.port)]
        self._log = (self._folder / "s3.log").open("wb")
        pages = {**os.environ, **self._open_for, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=self._folder, env=pages)
        until_listening(self.port, 60)  # it loads for seconds, on a busy machine for many
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        self._log.close()

    @property
    def endpoint(self) -> str:
        """Its URL, for every service of AWS that it stands for."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def new_bucket(self) -> "S3Place":
        """An empty bucket that no other test has."""
        import boto3  # late: few tests need it

        self._buckets += 1
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="somebody",
            aws_secret_access_key="else",
        )
        client.create_bucket(Bucket=f"bucket-{self._buckets}")
        return S3Place(self, f"bucket-{self._buckets}", client)


@dataclass(frozen=True)
class S3Place:
    """One bucket, as the configuration names it, and as somebody else sees it, who is `client`."""

    server: "S3Server | SeaweedFS"
    name: str
    client: Any

    @property
    def endpoint(self) -> str:
        """That of its server."""
        return self.server.endpoint

    def bucket(self, prefix: str = "", endpoint: str | None = None) -> Bucket:
        """In our configuration."""
        url = f"s3://{self.name}/{prefix}" if prefix else f"s3://{self.name}"
        return Bucket(url=url, endpoint=endpoint or self.endpoint)

    def listed(self, prefix: str = "") -> list[str]:
        """What lies in it."""
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]

    def read(self, key: str) -> bytes:
        """The content of an object."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def write(self, key: str, content: bytes, **more: str) -> None:
        """Put an object, as nobody of ours does."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content, **more)

    def remove(self, key: str) -> None:
        """Delete an object."""
        self.client.delete_object(Bucket=self.name, Key=key)

    def head(self, key: str) -> dict[str, Any]:
        """What S3 says of an object."""
        said: dict[str, Any] = self.client.head_object(Bucket=self.name, Key=key)
        return said
