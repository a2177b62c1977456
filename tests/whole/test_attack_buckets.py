"""Somebody with full control of both buckets against the whole split site, rollback included.

What is left to them is to withhold, to delay, to have the signer stop, and to serve from the public bucket what the
CA signed and has not expired, until a publisher looks.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.authority import Authority
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.seaweedfs import EXCHANGE, PUBLIC
from tests.e2e import pki
from tests.e2e.programs import PROGRAMS
from tests.waiting import until
from tests.whole.bucket_attacker import Attacker, Objects, front
from tests.whole.siege import Siege, besieged

pytestmark = [pytest.mark.judge(*PROGRAMS), pytest.mark.timeout(300), pytest.mark.long]
BUNDLES: Final = "bundles/"
DAY: Final = timedelta(days=1)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    """The site, for all tests of this file, with one revoked certificate: after each it is well again."""
    with besieged(tmp_path_factory.mktemp("siege")) as running:
        running.revoke(running.fresh())
        running.converges()
        yield running


@pytest.fixture(scope="module")
def url(siege: Siege) -> Iterator[str]:
    """Where relying parties see the public bucket."""
    with front(siege) as place:
        yield place


@pytest.fixture
def attacker(siege: Siege, url: str) -> Iterator[Attacker]:
    """`check` has seen all; once the attacker is gone the site stands, no key is in a bucket, and all converges."""
    code, said = siege.check("--base-url", url)
    assert code == 0, said
    hands = Attacker.of(siege)
    yield hands
    siege.stands()
    for bucket in (EXCHANGE, PUBLIC):
        assert siege.leaks({key: thing["Body"] for key, thing in hands.everything(bucket).items()}) == []
    siege.converges()
    code, said = siege.check("--base-url", url)
    assert code == 0, said


def test_forged_bundles_are_set_aside_with_the_reason_and_change_nothing(
    siege: Siege, attacker: Attacker, tmp_path: Path
) -> None:
    """Another CA's, an older CRL as the newest, renamed, swapped, cut, tricks of tar: neither publisher takes one."""
    before, exchange = _crls(siege), attacker.everything(EXCHANGE)
    siege.revoke(siege.fresh())
    siege.converges()
    wanted, now_there = _crls(siege), attacker.everything(EXCHANGE)
    forged = _forged(siege, tmp_path, before["bucket"], exchange, _newest(now_there))
    for name, (content, _) in forged.items():
        attacker.put(EXCHANGE, BUNDLES + name, content)
    siege.look()
    for publisher in ("publisher-1", "publisher-2"):
        records = [siege.site.setting.home(publisher) / f"set-aside/{name}.json" for name in forged]
        until(lambda records=records: all(record.exists() for record in records), 60)
        for record, (_, why) in zip(records, forged.values(), strict=True):
            assert why in json.loads(record.read_text())["what"]
        until(lambda name=publisher: "was published already" in siege.site.programs[name].said())
    assert _crls(siege) == wanted
    assert siege.believed_otherwise() == []
    attacker.put_back(EXCHANGE, now_there)


def test_bundle_that_the_ledger_did_not_make_stops_signing_and_loses_no_revocation(
    siege: Siege, attacker: Attacker
) -> None:
    """What is revoked meanwhile is recorded and not published; the signers say why, and make up for it."""
    serial, once = siege.fresh(), siege.site.servers.ledger()
    name = _after(_newest(attacker.everything(EXCHANGE)), 1000)
    attacker.put(EXCHANGE, BUNDLES + name, b"noise")
    siege.revoke(serial)
    until(lambda: any(f"holds {name}" in siege.site.programs[f"signer-{n}"].said() for n in "12"), 60)
    assert siege.site.servers.ledger()[serial]
    assert siege.believed_otherwise({serial: once[serial]}) == []
    attacker.remove(EXCHANGE, BUNDLES + name)
    siege.revoke(siege.fresh())  # has a signer look at once


