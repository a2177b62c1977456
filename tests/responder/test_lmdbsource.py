"""The LMDB source: what it finds, of which it knows nothing, and what is in no state to be handed out."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import lmdb
import pytest

from publisher.targets.lmdb import LMDBTarget
from responder.lmdbsource import LMDBSource
from responder.source import ResponseExpired, ResponseTooEarly, SourceUnavailable
from revocation.certid import CertID, CertIDHash
from revocation.store import BOTH_HASHES, RESPONSES_DATABASE
from tests.authority import NOW, Authority
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN, Filling, write


@pytest.mark.parametrize("hash_", CertIDHash)
@pytest.mark.parametrize("serial", [GOOD, REVOKED])
def test_response_is_the_one_for_the_hash_that_was_asked_for(
    source: LMDBSource, filling: Filling, hash_: CertIDHash, serial: int
) -> None:
    """A response of its own for each hash, with that CertID in it."""
    stored = source.find(filling.cert_id(serial, hash_), NOW)
    assert stored
    assert filling.cert_id(serial, hash_).encode() in stored.der


@pytest.mark.parametrize("hash_", CertIDHash)
def test_response_for_both_hashes_is_found_by_either(tmp_path: Path, filling: Filling, hash_: CertIDHash) -> None:
    """The store format's hash id 0, which a signer may write in place of 1 and 2."""
    write(tmp_path / "store", [*filling.issuer_entries(), filling.entries(GOOD, BOTH_HASHES)[0]])
    source = LMDBSource(tmp_path / "store")
    assert source.find(filling.cert_id(GOOD, hash_), NOW)
    source.close()


def test_unknown_certificate_and_unknown_issuer_are_none(source: LMDBSource, filling: Filling) -> None:
    """And so is a serial of another issuer, even one of the same name."""
    assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    assert source.find(CertID.of(Authority().issuer(), b"\x10\x01", CertIDHash.SHA256), NOW) is None


def test_hashes_of_two_issuers_name_neither(tmp_path: Path) -> None:
    """The name of one with the key of another: peers answered good."""
    one, other = Filling(Authority("One CA")), Filling(Authority("Another CA"))
    write(tmp_path / "store", [*one.shelf(), *other.shelf()])
    source = LMDBSource(tmp_path / "store")
    mine, its = one.cert_id(GOOD), other.cert_id(GOOD)
    assert source.find(CertID(mine.hash, mine.issuer_name_hash, its.issuer_key_hash, mine.serial), NOW) is None
    assert source.find(mine, NOW) != source.find(its, NOW)
    source.close()


def test_serial_longer_than_a_key_of_the_store_is_none(source: LMDBSource, filling: Filling) -> None:
    """LMDB refuses keys of more than 511 octets; a request may hold such a serial."""
    for size in (20, 505, 506, 507, 512, 4000):
        assert source.find(CertID.of(filling.issuer, b"\x01" * size, CertIDHash.SHA1), NOW) is None


def test_response_is_refused_from_its_next_update_on(source: LMDBSource, filling: Filling) -> None:
    """To the second."""
    end = NOW + timedelta(days=1)
    assert source.find(filling.cert_id(GOOD), end - timedelta(seconds=1))
    with pytest.raises(ResponseExpired):
        source.find(filling.cert_id(GOOD), end)
    with pytest.raises(ResponseExpired):
        source.find(filling.cert_id(EXPIRED), NOW)


def test_response_that_begins_in_more_than_five_minutes_is_not_handed_out(source: LMDBSource, filling: Filling) -> None:
    """A clock is wrong, here or at the signer: five minutes are within its skew."""
    skew, second = timedelta(minutes=5), timedelta(seconds=1)
    assert source.find(filling.cert_id(GOOD), NOW - skew)
    with pytest.raises(ResponseTooEarly):
        source.find(filling.cert_id(GOOD), NOW - skew - second)


