"""SeaweedFS as infra/compose.yaml runs it: what it takes from whom, by the identities of infra/s3/ and AWS's policies.

It is the very command line of the container, as a process.
"""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.building.seaweedfs import EXCHANGE, INFRA, PUBLIC, SeaweedFS
from tests.responder.tlsproxy import issue
from tests.waiting import until

pytestmark = pytest.mark.judge("weed")
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""How a client of gRPC begins; who takes it answers with settings of its own."""

Act = Callable[[Any, str], object]
ACTS: dict[str, Act] = {
    "read": lambda s3, bucket: s3.get_object(Bucket=bucket, Key="crl/there"),
    "list": lambda s3, bucket: s3.list_objects_v2(Bucket=bucket),
    "put": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="crl/new", Body=b"new"),
    "delete": lambda s3, bucket: s3.delete_object(Bucket=bucket, Key="crl/not-there"),
    "look at versioning": lambda s3, bucket: s3.get_bucket_versioning(Bucket=bucket),
    "list versions": lambda s3, bucket: s3.list_object_versions(Bucket=bucket),
    "delete a version": lambda s3, bucket: s3.delete_object(Bucket=bucket, Key="crl/there", VersionId="null"),
    "end versioning": lambda s3, bucket: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "set a policy": lambda s3, bucket: s3.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
            "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}]}),
    ),
    "delete the bucket": lambda s3, bucket: s3.delete_bucket(Bucket=bucket),
    "make a bucket": lambda s3, bucket: s3.create_bucket(Bucket=f"{bucket}-of-somebody"),
    "make one by putting": lambda s3, bucket: s3.put_object(Bucket=f"{bucket}-of-somebody", Key="x", Body=b""),
}  # fmt: skip
MAY = {
    ("signer", EXCHANGE): {"read", "list", "put", "delete"},
    ("signer", PUBLIC): set(),
    ("publisher", EXCHANGE): {"read", "list"},
    ("publisher", PUBLIC): {"read", "list", "put", "delete", "look at versioning"},
    ("anonymous", EXCHANGE): set(),
    ("anonymous", PUBLIC): {"read"},
}
"""All that each may do."""


@pytest.fixture(autouse=True)
def _there(seaweedfs: SeaweedFS) -> None:
    for bucket in (EXCHANGE, PUBLIC):
        seaweedfs.client().put_object(Bucket=bucket, Key="crl/there", Body=b"there")
    for key in ("issuer/there", "ocsp/there", "private/bucket.json"):
        seaweedfs.client().put_object(Bucket=PUBLIC, Key=key, Body=b"there")


@pytest.mark.parametrize(("user", "bucket"), MAY)
def test_service_may_do_what_its_policy_says_and_no_more(seaweedfs: SeaweedFS, user: str, bucket: str) -> None:
    """Above all nobody but an administrator ends versioning, or deletes what was replaced."""
    client = seaweedfs.client(user)
    done = {name for name, act in ACTS.items() if _does(lambda act=act: act(client, bucket))}  # type: ignore[misc]
    assert done == MAY[user, bucket]


def _does(act: Callable[[], object]) -> bool:
    try:
        act()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        raise
    return True


@pytest.mark.parametrize("user", ["anonymous", "publisher", "signer"])
def test_what_was_replaced_is_read_by_an_administrator_alone(seaweedfs: SeaweedFS, user: str) -> None:
    """An older CRL is for the finding out of what happened: no relying party gets it by a VersionId that it guessed."""
    admin, client = seaweedfs.client(), seaweedfs.client(user)
    older = admin.put_object(Bucket=PUBLIC, Key="crl/there", Body=b"older")["VersionId"]
    admin.put_object(Bucket=PUBLIC, Key="crl/there", Body=b"there")
    versioned = {"Bucket": PUBLIC, "Key": "crl/there", "VersionId": older}
    assert _does(lambda: admin.get_object(**versioned))
    assert not _does(lambda: client.get_object(**versioned))
    assert not _does(lambda: client.head_object(**versioned))


def test_everybody_reads_what_is_public_by_its_name(seaweedfs: SeaweedFS) -> None:
    """Over HTTPS, without any credentials: the status is not for them, nor a list."""
    context = ssl.create_default_context(cafile=seaweedfs.ca)
    public, closed = (
        ["crl/there", "issuer/there", "ocsp/there"],
        ["private/bucket.json", "", "?list-type=2", "?versions"],
    )
    asked = dict.fromkeys([*public, *closed], 200)
    for path in asked:
        try:
            urllib.request.urlopen(f"{seaweedfs.endpoint}/{PUBLIC}/{path}", context=context).close()
        except urllib.error.HTTPError as error:
            asked[path] = error.code
            error.close()
    assert asked == {**dict.fromkeys(public, 200), **dict.fromkeys(closed, 403)}


def test_keys_that_are_wrong_open_nothing(seaweedfs: SeaweedFS) -> None:
    """Signatures are checked, which not every server for tests does."""
    profile = (seaweedfs.profiles / "signer.aws").read_text()
    (seaweedfs.profiles / "imposter.aws").write_text(re.sub(r"(secret_access_key = )\w+", r"\1wrong", profile))
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        seaweedfs.client("imposter").get_object(Bucket=EXCHANGE, Key="crl/there")


def test_new_key_is_taken_at_sighup(seaweedfs: SeaweedFS) -> None:
    """Without a restart, in which looks would fail."""
    seaweedfs.identify("successor", f"Read:{EXCHANGE}")
    client = seaweedfs.client("successor")
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client.get_object(Bucket=EXCHANGE, Key="crl/there")
    os.kill(seaweedfs.pid, signal.SIGHUP)
    until(lambda: _does(lambda: client.get_object(Bucket=EXCHANGE, Key="crl/there")))


def test_action_that_lets_write_lets_more_so_the_services_have_policies(seaweedfs: SeaweedFS) -> None:
    """What docs/s3.md says of SeaweedFS: with `Write` alone versions are deleted, and no more are kept."""
    bucket, admin = "coarse", seaweedfs.client()
    admin.create_bucket(Bucket=bucket)
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    kept = admin.put_object(Bucket=bucket, Key="object", Body=b"kept")["VersionId"]
    seaweedfs.identify("writer", f"Write:{bucket}")
    os.kill(seaweedfs.pid, signal.SIGHUP)
    writer = seaweedfs.client("writer")
    until(lambda: _does(lambda: writer.put_object(Bucket=bucket, Key="object", Body=b"newer")))
    writer.delete_object(Bucket=bucket, Key="object", VersionId=kept)
    assert kept not in {one["VersionId"] for one in admin.list_object_versions(Bucket=bucket)["Versions"]}
    writer.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def test_keys_that_are_there_stay_when_the_list_is_made_anew(tmp_path: Path) -> None:
    """A policy of a later version is taken over without new keys for the services."""
    for number in ("1", "2"):
        subprocess.run([INFRA / "s3/keys.sh", tmp_path / f"identities-{number}", tmp_path / "profiles"], check=True)
    assert (tmp_path / "identities-1").read_text() == (tmp_path / "identities-2").read_text()
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or file.stat().st_mode & 0o077 == 0, file


def test_bucket_that_the_page_has_the_shell_make_is_the_services_and_written_through(seaweedfs: SeaweedFS) -> None:
    """The lines of docs/deploying.md and docs/s3.md, as they stand there but for the names of buckets."""
    said = seaweedfs.shell(*_lines("deploying.md"), *_lines("s3.md")).replace("-made", "")
    assert f"created bucket {EXCHANGE}" in said
    assert f"Bucket {PUBLIC} versioning set to Enabled" in said
    assert '"fsync":  true' in said
    made = f"{PUBLIC}-made"
    versions = [seaweedfs.client().put_object(Bucket=made, Key="object", Body=b"one")["VersionId"] for _ in "12"]
    assert len(set(versions)) == 2


def _lines(page: str) -> list[str]:
    """What is said to `weed shell` on a page."""
    text = (INFRA.parent / "docs" / page).read_text()
    lines = re.findall(r"^(?:s3\.bucket|fs)\.\w+ -.*$", text, re.M)
    assert lines
    return [re.sub(r"(-name=\S+)", r"\1-made", line) for line in lines]


@pytest.fixture(scope="module")
def faced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """A server that is open to others on 127.0.0.2, which stands for the network of the containers."""
    with SeaweedFS(tmp_path_factory.mktemp("faced"), face="127.0.0.2") as running:
        yield running


def test_the_s3_port_and_the_one_beside_it_face_others(faced: SeaweedFS) -> None:
    """Master, volumes and filer, which ask nobody who he is, are its own."""
    facing = {port for address, port in _listening(faced.pid) if address == "127.0.0.2"}
    assert facing == {faced.ports["s3.port"], faced.ports["s3.port.grpc"]}
    assert {address for address, _ in _listening(faced.pid)} == {"127.0.0.1", "127.0.0.2"}


def test_server_writes_below_its_data_alone(faced: SeaweedFS) -> None:
    """So a read-only root will do: `/data` is the one volume of the container; what it logs goes to its output."""
    held = {file.readlink() for file in Path(f"/proc/{faced.pid}/fd").iterdir() if _is_for_writing(file)}
    files = {file for file in held if file.is_file() and file.name != "s3.log"}
    assert files
    assert not [file for file in files if not file.is_relative_to(faced.data)]


def test_the_port_beside_takes_nobody_who_has_not_the_servers_own_key(faced: SeaweedFS, tmp_path: Path) -> None:
    """Open, it makes whoever asks an administrator; a certificate of the same CA is no key to it either."""
    place = ("127.0.0.2", faced.ports["s3.port.grpc"])
    with socket.create_connection(place, 10) as plain:
        plain.sendall(HELLO)
        assert not _reads(plain)
    assert not _takes(place, None)
    assert not _takes(place, issue(faced.authority, tmp_path, "another"))
    assert _takes(place, faced.certificate)


def _is_for_writing(descriptor: Path) -> bool:
    """Whether it was opened so: proc_pid_fdinfo(5)."""
    said = (descriptor.parents[1] / "fdinfo" / descriptor.name).read_text()
    flags = re.search(r"^flags:\s*(\d+)$", said, re.M)
    return bool(flags and int(flags[1], 8) & os.O_ACCMODE)


def _listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of each TCP socket on which a process listens."""
    mine = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    found = set[tuple[str, int]]()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
            address, _, port = fields[1].partition(":")
            found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    six = Path(f"/proc/{pid}/net/tcp6").read_text().splitlines()[1:]
    assert not [line for line in six if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in mine]
    return found


def _takes(place: tuple[str, int], certificate: tuple[Path, Path] | None) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(*certificate)
    with socket.create_connection(place, 10) as plain, context.wrap_socket(plain) as connection:
        try:
            connection.sendall(HELLO)
        except OSError:
            return False
        return _reads(connection)


def _reads(connection: socket.socket) -> bool:
    """Whether settings come, and no alert or end."""
    try:
        return connection.recv(9)[3:4] == b"\4"
    except OSError:
        return False
