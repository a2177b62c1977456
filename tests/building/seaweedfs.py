"""SeaweedFS, an S3 server that others wrote, with the command line of infra/compose.yaml and infra/s3/."""

import configparser
import json
import os
import random
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import yaml

from revocation import clock
from tests.authority import Authority
from tests.building.s3server import S3Place
from tests.responder.tlsproxy import issue
from tests.waiting import until

INFRA: Final = Path(__file__).parents[2] / "infra"
SERVICE: Final[dict[str, Any]] = yaml.safe_load((INFRA / "compose.yaml").read_text())["services"]["s3"]
EXCHANGE, PUBLIC = "example-exchange", "example-pki"
"""The buckets of the shipped policies."""

_PORTS: Final = tuple(f"{part}.port{grpc}" for part in ("master", "volume", "filer", "s3") for grpc in ("", ".grpc"))
_ABOVE_ALL_KNOWN: Final = range(20_000, 32_000)
"""And below the ports of connections, so that nobody gets one while the server is down."""

_SECONDS: Final = 60
_NOWHERE: Final = {"region": "us-east-1"}
ANYBODY: Final = "anonymous"
"""Who has no profile."""


def new_client(port: int, ca: Path, keys: Mapping[str, str] | None) -> Any:
    """boto3's, which waits for 4 s and asks once.

    Args:
        keys: of a profile; None for who has none.
    """
    import boto3  # late: few tests need it
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
        connect_timeout=4,
        read_timeout=4,
        signature_version=None if keys else UNSIGNED,
    )
    said = {"region_name" if name == "region" else name: value for name, value in (keys or _NOWHERE).items()}
    return boto3.session.Session().client(
        "s3", endpoint_url=f"https://127.0.0.1:{port}", verify=str(ca), config=config, **said
    )


class SeaweedFS:
    """One server, with its data, which it has again when it was killed and started anew.

    Args:
        folder: for its data, its log, its certificate and its list of identities.
        face: the address on which it is open to others.

    Attributes:
        authority, ca: who made its certificate, and the file with that one's.
        certificate: the files of its certificate and its key.
        profiles: the folder of the services' profiles, as `infra/s3/keys.sh` makes them; and of the tests' own.
    """

    def __init__(self, folder: Path, face: str = "127.0.0.1") -> None:
        self._folder, self._face, self.profiles = folder, face, folder / "profiles"
        drawn = random.sample(_ABOVE_ALL_KNOWN, len(_ABOVE_ALL_KNOWN))
        self._ports = dict(zip(_PORTS, filter(_is_free, drawn), strict=False))
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}
        self.authority = Authority("S3 CA", not_before=clock.now() - timedelta(days=1))
        self.ca = self.authority.write(folder / "ca.pem")
        self.certificate = issue(self.authority, folder, "server")
        (folder / "security.toml").write_text(self._here((INFRA / "s3/security.toml").read_text()))
        self.data.mkdir()
        subprocess.run([INFRA / "s3/keys.sh", folder / "identities.json", self.profiles], check=True)
        self.identify("admin", "Admin")

    def __enter__(self) -> Self:
        try:
            self.start()
            for bucket in (EXCHANGE, PUBLIC):
                self.client().create_bucket(Bucket=bucket)
            self.client().put_bucket_versioning(Bucket=PUBLIC, VersioningConfiguration={"Status": "Enabled"})
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for left in Path("/tmp").glob("seaweedfs-*.sock"):
            if any(f"-{port}.sock" in left.name for port in self._ports.values()):
                left.unlink()

    @property
    def port(self) -> int:
        """Of S3, over TLS."""
        return self._ports["s3.port"]

    @property
    def data(self) -> Path:
        """What is `/data` in the container."""
        return self._folder / "data"

    @property
    def ports(self) -> dict[str, int]:
        """All, by their names on the command line."""
        return dict(self._ports)

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process
        return self._process.pid

    def command(self) -> list[str]:
        """As in the container, with its paths and ports."""
        shipped = [self._here(one) for one in SERVICE["command"] if not one.startswith("-s3.port=")]
        return ["weed", *shipped, *(f"-{name}={port}" for name, port in self._ports.items())]

    def identify(self, name: str, *actions: str) -> None:
        """Have somebody more be known, from the next start."""
        file = self._folder / "identities.json"
        known = json.loads(file.read_text())
        keys = {"accessKey": name.upper(), "secretKey": f"a-secret-of-{name}"}
        known["identities"].append({"name": name, "credentials": [keys], "actions": list(actions)})
        file.write_text(json.dumps(known))
        profile = f"aws_access_key_id = {keys['accessKey']}\naws_secret_access_key = {keys['secretKey']}\n"
        (self.profiles / f"{name}.aws").write_text(f"[default]\n{profile}region = us-east-1\n")

    def shell(self, *lines: str) -> str:
        """What the server's own shell says to these."""
        master = f"127.0.0.1:{self._ports['master.port']}.{self._ports['master.port.grpc']}"
        command = ["weed", "shell", f"-master={master}"]
        return subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True).stdout

    def start(self) -> None:
        """Start it, and return when it takes and gives back objects."""
        self.launch()
        until(self._answers, _SECONDS)

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        with (self._folder / "s3.log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.data)

    def new_bucket(self) -> S3Place:
        """The public bucket, empty, to which the publisher's policy belongs: there is one for all tests."""
        if self._process and self._process.poll() is not None:
            self.start()  # a test that failed had killed it
        for bucket in (EXCHANGE, PUBLIC):
            self._empty(bucket)
        return self.place(PUBLIC)

    def place(self, name: str) -> S3Place:
        """A bucket as its administrator sees it."""
        return S3Place(self, name, self.client())

    def variables(self, user: str) -> dict[str, str]:
        """What a service finds in its environment, as infra/compose.yaml has it."""
        return {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.profiles / f"{user}.aws"),
            "AWS_CA_BUNDLE": str(self.ca),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def kill(self) -> None:
        """As a power cut would, but that what it wrote is with the kernel."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """However it is."""
        if self._process:
            self._process.kill()
            self._process.wait(30)

    def client(self, user: str = "admin") -> Any:
        """boto3's, as one of those that have a profile, or as ANYBODY."""
        if user not in self._clients:
            profile = configparser.ConfigParser()
            profile.read(self.profiles / f"{user}.aws")
            self._clients[user] = new_client(self.port, self.ca, None if user == ANYBODY else profile["default"])
        return self._clients[user]

    def _empty(self, bucket: str) -> None:
        """Of all versions."""
        for page in self.client().get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if there := [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]:
                self.client().delete_objects(Bucket=bucket, Delete={"Objects": there})

    def _answers(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        assert self._process
        assert self._process.poll() is None, (self._folder / "s3.log").read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        with suppress(BotoCoreError, ClientError):
            self.client().create_bucket(Bucket="ready")
        with suppress(BotoCoreError, ClientError):
            self.client().put_object(Bucket="ready", Key="ready", Body=b"ready")
            return bool(self.client().get_object(Bucket="ready", Key="ready")["Body"].read())
        return False

    def _here(self, text: str) -> str:
        here = {"/etc/seaweedfs": self._folder, "/data": self.data, "0.0.0.0": self._face}  # noqa: S104 - of the container
        for shipped, place in here.items():
            text = text.replace(shipped, str(place))
        return text


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
