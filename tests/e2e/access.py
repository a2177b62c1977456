"""What the S3 server lets each service do: users with the policies of docs/s3.md, which moto enforces once told to."""

import configparser
import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.building.s3server import S3Server

EXCHANGE: Final = "example-exchange"
PUBLIC: Final = "example-pki"
_REGION: Final = "us-east-1"
_ANYBODY: Final = ("anybody", "anything")
"""Who may do everything until it is looked."""

_ALL: Final = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")

_MAY: Final[dict[str, Sequence[tuple[str, Sequence[str]]]]] = {
    "signer": [(EXCHANGE, _ALL)],
    "publisher": [(EXCHANGE, ("s3:GetObject",)), (PUBLIC, _ALL)],
}
"""Beside listing these buckets; the public one belongs to one publisher, and nobody may delete its versions."""


def client(port: int, *keys: str) -> Any:
    """Of S3, as somebody who has these two credentials, or any; it waits for 4 s and asks once."""
    return _client("s3", port, *(keys or _ANYBODY))


def client_of(port: int, credentials: Path) -> Any:
    """The same as the user of that file."""
    profile = configparser.ConfigParser()
    profile.read(credentials)
    keys = profile["default"]
    return client(port, keys["aws_access_key_id"], keys["aws_secret_access_key"])


def prepare(server: S3Server, folder: Path) -> dict[str, Path]:
    """Make buckets and users, and have nobody else be let in from then on; each user's file of credentials."""
    s3, iam = client(server.port), _client("iam", server.port, *_ANYBODY)
    for bucket in (EXCHANGE, PUBLIC):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=PUBLIC, VersioningConfiguration={"Status": "Enabled"})
    files = {user: _user(iam, user, may, folder) for user, may in _MAY.items()}
    files["reader"] = _user(iam, "reader", [(PUBLIC, ("s3:GetObject",))], folder, lists=False)
    files["attacker"] = _user(iam, "attacker", [(EXCHANGE, _ALL), (PUBLIC, _ALL)], folder)
    place, plain = f"http://127.0.0.1:{server.port}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(place, b"0", plain), timeout=60).close()
    return files


def _user(iam: Any, user: str, may: Sequence[tuple[str, Sequence[str]]], folder: Path, *, lists: bool = True) -> Path:
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": f"arn:aws:s3:::{bucket}/*"} for bucket, actions in may
    ]
    if lists:
        buckets = [f"arn:aws:s3:::{bucket}" for bucket, _ in may]
        statements.append({"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": buckets})
    iam.create_user(UserName=user)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=user, PolicyName="only", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    file = folder / f"{user}.aws"
    file.write_text(
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    file.chmod(0o600)
    return file


def _client(service: str, port: int, key: str, secret: str) -> Any:
    import boto3  # late: it takes a while
    from botocore.config import Config

    return boto3.session.Session().client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(connect_timeout=4, read_timeout=4, retries={"total_max_attempts": 1}),
        region_name=_REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
