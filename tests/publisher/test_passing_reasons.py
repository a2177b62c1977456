"""Bundles that could not be taken for a reason that passes: they are taken as soon as it has passed."""

import errno
import io
import os
from datetime import timedelta
from typing import BinaryIO, NoReturn

import pytest

from revocation.bundle import BundleReader, Entry
from revocation.errors import TargetError
from revocation.status import Reason, Revocation
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


@pytest.mark.parametrize("wrong", [timedelta(minutes=-6), timedelta(days=-900), timedelta(days=2)])
def test_bundle_seen_by_a_wrong_clock_is_taken_once_it_is_right(
    place: Place, ca: CA, responder: Responder, wrong: timedelta
) -> None:
    """Behind, and the bundle lies in the future; ahead, and it has expired: neither costs a revocation."""
    data = crl(ca, 5, {1: FINAL})
    put_crl(place.exchange, ca, 1, data)
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL))
    place.publish(NOW + wrong)
    assert (place.crl_file().exists(), place.says(1)) == (False, None)
    files, responses = place.publish(NOW + SECOND)
    assert (place.crl_file().read_bytes(), place.says(1)) == (data, "REVOKED")
    assert (files.set_aside, responses.set_aside) == ([], [])


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("where", ["opening", "header", "content"])
def test_bundle_that_the_machine_cannot_read_is_tried_again(
    place: Place, ca: CA, monkeypatch: pytest.MonkeyPatch, code: int, where: str
) -> None:
    """No fault of the bundle: an error says so, the next bundle is published, and the first one at the next look."""
    newest, older = crl(ca, 5, {1: FINAL}), crl(ca, 4, this_update=NOW - SECOND)
    put_crl(place.exchange, ca, 1, older)
    name = put_crl(place.exchange, ca, 2, newest)
    with monkeypatch.context() as failing:
        _fail(failing, where, name, code)
        outcome, _ = place.outcomes()
        assert isinstance(outcome.error, TargetError)
        assert name in str(outcome.error)
        assert outcome.status.set_aside == []
        assert place.crl_file().read_bytes() == older
    place.publish()
    assert place.crl_file().read_bytes() == newest


def test_bundle_with_an_impossible_place_in_it_is_set_aside(
    place: Place, ca: CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place beyond what a file can have is the bundle's own fault, and would be the same tomorrow."""
    name = put_crl(place.exchange, ca, 1, crl(ca))
    _fail(monkeypatch, "header", name, errno.EINVAL)
    outcome, _ = place.outcomes()
    assert [refused.bundle for refused in outcome.set_aside] == [name]


def _fail(monkeypatch: pytest.MonkeyPatch, where: str, name: str, code: int) -> None:
    """Let the reading of one bundle fail as the operating system would."""
    opening, content = FolderExchange.open, BundleReader.content

    def opened(exchange: FolderExchange, asked: str) -> BinaryIO:
        if asked == name and where == "opening":
            with monkeypatch.context() as nothing_opens:
                nothing_opens.setattr(os, "open", lambda *_: _raise(code))
                return opening(exchange, asked)
        source = opening(exchange, asked)
        if asked == name and where == "header":
            source.close()
            return _Broken(code)
        return source

    def read(reader: BundleReader, entry: Entry) -> object:
        if reader.name == name and where == "content":
            reader._source = _Broken(code)
        return content(reader, entry)

    monkeypatch.setattr(FolderExchange, "open", opened)
    monkeypatch.setattr(BundleReader, "content", read)


class _Broken(io.BytesIO):
    """A file on a disk that fails."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code = code

    def read(self, *_: object) -> bytes:
        """Fail."""
        _raise(self._code)


def _raise(code: int) -> NoReturn:
    raise OSError(code, os.strerror(code))
