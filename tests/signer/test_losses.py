"""What is lost or damaged is made again; what must not be lost stops the signer."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from revocation.clock import fixed
from revocation.errors import KeyUnavailable, RevocastError
from revocation.messages import Look, Verb
from revocation.published import SliceRow
from revocation.status import Revocation
from revocation.wire.exchange import FolderExchange
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import behind, names, statuses

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_lost_bundle_is_made_again(estate: Estate) -> None:
    """A bundle that is gone from the exchange, or cut short there, is due."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    crl, responses = names(signer)
    (estate.folder / "exchange" / crl).unlink()
    (estate.folder / "exchange" / responses).write_bytes(b"short")
    made = look(signer, fixed(NOW + SECOND)).made
    assert ["gone from the exchange" in line for line in made] == [True, True]
    assert statuses(signer)[1, "sha1"] == "GOOD"


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_lost_partial_bundle_is_made_again_with_what_followed_it(tmp_path: Path, lost: int) -> None:
    """Those behind it say only what changed after it, so what it said is nowhere until it is signed again."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, range(1, 9))
    look(signer, fixed(NOW))
    for number in (1, 2, 3):
        moment = NOW + number * SECOND
        handle(signer, estate.revoke(number, now=moment), fixed(moment))
        look(signer, fixed(moment))
    partials = [name for name in names(signer) if "-ocsp-" in name][1:]
    assert len(partials) == 3
    (estate.folder / "exchange" / partials[lost]).unlink()
    (made,) = look(signer, fixed(NOW + 4 * SECOND)).made
    assert "ocsp slice 0 (covers revision" in made
    assert {statuses(signer)[number, "sha1"] for number in (1, 2, 3)} == {"REVOKED"}
    assert look(signer, fixed(NOW + 5 * SECOND)).made == []


def test_damaged_bundle_is_made_again_when_a_target_is_said_to_lack_it(estate: Estate) -> None:
    """A hint makes the signer read its bundle; one with its size and another content is replaced, a good one is not."""
    signer = estate.signer()
    estate.register(signer, [1], revocation=Revocation(NOW - HOUR))
    look(signer, fixed(NOW))
    hint = Look(crls=(behind(signer, revision=0),))
    assert look(signer, fixed(NOW + SECOND), [Verb.GENERATE_CRLS], hint).made == []
    path = estate.folder / "exchange" / names(signer)[0]
    path.write_bytes(path.read_bytes().replace(b"crl_number", b"crl_nvmber"))
    assert look(signer, fixed(NOW + SECOND), [Verb.GENERATE_CRLS]).made == []
    assert len(look(signer, fixed(NOW + SECOND), [Verb.GENERATE_CRLS], hint).made) == 1


@pytest.mark.parametrize("task", [Verb.GENERATE_CRLS, Verb.PRESIGN])
def test_damaged_renewal_is_made_again_while_what_it_renews_is_published(tmp_path: Path, task: Verb) -> None:
    """It covers no other revision; if it were let be until its own renewal, what is published would expire before."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    (profile,) = signer.public.profiles.values()
    times = {"this_update": NOW, "next_update": NOW + 24 * HOUR, "renew_at": NOW + 12 * HOUR}
    responses = SliceRow(issuer=profile.issuer.id, slice=0, revision=1, count=2, **times)
    hint = Look(crls=(behind(signer, revision=1),), slices=(responses,))
    later = NOW + 13 * HOUR
    assert look(signer, fixed(later), [task], hint).made
    assert look(signer, fixed(later + SECOND), [task], hint).made == []
    path = estate.folder / "exchange" / names(signer)[-1]
    path.write_bytes(bytes(path.stat().st_size))
    (made,) = look(signer, fixed(later + 2 * SECOND), [task], hint).made
    assert "gone from the exchange" in made


