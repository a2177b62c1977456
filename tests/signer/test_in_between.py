"""While a slice is signed whole, what cannot wait is made in between: also when something hangs, fails or waits."""

import errno
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revocation.clock import fixed
from revocation.errors import ExchangeError
from revocation.messages import Verb
from revocation.wire.exchange import FolderExchange, Stored
from signer import finding, signing
from signer import presign as presigning
from signer.due import Due
from signer.handle import handle
from signer.look import look
from signer.report import Report
from signer.responses import SignedResponses
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.slices import HOUR, SECOND, sign_slowly


def test_revocation_waits_for_no_process_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that signs the slice: its batch, which is the only one, comes a minute later."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, range(1, 100))
    look(signer, fixed(NOW))
    now = [NOW + 13 * HOUR]
    look(signer, fixed(now[0]), (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS))
    sign_slowly(now, monkeypatch)
    monkeypatch.setattr(signing, "WORTH", 50)
    start = signing.Processes.start

    def start_one_that_hangs(processes: signing.Processes) -> None:
        if not processes.pids:
            start(processes)
            os.kill(processes.pids[0], signal.SIGSTOP)
            handle(signer, estate.revoke(5, now=now[0]), fixed(now[0]))

    def let_it_go_on() -> None:
        for pid in signer.signing.pids:
            os.kill(pid, signal.SIGCONT)

    monkeypatch.setattr(signing.Processes, "start", start_one_that_hangs)
    report = look(signer, lambda: now[0], tell=let_it_go_on)
    assert report.problems == []
    assert [line.partition(" (")[0] for line in report.made] == ["test: crl all", *["test: ocsp slice 0"] * 2]
    assert "covers revision" in report.made[1]


def test_what_was_made_in_between_is_reported_when_finding_more_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRL is out and the slice goes on: who asked for it is told so."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer, now = estate.signer(), [NOW]
    estate.register(signer, range(1, 400))
    sign_slowly(now, monkeypatch)
    signing = presigning.sign_responses

    def fail(*_: object) -> Iterator[Due]:
        raise OSError(errno.EIO, "Input/output error")

    def revoke_then_sign(*arguments: Any) -> SignedResponses:
        handle(signer, estate.revoke(5, now=now[0]), fixed(now[0]))
        monkeypatch.setattr(finding, "due_slices", fail)
        return signing(*arguments)

    monkeypatch.setattr(presigning, "sign_responses", revoke_then_sign)
    told: list[str] = []
    report = look(signer, lambda: now[0], tell=lambda: told.append("made"))
    assert "Input/output error" in str(report.problems)
    assert [line.partition(" (")[0] for line in report.made[-3:]] == [*["test: crl all"] * 2, "test: ocsp slice 0"]
    assert len(told) == len(report.made)


@pytest.mark.parametrize(
    "error",
    [ExchangeError("cannot be listed: SlowDown", where="s3://bundles"), OSError(errno.EIO, "Input/output error")],
)
def test_slice_is_not_given_up_for_an_exchange_that_cannot_be_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A bucket that throttles: it is told, what is urgent is made a second later, and the slice is signed."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer, now = estate.signer(), [NOW]
    estate.register(signer, range(1, 400))
    sign_slowly(now, monkeypatch)
    signing, listing = presigning.sign_responses, FolderExchange.list
    failures = list[Exception]()

    def revoke_then_sign(*arguments: Any) -> SignedResponses:
        handle(signer, estate.revoke(5, now=now[0]), fixed(now[0]))
        failures.append(error)
        return signing(*arguments)

    def fail_once(exchange: FolderExchange) -> list[Stored]:
        if failures:
            raise failures.pop()
        return listing(exchange)

    monkeypatch.setattr(presigning, "sign_responses", revoke_then_sign)
    monkeypatch.setattr(FolderExchange, "list", fail_once)
    report = look(signer, lambda: now[0])
    assert len(report.problems) == 1
    assert [line.partition(" (")[0] for line in report.made[-2:]] == ["test: crl all", "test: ocsp slice 0"]


def look_after_a_crl(back: timedelta, where: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, list[timedelta]]:
    """Have a clock set back after a CRL, something revoked, and a slice signed in 30 seconds, in which no fact comes.

    Returns:
        The report, and how long after that CRL each thing was made.
    """
    estate = Estate.build(where / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, range(1, 4000))
    look(signer, fixed(NOW))
    begin = NOW + 13 * HOUR
    handle(signer, estate.revoke(4, now=begin - HOUR), fixed(begin - HOUR))
    look(signer, fixed(begin), (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS))
    now, told = [begin - back], list[timedelta]()
    handle(signer, estate.revoke(5, now=now[0]), fixed(now[0]))
    sign_slowly(now, monkeypatch)
    report = look(signer, lambda: now[0], tell=lambda: told.append(now[0] - begin))
    assert now[0] - begin > 20 * SECOND - back
    return report, told


@pytest.mark.parametrize("back", [0, 3, 15])
def test_crl_that_has_to_wait_for_a_second_waits_for_no_slice(
    back: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was made in the second of the revocation already, or in a later one, before a clock was set back."""
    report, told = look_after_a_crl(back * SECOND, tmp_path, monkeypatch)
    made = {what.split(" (")[0]: at for what, at in zip(report.made, told, strict=True)}
    assert made["test: crl all"] <= 3 * SECOND


def test_crl_that_has_to_wait_for_long_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each second in which a slice is signed: what it says of the clock is another thing each time."""
    report, _ = look_after_a_crl(HOUR, tmp_path, monkeypatch)
    assert sum("was signed, or something on it was revoked" in str(problem) for problem in report.problems) == 1
