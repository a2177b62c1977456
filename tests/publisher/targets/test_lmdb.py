"""The LMDB target by itself: rights, readers in other processes, transactions, sweeping."""

import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import lmdb
import pytest

from publisher.targets.lmdb import LMDBTarget
from publisher.targets.protocol import Answer
from revocation.errors import GateError, TargetError
from revocation.store import RESPONSES_DATABASE, StoredResponse, file_size

GIB = 1 << 30
ISSUER = b"\x01\x02\x03\x04"


def answer(serial: int, next_update: int = 200, der: bytes = b"0") -> Answer:
    """An answer under a key of one issuer."""
    return Answer(ISSUER + b"\x02" + serial.to_bytes(2, "big"), StoredResponse(100, next_update, 150, der).encode())


def held(folder: Path) -> dict[bytes, bytes]:
    """Every key with its DER."""
    with lmdb.open(str(folder), readonly=True, max_dbs=4) as env:
        database = env.open_db(RESPONSES_DATABASE, create=False)
        with env.begin(db=database) as txn:
            return {bytes(key): StoredResponse.decode(bytes(value)).der for key, value in txn.cursor()}


def always(*_: object) -> bool:
    """Admit everything."""
    return True


def test_only_the_lock_file_is_writable_by_the_group(tmp_path: Path) -> None:
    """Readers need to write the lock file; the data is the publisher's alone to write."""
    with LMDBTarget(tmp_path / "store", GIB):
        pass
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "store").iterdir()}
    assert modes == {"data.mdb": 0o640, "lock.mdb": 0o660}
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o750


def test_group_may_enter_the_folder_of_the_store_under_any_umask(tmp_path: Path) -> None:
    """It could read no file in there otherwise; a folder that an operator made keeps its rights."""
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        for folder in (tmp_path / "new/store", own):
            LMDBTarget(folder, GIB).__exit__(None, None, None)
    finally:
        os.umask(before)
    folders = [tmp_path / "new", tmp_path / "new/store", own]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o755, 0o750, 0o700]


_AS_ANOTHER = """
import os, sys
from pathlib import Path
from publisher.targets.lmdb import LMDBTarget
from responder.lmdbsource import LMDBSource
folder, umask = Path(sys.argv[1]), int(sys.argv[2], 8)
user, *groups = map(int, sys.argv[3:])
if os.getuid() == 0:
    os.setgroups(groups)
    os.setgid(user)
    os.setuid(user)
os.umask(umask)
"""
_PUBLISH = f"""{_AS_ANOTHER}
with LMDBTarget(folder, 1 << 30) as target:
    target.set_filled(is_filled=True)
"""
_RESPOND = f"{_AS_ANOTHER}assert LMDBSource(folder).sample(4) == []"


@pytest.mark.parametrize("umask", ["022", "077"])
def test_store_made_below_a_setgid_folder_is_read_by_who_has_its_group(umask: str) -> None:
    """As infra/'s split has it: 2750, of a group that the publisher is not in and the responder is.

    Where root runs it these are users of their own; else all are the same one, and the rights alone are looked at.
    """
    publisher, responder, group = (61_001, 61_002, 61_003) if os.getuid() == 0 else (os.getuid(), 0, os.getgid())
    with TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        shared = Path(place) / "revocast-store"
        shared.mkdir()
        os.chown(shared, publisher, group)
        shared.chmod(0o2750)
        store = shared / "new/responses"
        for script, identity in ((_PUBLISH, [publisher]), (_RESPOND, [responder, group])):
            subprocess.run([sys.executable, "-c", script, store, umask, *map(str, identity)], check=True)
        made = [file.stat() for file in (store.parent, store, store / "data.mdb", store / "lock.mdb")]
    modes = [0o2755, 0o2750, 0o640, 0o660]
    assert [(stat.S_IMODE(file.st_mode), file.st_gid) for file in made] == [(mode, group) for mode in modes]