def test_exchange_that_was_rolled_back_or_emptied_takes_nothing_back(siege: Siege, attacker: Attacker) -> None:
    """The older set of bundles, with the older status of the bucket, and none: what is published stays, or a signer
    that finds its bundle gone has made a newer one."""
    older, status = attacker.everything(EXCHANGE), attacker.everything(PUBLIC)
    with _revoked_since(siege, attacker) as newer:
        wanted = _crls(siege)
        for exchange in (older, {}):
            attacker.put_back(EXCHANGE, exchange)
            for key in (key for key in status if not key.startswith(("crl/", "issuer/"))):
                attacker.put(PUBLIC, key, status[key]["Body"])
            siege.looked()
            assert _lost(siege, wanted) == []
            assert siege.believed_otherwise() == []
        attacker.put_back(EXCHANGE, newer)


def test_public_bucket_that_was_rolled_back_is_noticed_and_put_right(
    siege: Siege, attacker: Attacker, url: str
) -> None:
    """`check` says that the number went back; the next look of the publisher puts the newest CRL again."""
    older = attacker.everything(PUBLIC)
    with _revoked_since(siege, attacker):
        wanted = _crls(siege)
        assert siege.check("--base-url", url)[0] == 0
        with _publisher_paused(siege):
            attacker.put_back(PUBLIC, older)
            code, said = siege.check("--base-url", url)
            assert (code, "went back: number" in said) == (2, True), said
        siege.put_right(lambda: _crls(siege) == wanted)


def test_both_buckets_rolled_back_are_noticed_and_the_newest_crl_is_put_again(
    siege: Siege, attacker: Attacker, url: str
) -> None:
    """`check` says that the number went back; the publisher's next look takes the newest of its archive."""
    older = {bucket: attacker.everything(bucket) for bucket in (EXCHANGE, PUBLIC)}
    with _revoked_since(siege, attacker) as newer:
        wanted = _crls(siege)
        assert siege.check("--base-url", url)[0] == 0
        with _publisher_paused(siege):
            for bucket, objects in older.items():
                attacker.put_back(bucket, objects)
            code, said = siege.check("--base-url", url)
            assert (code, "went back: number" in said) == (2, True), said
        siege.put_right(lambda: not _lost(siege, wanted))
        assert siege.believed_otherwise() == []
        publisher = siege.site.programs["publisher-2"]
        until(lambda: "the status is lost, or not the last one" in publisher.said())
        if _crls(siege)["bucket"] == wanted["bucket"]:  # else a signer looked meanwhile, and made a newer one
            until(lambda: "was put again from the archive" in publisher.said())
        attacker.put_back(EXCHANGE, newer)


def test_public_objects_that_the_ca_did_not_sign_are_believed_by_nobody_and_put_right(
    siege: Siege, attacker: Attacker, url: str
) -> None:
    """Deleted, cut, noise, another CA's, one for the other: `check` is critical until the publisher looks."""
    wanted, objects = _crls(siege), attacker.everything(PUBLIC)
    (crl_key,), (issuer_key,) = ([key for key in objects if key.endswith(end)] for end in (".crl", ".cer"))
    right, other = objects[crl_key]["Body"], CA(Authority("Example CA"))
    foreign = crl(other, 1 << 60, this_update=datetime.now(UTC).replace(microsecond=0))
    harms: list[tuple[bytes | None, bytes | None]] = [
        (None, b"noise"),
        (right[:-20], None),
        (foreign, other.der()),
        (right[:-1] + bytes([right[-1] ^ 1]), right),
    ]
    for harm in harms:
        with _publisher_paused(siege):
            for key, content in zip((crl_key, issuer_key), harm, strict=True):
                if content is None:
                    attacker.remove(PUBLIC, key)
                else:
                    attacker.put(PUBLIC, key, content)
            code, said = siege.check("--base-url", url)
            assert code == 2
            assert "crl example-ca all" in said
            assert siege.believed_otherwise() == []
        siege.put_right(lambda: attacker.everything(PUBLIC).get(issuer_key) == objects[issuer_key])
        siege.put_right(lambda: _crls(siege) == wanted)