def test_bundle_that_is_not_published_is_read_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher may be away for hours, and slices of a million certificates weigh a gigabyte; a disk may rot."""
    signer = Estate.build(tmp_path / "e").signer()
    look(signer, fixed(NOW), [Verb.GENERATE_CRLS])
    hint = Look(crls=(behind(signer, revision=0),))
    opened: list[str] = []
    before = FolderExchange.open
    monkeypatch.setattr(FolderExchange, "open", lambda self, name: (opened.append(name), before(self, name))[1])
    for number in range(3):
        assert look(signer, fixed(NOW + number * SECOND), [Verb.GENERATE_CRLS], hint).made == []
    assert opened == names(signer)
    assert look(signer, fixed(NOW + HOUR), [Verb.GENERATE_CRLS], hint).made == []
    assert opened == 2 * names(signer)


def test_what_is_said_of_responses_has_no_crl_read(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CRL may have a million entries, and the schedule tells of responses by themselves."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    (profile,) = signer.public.profiles.values()
    monkeypatch.setattr(FolderExchange, "open", lambda _, name: opened.append(name))
    opened: list[str] = []
    times = {"this_update": NOW, "next_update": NOW + HOUR, "renew_at": NOW + HOUR}
    rows = [SliceRow(issuer=profile.issuer.id, slice=n, revision=1, count=2, **times) for n in range(16)]
    assert look(signer, fixed(NOW + SECOND), hint=Look(slices=rows)).made == []
    assert opened == []


class FullExchange(FolderExchange):
    """One whose disk fills up while a bundle is written: such an error names no file."""

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_exchange_is_named_with_the_issuer_and_what_to_do(estate: Estate) -> None:
    """Whoever reads it knows which disk to look at, and that nothing else is to be done."""
    signer = estate.signer()
    full = replace(signer, exchange=FullExchange(signer.config.exchange))
    (problem,) = look(full, fixed(NOW), [Verb.GENERATE_CRLS]).problems
    said = str(problem)
    assert said.startswith("issuer test: crl all could not be stored: No space left on device (see to room and rights")
    assert f"the exchange {estate.folder / 'exchange'} and in " in said
    assert "next look" in said
    assert "None" not in said


def test_file_that_cannot_be_made_is_named(estate: Estate) -> None:
    """Where the error says which file it is, that one and no guess."""
    (estate.folder / "exchange").touch()
    (problem,) = look(estate.signer(), fixed(NOW), [Verb.GENERATE_CRLS]).problems
    assert f"rights in {estate.folder / 'exchange'}" in str(problem)


def test_absent_ca_key_is_named_and_presigning_goes_on_with_the_delegate(estate: Estate) -> None:
    """Without the CA key no CRL can be made, which is said; the responder key still signs what changed."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    (estate.folder / "ca.key").unlink()
    without = estate.signer()
    handle(without, estate.revoke(1, now=NOW + SECOND), fixed(NOW + SECOND))
    report = look(without, fixed(NOW + SECOND))
    assert [type(problem) for problem in report.problems] == [KeyUnavailable]
    assert statuses(without)[1, "sha256"] == "REVOKED"


def test_lost_or_damaged_responder_key_is_replaced_at_the_next_look(estate: Estate) -> None:
    """The certificate is in the ledger, but without its key nothing can be signed: another is made."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    (key,) = (estate.folder / "signer/keys").glob("*.pem")
    key.write_bytes(b"damaged")
    again = estate.signer()
    assert "none that can sign" in look(again, fixed(NOW + 12 * HOUR)).made[0]
    assert statuses(again)[1, "sha1"] == "GOOD"


def test_key_whose_certificate_could_not_be_made_is_deleted_and_no_other_file(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure leaves no key behind; what else lies in the folder, a CA key perhaps, is never touched."""
    folder = estate.folder / "signer/keys"
    folder.mkdir(parents=True)
    (folder / "ca.pem").write_bytes((estate.folder / "ca.key").read_bytes())
    (estate.folder / "ca.key").unlink()
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"file:ca.key"', '"file:signer/keys/ca.pem"'))
    signer = estate.signer()
    with monkeypatch.context() as patch:
        patch.setattr("signer.responder_certificates.responders.set_certificate", _fail)
        assert len(look(signer, fixed(NOW), [Verb.GENERATE_OCSP_KEYS]).problems) == 1
    assert [path.name for path in folder.glob("*.pem")] == ["ca.pem"]
    for days in (0, 6, 12, 18):
        look(signer, fixed(NOW + timedelta(days=days)))
    assert (folder / "ca.pem").exists()
    assert len(list(folder.glob("*.pem"))) <= 3


def _fail(*_: object, **__: object) -> None:
    raise RevocastError("the ledger could not be written")


@pytest.mark.long
@pytest.mark.parametrize("lose", [lambda path: path.unlink(), lambda path: path.with_suffix(".old").replace(path)])
def test_ledger_that_did_not_make_the_last_bundle_signs_nothing(estate: Estate, lose: Callable[[Path], None]) -> None:
    """Lost, mistyped or restored from a copy: a CRL without what was revoked since must not be made."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    ledger = estate.folder / "signer/ledger.sqlite"
    with (
        contextlib.closing(sqlite3.connect(ledger)) as here,
        contextlib.closing(sqlite3.connect(ledger.with_suffix(".old"))) as copy,
    ):
        here.backup(copy)
    handle(signer, estate.revoke(1, now=NOW + SECOND), fixed(NOW + SECOND))
    look(signer, fixed(NOW + SECOND))
    before = names(signer)
    lose(ledger)
    for left in estate.folder.glob("signer/ledger.sqlite-*"):
        left.unlink()
    with pytest.raises(RevocastError, match="lost, an old copy, or another one"):
        look(estate.signer(), fixed(NOW + 13 * HOUR))
    assert names(signer) == before