@pytest.mark.judge("unshare")
def test_reader_of_the_same_number_in_another_pid_namespace_is_named(tmp_path: Path) -> None:
    """Two containers, of which each takes its first process for number 1, say."""
    read = (
        "import lmdb, sys; env = lmdb.open(sys.argv[1], readonly=True, map_size=0); txn = env.begin(); "
        "print('reads', flush=True); sys.stdin.read()"
    )
    with LMDBTarget(tmp_path / "store", GIB) as target:
        target.put([answer(1)], always)
    write = (
        "import sys; from pathlib import Path; from publisher.targets.lmdb import LMDBTarget; "
        "LMDBTarget(Path(sys.argv[1]), 1 << 30)"
    )
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", sys.executable, "-c"]
    with subprocess.Popen(
        [*apart, read, str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"reads\n"
        done = subprocess.run([*apart, write, str(tmp_path / "store")], capture_output=True, text=True, check=False)
    assert "TargetError" in done.stderr
    assert "PID namespace" in done.stderr


def test_large_map_takes_no_room(tmp_path: Path) -> None:
    """64 GiB of address space, some kilobytes of disk."""
    with LMDBTarget(tmp_path / "store", 64 * GIB) as target:
        target.put([answer(1)], always)
    assert (tmp_path / "store" / "data.mdb").stat().st_blocks * 512 < 1 << 20


def test_put_stores_what_is_admitted_and_shows_what_was_there(tmp_path: Path) -> None:
    """The decision is the line's: it sees the current answer, and None where there is none or it is unreadable."""
    seen = []

    def only_new(new: Answer, current: StoredResponse | None) -> bool:
        seen.append(current)
        return current is None

    with LMDBTarget(tmp_path / "store", GIB) as target:
        assert target.put([answer(1, der=b"a")], only_new) == 1
        assert target.put([answer(1, der=b"b"), answer(2, der=b"c")], only_new) == 1
    assert seen == [None, StoredResponse.decode(answer(1, der=b"a").value), None]
    assert sorted(held(tmp_path / "store").values()) == [b"a", b"c"]


def test_put_is_all_or_nothing(tmp_path: Path) -> None:
    """A refusal in the middle leaves nothing of the batch."""

    def refuses_two(new: Answer, _: StoredResponse | None) -> bool:
        if new.key == answer(2).key:
            raise GateError("no")
        return True

    with LMDBTarget(tmp_path / "store", GIB) as target:
        with pytest.raises(GateError):
            target.put([answer(1), answer(2)], refuses_two)
        assert target.put([answer(3)], refuses_two) == 1
    assert list(held(tmp_path / "store")) == [answer(3).key]


def test_full_map_is_an_error_that_names_the_setting_and_keeps_what_was_there(tmp_path: Path) -> None:
    """A map that is too small: nothing of the batch is stored, and the message says what to raise."""
    with LMDBTarget(tmp_path / "store", 1 << 18) as target:
        target.put([answer(1)], always)
        with pytest.raises(TargetError, match="map_size_gib"):
            target.put([answer(n, der=b"x" * 1000) for n in range(2, 1000)], always)
    assert list(held(tmp_path / "store")) == [answer(1).key]


def test_what_does_not_read_back_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that gives back something else than was put is not taken for published."""
    with LMDBTarget(tmp_path / "store", GIB) as target:
        changing = target._changing

        @contextmanager
        def swallowing() -> Iterator[lmdb.Transaction]:
            with changing() as txn:
                yield txn
                txn.delete(answer(1).key)

        monkeypatch.setattr(target, "_changing", swallowing)
        with pytest.raises(TargetError, match="does not read back"):
            target.put([answer(1)], always)


def test_reader_in_another_process_sees_each_change_at_once(tmp_path: Path) -> None:
    """A live reader keeps its store open and needs no reopening."""
    script = f"""
import lmdb
env = lmdb.open({str(tmp_path / "store")!r}, readonly=True, max_dbs=4)
database = env.open_db({RESPONSES_DATABASE!r}, create=False)
while True:
    with env.begin(db=database) as txn:
        print(txn.stat(database)["entries"], flush=True)
    input()
"""
    with LMDBTarget(tmp_path / "store", GIB) as target:
        reader = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert reader.stdin
        assert reader.stdout
        counts = [reader.stdout.readline()]
        for n in (1, 2):
            target.put([answer(n)], always)
            reader.stdin.write("\n")
            reader.stdin.flush()
            counts.append(reader.stdout.readline())
    reader.communicate()
    assert counts == ["0\n", "1\n", "2\n"]


def test_status_is_given_back_only_while_the_responses_are_as_many(tmp_path: Path) -> None:
    """Answers that were taken out or put in behind our back make the status worthless."""
    with LMDBTarget(tmp_path / "store", GIB) as target:
        target.put([answer(1)], always)
        target.save_status(b"status")
        target.put([answer(2)], always)
        assert target.load_status() == b"status"
    with lmdb.open(str(tmp_path / "store"), max_dbs=4) as env, env.begin(write=True) as txn:
        txn.delete(answer(1).key, db=env.open_db(RESPONSES_DATABASE, txn))
    with LMDBTarget(tmp_path / "store", GIB) as target:
        assert target.load_status() is None
        target.put([answer(3)], always)
        assert target.load_status() is None


def test_sweep_takes_expired_answers_of_one_issuer_a_bounded_number_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where it stopped, begins again at the end, and touches nothing of others or still valid."""
    monkeypatch.setattr("publisher.targets.lmdb._SWEPT_AT_ONCE", 4)
    foreign = Answer(b"\x01\x02\x03\x05\x02\x01", StoredResponse(1, 2, 1, b"f").encode())
    with LMDBTarget(tmp_path / "store", GIB) as target:
        target.put([foreign, *(answer(n, next_update=100 if n % 2 else 300) for n in range(10))], always)
        assert [target.sweep(ISSUER, 200) for _ in range(4)] == [2, 2, 1, 0]
        target.put([answer(1, next_update=100)], always)
        assert sum(target.sweep(ISSUER, 200) for _ in range(4)) == 1
    left = held(tmp_path / "store")
    assert sorted(left) == sorted([foreign.key, *(answer(n).key for n in range(0, 10, 2))])


def test_sweep_of_an_issuer_begins_again_where_another_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys others have: each sweep looks at as many of its own as it may."""
    monkeypatch.setattr("publisher.targets.lmdb._SWEPT_AT_ONCE", 4)
    others = [
        Answer(b"\x01\x02\x03\x05\x02" + n.to_bytes(2, "big"), StoredResponse(1, 2, 1, b"f").encode())
        for n in range(40)
    ]
    with LMDBTarget(tmp_path / "store", GIB) as target:
        target.put([*others, *(answer(n, next_update=300) for n in range(3))], always)
        assert target.sweep(ISSUER, 200) == 0
        target.put([answer(0, next_update=100)], always)
        assert target.sweep(ISSUER, 200) == 1


def test_folder_that_is_no_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    """What, where and what to do."""
    (tmp_path / "store").write_text("in the way")
    with pytest.raises(TargetError, match="cannot be read or written") as caught:
        LMDBTarget(tmp_path / "store", GIB)
    assert caught.value.where == str(tmp_path / "store")
    assert caught.value.advice


@pytest.mark.long
def test_file_is_never_shorter_than_its_last_page_says(tmp_path: Path) -> None:
    """LMDB leaves out what is free again at the end: a reader would take such a file for one that was cut."""
    lengths = []
    for turn in range(40):
        chosen = random.Random(turn)
        with LMDBTarget(tmp_path / str(turn), GIB) as target:
            for _ in range(6):
                numbers = chosen.sample(range(3000), 1500)
                target.put([answer(number, next_update=chosen.choice((50, 500))) for number in numbers], always)
                target.withdraw([answer(number).key for number in chosen.sample(numbers, 1400)], always)
                target.sweep(ISSUER, 100)
                target.save_status(b"x" * chosen.choice((10, 9000)))
        with lmdb.open(str(tmp_path / str(turn)), readonly=True, max_dbs=4) as env:
            lengths.append(((tmp_path / str(turn) / "data.mdb").stat().st_size, file_size(env)))
    assert all(has >= says for has, says in lengths)
