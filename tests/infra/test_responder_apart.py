"""The responder as its unit and configuration in infra/ have it: of all secrets it holds one, which reads responses."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from tests.authority import Authority
from tests.building.s3server import CREDENTIALS
from tests.estate import PASSPHRASE
from tests.infra.split_site import SplitSite
from tests.infra.syscalls import filtered
from tests.infra.unitfiles import SPLIT, settings
from tests.infra.valkey_users import SERVICES, GuardedServer
from tests.responder.asking import request
from tests.responder.filling import GOOD, Filling, write
from tests.responder.running import Running, ready
from tests.waiting import until

pytestmark = [pytest.mark.judge("systemd-analyze"), pytest.mark.timeout(300)]
UNIT = SPLIT / "revocast-responder.service"
CONFIG = SPLIT.parents[1] / "config/responder.toml"
RESPOND = [sys.executable, "-P", "-m", "revocation", "respond"]
NAMES = {"PATH", "REVOCAST_CONFIG", "REVOCAST_LOG", "CREDENTIALS_DIRECTORY", "LC_CTYPE"}
"""What is in its environment: the unit's, systemd's for credentials, and what Python itself sets in the C locale."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with a user for each service."""
    with GuardedServer(tmp_path) as running:
        yield running


@contextmanager
def responder(folder: Path, authority: Authority, source: Mapping[str, str], password: str = "") -> Iterator[Running]:
    """The process with the unit's filter and variables, and the configuration but for what `source` replaces in it."""
    etc, credentials = folder / "responder", folder / "credentials"
    etc.mkdir(parents=True)
    credentials.mkdir()
    authority.write(etc / "example-ca.pem")
    text = CONFIG.read_text()
    for old, new in {**source, "port = 8889": "port = 0", ":9180": ":0"}.items():
        assert old in text
        text = text.replace(old, new)
    (etc / "revocast.toml").write_text(text)
    if password:
        (credentials / "valkey").write_text(password)
    variables = dict(word.split("=", 1) for word in settings(UNIT, "Environment"))
    environment = {name: value.replace("/etc/revocast", str(folder)) for name, value in variables.items()}
    process = subprocess.Popen(
        filtered(UNIT, RESPOND),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "CREDENTIALS_DIRECTORY": str(credentials), **environment},
    )
    with ready(process) as running:
        yield running


def family(pid: int) -> list[int]:
    """A process and all below it."""
    below = [int(one) for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]
    return [pid, *(one for child in below for one in family(child))]


def memory(pid: int) -> bytes:
    """All that a process can read in its memory."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as octets:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            with suppress(OSError, ValueError, OverflowError):  # the kernel's own pages
                if rights.startswith("r"):
                    octets.seek(start)
                    found.append(octets.read(end - start))
    return b"\n".join(found)


def secrets_of(site: SplitSite, server: GuardedServer) -> dict[str, bytes]:
    """Every secret of the installation, by name."""
    key = site.authority.key.private_numbers().private_value  # of P-256
    return {
        "the CA key": key.to_bytes(32, "big"),
        "the CA key in OpenSSL's memory": key.to_bytes(32, "little"),
        "the file of the CA key": (site.estate.folder / "ca.key").read_bytes().splitlines()[2],
        "its passphrase": PASSPHRASE,
        "the operator's key": (site.estate.folder / "operator.key").read_bytes().splitlines()[1],
        "the credentials of S3": CREDENTIALS["AWS_SECRET_ACCESS_KEY"].encode(),
        **{f"the password of {user}": server.password(user).encode() for user in SERVICES},
    }


def test_responder_holds_no_secret_but_what_reads_its_source(
    tmp_path: Path, server: GuardedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in memory, after it has answered, nor in its environment, nor in the files that its unit leaves it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    behind = lambda name, command: filtered(SPLIT / f"revocast-{name}.service", command)  # noqa: E731
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n', behind)
    here = {"rediss://valkey.example:6379/0": f"unix://{server.socket}", 'tls_ca = "valkey-ca.pem"': ""}
    password = server.password("responder")
    with site.services(), responder(tmp_path / "etc", site.authority, here, password) as running:
        until(lambda: site.ask(running.url, 1) == site.ask(running.url, 2) == "GOOD", 60)
        processes = family(running.process.pid)
        memories = b"".join(memory(pid) for pid in processes)
        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in processes]
    files = b"".join(file.read_bytes() for file in (tmp_path / "etc").rglob("*") if file.is_file())
    own = {"the password of responder"}
    secrets = secrets_of(site, server)
    assert {name for name, octets in secrets.items() if octets in files} == own
    assert {name for name, octets in secrets.items() if octets in memories} <= own
    assert str(server.socket).encode() in memories  # so they were read
    names = {line.partition(b"=")[0].decode() for line in b"".join(environments).split(b"\0") if line}
    assert names <= NAMES
    assert not any(octets in one for octets in secrets.values() for one in environments)
    with server.client_of("responder") as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.hset("revocast:responses.2", "key", "value")


def test_responder_of_a_store_on_its_host_has_no_secret_and_writes_its_lock_file_alone(tmp_path: Path) -> None:
    """Where a publisher on the same host fills LMDB."""
    filling = Filling()
    write(tmp_path / "store", filling.shelf())
    text = CONFIG.read_text()
    here = {
        text[text.index("[responder.redis]") :]: "",
        'server = "fastpysgi"': f'server = "fastpysgi"\nstore = "{tmp_path / "store"}"',
    }
    with responder(tmp_path / "etc", filling.authority, here) as running:
        asked = request(filling.cert_id(GOOD))
        with urllib.request.urlopen(f"{running.url}/ocsp/", asked, timeout=20) as answer:
            assert answer.read()
        writable = {file for pid in family(running.process.pid) for file in _written_by(pid)}
    assert writable == {tmp_path / "store/lock.mdb"}


def _written_by(pid: int) -> Iterator[Path]:
    """The files that a process has open to write; what it closes meanwhile is none of them."""
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):
            flags = int(info.read_text().split("flags:")[1].split()[0], 8)
            place = Path(f"/proc/{pid}/fd/{info.name}").readlink()
            if flags & os.O_ACCMODE != os.O_RDONLY and place.is_absolute() and place.is_file():
                yield place
