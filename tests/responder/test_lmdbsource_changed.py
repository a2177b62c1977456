"""The LMDB source while somebody else writes, wipes, replaces or breaks the store."""

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from responder.lmdbsource import LMDBSource
from responder.source import SourceUnavailable
from revocation.certid import CertIDHash
from revocation.store import RESPONSES_DATABASE, response_key
from tests.authority import NOW
from tests.responder.beside import GROW, PUT, in_another_process
from tests.responder.filling import GOOD, UNKNOWN, Filling, write


def test_publication_is_seen_at_once(store: Path, source: LMDBSource, filling: Filling) -> None:
    """Another process writes while the store is open here."""
    assert source.find(filling.cert_id(GOOD), NOW)
    newer = filling.response(GOOD, this_update=NOW + timedelta(minutes=1), revoked=True)
    key = response_key(filling.issuer.octets, CertIDHash.SHA256.octet, filling.cert_id(GOOD).serial)
    in_another_process(PUT, store, key.hex(), newer.encode().hex())
    assert source.find(filling.cert_id(GOOD), NOW) == newer


def test_store_that_outgrew_its_map_is_still_read(store: Path, source: LMDBSource, filling: Filling) -> None:
    """MapResizedError: the writer enlarged the map while a reader had the old size."""
    assert source.find(filling.cert_id(GOOD), NOW)
    in_another_process(GROW, store)
    assert source.find(filling.cert_id(GOOD), NOW)
    assert source.find(filling.cert_id(UNKNOWN), NOW) is None


def test_store_that_was_wiped_and_filled_anew_is_read_anew(store: Path, source: LMDBSource, filling: Filling) -> None:
    """Deleted: nothing can be said. Filled: what is in it now, and nothing of before."""
    assert source.find(filling.cert_id(GOOD), NOW)
    shutil.rmtree(store)
    with pytest.raises(SourceUnavailable):
        source.find(filling.cert_id(GOOD), NOW)
    write(store, [*filling.issuer_entries(), *filling.entries(UNKNOWN)])
    assert source.find(filling.cert_id(UNKNOWN), NOW)
    assert source.find(filling.cert_id(GOOD), NOW) is None


def test_store_that_was_replaced_between_two_looks_is_read_anew(
    tmp_path: Path, store: Path, source: LMDBSource, filling: Filling
) -> None:
    """Renamed into place, so that a file was there at every look, and never a smaller one."""
    assert source.find(filling.cert_id(GOOD), NOW)
    padding = [(RESPONSES_DATABASE, b"padding%d" % number, bytes(4000)) for number in range(30)]
    write(tmp_path / "other", [*filling.issuer_entries(), *filling.entries(UNKNOWN), *padding])
    assert (tmp_path / "other" / "data.mdb").stat().st_size > (store / "data.mdb").stat().st_size
    store.rename(tmp_path / "old")
    (tmp_path / "other").rename(store)
    assert source.find(filling.cert_id(UNKNOWN), NOW)
    assert source.find(filling.cert_id(GOOD), NOW) is None


def test_store_that_was_cut_does_not_kill_the_process(store: Path, source: LMDBSource, filling: Filling) -> None:
    """A map over a file that has shrunk ends in SIGBUS: so its size is looked at first."""
    assert source.find(filling.cert_id(GOOD), NOW)
    os.truncate(store / "data.mdb", 100)
    with pytest.raises(SourceUnavailable):
        source.find(filling.cert_id(GOOD), NOW)


_CUT = """
import os, subprocess, sys
from datetime import datetime
from pathlib import Path
from responder.lmdbsource import LMDBSource
from responder.source import SourceUnavailable
from revocation.certid import CertID, CertIDHash
folder, grow, now = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
source, asked = LMDBSource(folder), CertID(CertIDHash.SHA1, *map(bytes.fromhex, sys.argv[4:]))
cut = 8192
if grow:
    assert source.find(asked, now)
    cut = (folder / "data.mdb").stat().st_size
    subprocess.run([sys.executable, "-c", grow, str(folder)], check=True)
    assert source.find(asked, now)
os.truncate(folder / "data.mdb", cut)
for _ in range(2):
    try:
        source.find(asked, now)
    except SourceUnavailable as error:
        print(error)
"""


@pytest.mark.parametrize("grow", ["", GROW], ids=["before it is opened", "after it has grown"])
def test_store_that_was_cut_behind_its_header_does_not_kill_the_process(
    store: Path, filling: Filling, grow: str
) -> None:
    """Its two first pages are whole and point behind the end: whoever reads on dies of SIGBUS."""
    asked = filling.cert_id(GOOD, CertIDHash.SHA1)
    octets = [value.hex() for value in (asked.issuer_name_hash, asked.issuer_key_hash, asked.serial)]
    command = [sys.executable, "-c", _CUT, str(store), grow, NOW.isoformat(), *octets]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout.count("data.mdb was cut") == 2


@pytest.mark.parametrize("content", [b"x" * 20000, b"\x00" * 4096, b"short"])
def test_file_that_is_no_store_is_unavailable_until_it_is_one(tmp_path: Path, filling: Filling, content: bytes) -> None:
    """Not unknown: something is there, and what it should say cannot be told."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "data.mdb").write_bytes(content)
    source = LMDBSource(store)
    with pytest.raises(SourceUnavailable):
        source.find(filling.cert_id(GOOD), NOW)
    shutil.rmtree(store)
    write(store, filling.shelf())
    assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_open_reader_does_not_keep_a_publisher_from_writing(store: Path, source: LMDBSource, filling: Filling) -> None:
    """No transaction stays open between look-ups, so pages are used again and the file does not grow without end."""
    assert source.find(filling.cert_id(GOOD), NOW)
    script = (
        "import lmdb, os, sys\n"
        "with lmdb.open(sys.argv[1], map_size=1 << 26, max_dbs=4) as e:\n"
        "    for _ in range(300):\n"
        "        with e.begin(write=True, db=e.open_db(b'responses.2')) as t:\n"
        "            t.put(b'again', os.urandom(30000))\n"
    )
    in_another_process(script, store)
    assert (store / "data.mdb").stat().st_size < 1 << 20
    assert source.find(filling.cert_id(GOOD), NOW)