@pytest.mark.parametrize("made", ["nothing", "a folder", "an empty file", "an environment without databases"])
def test_store_that_is_not_there_yet_is_unavailable(
    tmp_path: Path, filling: Filling, made: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Before the first publication, and in the middle of it: told once; what is published then is seen."""
    store = tmp_path / "store"
    if made != "nothing":
        store.mkdir()
    if made == "an empty file":
        (store / "data.mdb").touch()
    if made == "an environment without databases":
        lmdb.open(str(store), max_dbs=4).close()
    source = LMDBSource(store)
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="nothing was published yet"):
            source.find(filling.cert_id(GOOD), NOW)
        assert source.version() is None
    assert len(caplog.records) == 1
    write(store, filling.shelf())
    assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_store_of_a_publisher_that_holds_nothing_knows_nothing(tmp_path: Path, filling: Filling) -> None:
    """It is there and can be read: no certificate is known, and that is the answer."""
    with LMDBTarget(tmp_path / "store", 1 << 24) as target:
        target.set_filled(is_filled=True)
    source = LMDBSource(tmp_path / "store")
    assert source.find(filling.cert_id(GOOD), NOW) is None
    assert source.version() is not None
    source.close()


@pytest.mark.parametrize("cut", [[0], [8192, 0]], ids=["at once", "in steps"])
def test_store_that_was_emptied_is_unavailable_and_not_called_readable(
    store: Path, source: LMDBSource, filling: Filling, cut: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Cut to nothing it says as little as cut to a part; the log says so once, and no word of a store that is back."""
    assert source.find(filling.cert_id(GOOD), NOW)
    for octets in cut:
        os.truncate(store / "data.mdb", octets)
        with pytest.raises(SourceUnavailable):
            source.find(filling.cert_id(GOOD), NOW)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x02" + bytes(24) + b"\x30\x00"])
def test_value_of_another_format_is_unavailable(tmp_path: Path, filling: Filling, value: bytes) -> None:
    """Of a later version, or damaged: never handed out, and no crash."""
    _, key, _ = filling.entries(GOOD)[1]
    write(tmp_path / "store", [*filling.issuer_entries(), (RESPONSES_DATABASE, key, value)])
    source = LMDBSource(tmp_path / "store")
    with pytest.raises(SourceUnavailable):
        source.find(filling.cert_id(GOOD, CertIDHash.SHA256), NOW)
    source.close()


_FORK = """
import os, sys
from datetime import datetime
from pathlib import Path
from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.certid import CertID, CertIDHash
source, asked = LMDBSource(Path(sys.argv[1])), CertID(CertIDHash.SHA1, *map(bytes.fromhex, sys.argv[3:]))
create_app(source)
told, tell = os.pipe()
for _ in range(2):
    if not os.fork():
        found = source.find(asked, datetime.fromisoformat(sys.argv[2]))
        os.write(tell, f"{os.getpid()} {found is not None}\\n".encode())
        sys.stdin.read()
        os._exit(0)
os.close(tell)
for line in os.fdopen(told):
    print(line, end="", flush=True)
"""


def test_source_made_before_a_fork_is_opened_in_each_process(store: Path, filling: Filling) -> None:
    """LMDB forbids to carry an environment across: each process maps the file for itself, and the parent does not."""
    asked = filling.cert_id(GOOD, CertIDHash.SHA1)
    octets = [value.hex() for value in (asked.issuer_name_hash, asked.issuer_key_hash, asked.serial)]
    command = [sys.executable, "-c", _FORK, str(store), NOW.isoformat(), *octets]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        said = [parent.stdout.readline().split() for _ in range(2)]
        processes = [str(parent.pid), *(process for process, _ in said)]
        maps = [str(store / "data.mdb") in Path(f"/proc/{process}/maps").read_text() for process in processes]
        parent.communicate()
    assert [found for _, found in said] == ["True", "True"]
    assert maps == [False, True, True]
