"""Ceremonies where things lie elsewhere: an exchange that is a bucket, a ledger in PostgreSQL, one that is a copy."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.wire.exchange import FolderExchange
from signer.ceremony import collecting
from signer.ceremony.accept import accept
from signer.ceremony.request import decode
from signer.ceremony.waiting import waiting_for_ceremony
from signer.handle import handle
from tests.authority import NOW
from tests.building.s3server import S3Place
from tests.postgresql import Server
from tests.signer.ceremony.pair import SECOND, Pair
from tests.signer.reading import crl_serials


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server."""
    with Server() as server:
        yield server


def test_bundles_of_a_ceremony_go_into_a_bucket(tmp_path: Path, s3: S3Place) -> None:
    """moto's server stands for S3; again, nothing is put twice, and those of the ceremony before are taken out."""
    pair = Pair(tmp_path)
    file = pair.online.folder / "revocast.toml"
    place = f'{{ url = "s3://{s3.name}/exchange", endpoint = "{s3.endpoint}", region = "eu-central-1" }}'
    file.write_text(file.read_text().replace('exchange = "exchange"', f"exchange = {place}"))
    pair.signer = pair.online.signer()
    pair.revoke(1)
    first = pair.request(NOW + SECOND)
    pair.hold(first, NOW + SECOND)
    folder = pair.written(first, tmp_path / "first")
    put = accept(pair.signer, folder, NOW + SECOND).put
    there = {one.name: one.size for one in pair.signer.exchange.list()}
    assert there == {one.name: one.size for one in FolderExchange(folder).list()}
    assert sorted(put) == sorted(there)
    assert accept(pair.signer, folder, NOW + SECOND).put == ()
    assert crl_serials(pair.signer) == [1]
    pair.revoke(2, NOW + 2 * SECOND)
    second = pair.request(NOW + 3 * SECOND)
    pair.hold(second, NOW + 3 * SECOND)
    accept(pair.signer, pair.written(second, tmp_path / "second"), NOW + 3 * SECOND)
    assert crl_serials(pair.signer) == [1, 2]
    assert len([one for one in pair.signer.exchange.list() if "-crl-" in one.name]) == 1


@pytest.mark.judge("initdb")
def test_ceremonies_of_an_online_ledger_in_postgresql(tmp_path: Path, postgresql: Server) -> None:
    """Request, way back, what is compared with it, and what waits; the offline ledger is SQLite."""
    pair = Pair(tmp_path, ledger=postgresql.database())
    declined = pair.revoke(1)
    pair.revoke(2)
    first = replace(pair.request(NOW + SECOND), left_out=frozenset({declined}))
    assert crl_serials(pair.hold(first, NOW + SECOND)) == [2]
    folder = pair.written(first, tmp_path / "first")
    with pytest.raises(Refused, match="by its transcript it was left out"):
        accept(pair.signer, folder, NOW + SECOND)
    assert accept(pair.signer, folder, NOW + SECOND, [declined]).put
    assert [row["what"] for row in waiting_for_ceremony(pair.signer)] == [f"message {declined}"]
    pair.revoke(3, NOW + 2 * SECOND, "certificateHold")
    pair.release(3, NOW + 3 * SECOND)
    second = pair.request(NOW + 4 * SECOND)
    assert declined not in [one.message.id for one in second.messages]
    pair.hold(second, NOW + 4 * SECOND)
    assert accept(pair.signer, pair.written(second, tmp_path / "second"), NOW + 4 * SECOND).left_out


def test_issuer_that_was_online_before_goes_on_with_a_copy_of_its_ledger(tmp_path: Path) -> None:
    """Of what was recorded before no message was kept: a request says so, and after that ceremonies go as ever."""
    pair = Pair(tmp_path)
    file = pair.online.folder / "revocast.toml"
    offline = file.read_text()
    file.write_text(offline.replace("offline = true", 'key = "file:ca.key"\npassphrase = "file:ca.passphrase"'))
    before = pair.online.signer()
    assert handle(before, pair.online.revoke(1), fixed(NOW)).revision
    file.write_text(offline)
    pair.signer = pair.online.signer()
    with pytest.raises(Refused, match="1 facts were recorded before its key was said to be offline") as told:
        pair.request(NOW + SECOND)
    assert "--copied-ledger" in (told.value.advice or "")
    (pair.offline.folder / "signer").mkdir(exist_ok=True)
    pair.online.copy_ledger(pair.offline.folder / "signer/ledger.sqlite")
    pair.revoke(2, NOW + 2 * SECOND)
    first = decode(collecting.collect(pair.signer, fixed(NOW + 3 * SECOND), everything=False, copied=True)[1])
    signer = pair.hold(first, NOW + 3 * SECOND)
    assert crl_serials(signer) == [1, 2]
    assert accept(pair.signer, pair.written(first, tmp_path / "first"), NOW + 3 * SECOND).left_out == ()
    pair.revoke(3, NOW + 4 * SECOND)
    assert crl_serials(pair.hold(pair.request(NOW + 5 * SECOND), NOW + 5 * SECOND)) == [1, 2, 3]