def _forged(siege: Siege, folder: Path, older: bytes, exchange: Objects, newest: str) -> dict[str, tuple[bytes, str]]:
    """Bundles by name, each with a part of the reason for which it is refused; all newer than those of the signer."""
    now = datetime.now(UTC).replace(microsecond=0)
    key: Any = load_pem_private_key(siege.site.pki.ca_key.read_bytes(), pki.PASSPHRASE.encode())
    ours, theirs = (CA(Authority("Example CA", key=one, not_before=now - DAY)) for one in (key, None))
    delegate = theirs.responder(not_before=now - DAY, not_after=now + DAY)
    good = [response for serial in siege.site.pki.files for response in both(theirs, delegate, serial, this_update=now)]
    sequence = int(newest.partition("-")[0])
    told = {"this_update": now}
    by_name = {
        put_crl(folder, ours, sequence + 1, older, number=1 << 60, **told): "was published already",
        put_crl(folder, ours, sequence + 2, crl(ours, 1 << 60, signed_by=theirs, **told), **told): "signature",
        put_crl(folder, theirs, sequence + 3, crl(theirs, 1 << 60, **told), **told): "not configured",
        put_slice(folder, ours, sequence + 4, good, **told): "",
    }
    forged = {name: ((folder / name).read_bytes(), why) for name, why in by_name.items()}
    whole = exchange[BUNDLES + _newest(exchange)]["Body"]
    forged[_after(newest, 5)] = (whole, "")
    forged[_after(newest, 6)] = (whole[:-9000], "")
    forged[_after(newest, 7)] = (b"\x00" * 20_000, "")
    for number, (type_, path, why) in enumerate(_tricks(siege.canary), 8):
        name = put_crl(folder, ours, sequence + number, older, number=1 << 60, **told)
        forged[name] = (_with_member((folder / name).read_bytes(), type_, path), why)
    return forged


def _tricks(canary: Path) -> Iterator[tuple[bytes, str, str]]:
    """Members that whoever extracts a tar comes to regret: type, path, and why they are refused."""
    for type_ in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        yield type_, "crl/link", "regular file"
    yield tarfile.REGTYPE, str(canary), "absolute path"
    yield tarfile.REGTYPE, f"../../../../../../..{canary}", "leaves the bundle"


def _with_member(bundle: bytes, type_: bytes, path: str) -> bytes:
    """A bundle with one more."""
    out = io.BytesIO(bundle)
    with tarfile.open(fileobj=out, mode="a") as tar:
        member = tarfile.TarInfo(path)
        member.type, member.linkname = type_, "/etc/passwd" if type_ in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
        member.size = 4 if type_ == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(b"evil"))
    return out.getvalue()


def _newest(exchange: Objects) -> str:
    """The name of the newest bundle with a CRL."""
    return max(key.removeprefix(BUNDLES) for key in exchange if "-crl-" in key)


def _after(name: str, more: int) -> str:
    """The name of a bundle of the same part, so much later."""
    sequence, _, part = name.partition("-")
    return f"{int(sequence) + more:012d}-{part}"


def _crls(siege: Siege) -> dict[str, bytes]:
    return {where: fetch() for where, fetch in siege.parties.crls().items()}


def _lost(siege: Siege, before: Mapping[str, bytes]) -> list[str]:
    """Where a CRL is neither the same nor one with a higher number, or lacks an entry; all are valid."""
    verifier, at, found = siege.parties.edges["1"].verifier, datetime.now(UTC), []
    for where, der in _crls(siege).items():
        (number, listed, _), (once, then_listed, _) = verifier.crl(der, at), verifier.crl(before[where], at)
        if not (number > once or der == before[where]):
            found.append(f"{where}: number {number} after {once}")
        if not listed.items() >= then_listed.items():
            found.append(f"{where}: lacks {then_listed.keys() - listed.keys()}")
    return found


@contextmanager
def _revoked_since(siege: Siege, attacker: Attacker) -> Iterator[Objects]:
    """Revoke one more and have that published; the exchange then."""
    siege.revoke(siege.fresh())
    siege.converges()
    yield attacker.everything(EXCHANGE)


@contextmanager
def _publisher_paused(siege: Siege) -> Iterator[None]:
    """The one that fills the bucket stands still, so that nothing is put right meanwhile."""
    program = siege.site.programs["publisher-2"]
    program.pause()
    try:
        yield
    finally:
        program.resume()
