"""A stick that somebody else had: links, pipes, devices and files without end; and one that cannot be written."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from revocation.errors import BundleError, InputError, RevocastError
from revocation.wire.exchange import FolderExchange
from signer.ceremony import request as requests
from signer.ceremony.accept import accept
from signer.ceremony.approvals import require_approvals
from signer.ceremony.config import CeremonyTable
from signer.ceremony.output import read_output, require_room, write_output
from signer.ceremony.sign import earlier
from signer.ceremony.transcript import LARGEST, LARGEST_BUNDLE
from tests.authority import NOW
from tests.signer.ceremony.pair import Pair

KINDS = {"link": "is a link", "pipe": "is no regular file", "endless": "has more than", "folder": "is no regular file"}


@pytest.fixture
def folder(pair: Pair, tmp_path: Path) -> Path:
    """What a ceremony left."""
    request = pair.request()
    pair.hold(request)
    return pair.written(request, tmp_path / "stick")


def put(kind: str, place: Path, elsewhere: bytes = b"{}") -> None:
    """Something that a reader should not take for a file."""
    place.unlink(missing_ok=True)
    match kind:
        case "link":
            (place.parent.parent / "elsewhere").write_bytes(elsewhere)
            place.symlink_to(place.parent.parent / "elsewhere")
        case "pipe":
            os.mkfifo(place)
        case "endless":
            with place.open("wb") as file:
                file.truncate(1 << 40)
        case "folder":
            place.mkdir()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_request_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A pipe would have the ceremony wait for good, and a link show a file of the machine."""
    (tmp_path / "stick").mkdir()
    put(kind, tmp_path / "stick/request.json")
    with pytest.raises(InputError, match=KINDS[kind]):
        requests.read(tmp_path / "stick/request.json")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_approval_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """As the request."""
    (tmp_path / "stick").mkdir()
    put(kind, tmp_path / "stick/anna.sig")
    with pytest.raises(InputError, match=KINDS[kind]):
        require_approvals(CeremonyTable(), "00" * 32, [tmp_path / "stick/anna.sig"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_transcript_that_is_no_file_is_refused(folder: Path, kind: str) -> None:
    """On the way back."""
    put(kind, folder / "transcript.json", (folder / "transcript.json").read_bytes())
    with pytest.raises(InputError, match=KINDS[kind]):
        read_output(folder)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_bundle_that_is_no_file_is_refused(pair: Pair, folder: Path, kind: str) -> None:
    """Also with the right octets behind it."""
    bundle = next(folder.glob("*-crl-*.tar"))
    put(kind, bundle, bundle.read_bytes())
    with pytest.raises(InputError, match=f"lacks bundle {bundle.name}"):
        accept(pair.signer, folder, NOW)


@pytest.mark.timeout(60)
def test_bundle_that_is_larger_than_any_is_not_read_to_its_end(folder: Path) -> None:
    """A file with a hole of a terabyte costs nothing to make."""
    bundle = next(folder.glob("*-crl-*.tar"))
    put("endless", bundle)
    with pytest.raises(InputError, match=f"has more than {LARGEST_BUNDLE} octets"):
        read_output(folder)


def test_folder_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    """What is taken in is on the stick."""
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(InputError, match="is a link, and a folder is wanted"):
        read_output(tmp_path / "link")


@pytest.mark.timeout(60)
def test_exchange_does_not_wait_for_a_pipe(tmp_path: Path) -> None:
    """Nobody else opens it: whoever reads the exchange, a publisher too, would hang for good."""
    name = "000000000001-00000000-crl-all.tar"
    os.mkfifo(tmp_path / name)
    with pytest.raises(BundleError, match="is no regular file"):
        FolderExchange(tmp_path).open(name)


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """The kernel lets this process write no larger file within, as a stick that is full does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_stick_that_is_full_is_noticed_before_anything_is_signed(tmp_path: Path) -> None:
    """Whoever holds the ceremony names another one first."""
    with largest_file(4096), pytest.raises(InputError, match=r"cannot be written: .*; nothing was signed"):
        require_room(tmp_path / "out", "00" * 32)
    assert list(tmp_path.iterdir()) == []
    require_room(tmp_path / "out", "00" * 32)
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_that_was_made_beforehand_is_taken(pair: Pair, tmp_path: Path) -> None:
    """A file manager makes one, and names it; what lies in one stays."""
    request = pair.request()
    (out := tmp_path / "out").mkdir()
    require_room(out, request.digest)
    held = earlier(signer := pair.hold(request), request)
    assert held is not None
    write_output(out, held, signer.exchange)
    assert accept(pair.signer, out, NOW).put
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    with pytest.raises(InputError, match="is there already"):
        require_room(tmp_path / "full", request.digest)


def test_place_of_a_disk_is_no_folder_to_make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing can be renamed to it, which would be seen after the signing; that a disk is mounted there is feigned."""
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    with pytest.raises(InputError, match="is where a disk is mounted"):
        require_room(tmp_path, "00" * 32)


def test_stick_that_fills_up_after_the_signing_loses_nothing(pair: Pair, tmp_path: Path) -> None:
    """It is said that it was signed, nothing half-written is left, and the same request is written again."""
    request = pair.request()
    signer = pair.hold(request)
    held = earlier(signer, request)
    assert held is not None
    words = "the ceremony was signed, and cannot be written"
    with largest_file(4096), pytest.raises(RevocastError, match=words) as told:
        write_output(tmp_path / "full/out", held, signer.exchange)
    assert "give the same request again" in (told.value.advice or "")
    assert list((tmp_path / "full").iterdir()) == []
    assert accept(pair.signer, pair.written(request, tmp_path / "other"), NOW).put


def test_limit_of_the_transcript_holds_the_one_of_a_ceremony(folder: Path) -> None:
    """Far more than a real one has."""
    assert (folder / "transcript.json").stat().st_size < LARGEST // 1000
