"""A series on both sides of the air gap: what is shown, signed once, taken in whole, and superseded by the next."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed, iso
from revocation.errors import ConfigurationError, Refused, RevocastError
from signer.ceremony import series, sign
from signer.ceremony.content import CRLContent, read_crl
from signer.ceremony.sign import People, hold, prepare
from signer.keys.limits import LimitReached
from signer.ledger import facts, issued, lost, this_updates
from signer.ledger.early import TooEarly
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.building.year import COUNT, DAY, EVERY, EXPIRES, Year

NOBODY = People((), ())
TWO = ', scopes = ["user", "ca"]'


class _PowerCut(Exception):
    pass


@pytest.fixture
def year(tmp_path: Path) -> Year:
    """Two machines, three certificates."""
    year = Year(tmp_path)
    year.online.register(year.signer, [1, 2, 3])
    return year


def contents(signer: Signer, names: list[str]) -> list[CRLContent]:
    """The CRLs of bundles in the exchange of a signer."""
    found = [read_crl(signer, name) for name in names]
    return [one for one in found if one is not None]


def test_ceremony_signs_the_whole_series_with_one_content(year: Year) -> None:
    """Windows that overlap, consecutive numbers, the same entries: none says more than the first."""
    year.revoke(2, NOW)
    held = year.sign(year.request(), NOW, "first")
    found = contents(year.there(), year.crls(year.offline))
    assert [one.this_update for one in found] == [NOW + n * EVERY for n in range(COUNT)]
    assert [one.next_update for one in found] == [NOW + n * EVERY + EXPIRES for n in range(COUNT)]
    first = found[0].number
    assert [one.number for one in found] == list(range(first, first + COUNT))
    assert all(one.entries == found[0].entries != {} for one in found)
    assert [one.number for one in held.crls] == [str(one.number) for one in found]


def test_plan_says_the_schedule_and_what_a_leaked_one_can_do(year: Year) -> None:
    """Before anybody agrees, and in the transcript."""
    request = year.request()
    shown = "\n".join(prepare(year.there(), request, fixed(NOW)).lines())
    number = int(NOW.timestamp())
    assert (
        f"a series of 12: number {number} from {iso(NOW)} to {iso(NOW + EXPIRES)}, then one every 30d, the last"
        in shown
    )
    last = NOW + 11 * EVERY
    assert f"the last number {number + 11}, from {iso(last)} until {iso(last + EXPIRES)}" in shown
    assert "it hides what is revoked after this ceremony" in shown
    held = year.sign(request, NOW, "first")
    assert "it hides what is revoked after this ceremony" in held.text()


@pytest.mark.parametrize("step", ["reserve", "enclose", "put_bundle"])
@pytest.mark.parametrize("number", [0, 4, 10])
def test_series_that_broke_off_goes_on_with_the_same_request(
    year: Year, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    """At whatever step of whichever CRL: the windows stay, what was signed stays, and no number has two contents."""
    request = year.request()
    there = year.there()
    agreed = prepare(there, request, fixed(NOW))
    where = issued if step == "reserve" else series
    real, calls = getattr(where, step), 0

    def power_cut(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += bool(step != "reserve" or more.get("ahead_of"))
        if calls > number:
            raise _PowerCut
        return real(*arguments, **more)

    monkeypatch.setattr(where, step, power_cut)
    with pytest.raises(_PowerCut):
        hold(there, request, agreed, NOBODY)
    monkeypatch.undo()
    before = contents(year.there(), year.crls(year.offline))
    assert len(before) == number + 1
    shown = "\n".join(prepare(year.there(), request, fixed(NOW + DAY)).lines())
    assert f"{number + 1} of them were signed before this ceremony broke off" in shown
    year.sign(request, NOW + DAY, "first")
    after = contents(year.there(), year.crls(year.offline))
    assert after[: number + 1] == before
    assert [one.this_update for one in after] == [NOW + n * EVERY for n in range(COUNT)]
    numbers = [one.number for one in after]
    assert numbers == sorted(set(numbers))
    year.accept("first", NOW + DAY)


def test_bundle_that_was_lost_in_between_is_made_again_with_all_behind_it(
    year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number would be above theirs else, and publishers would skip it."""
    request = year.request()
    there = year.there()
    agreed = prepare(there, request, fixed(NOW))

    def power_cut(*_: object) -> None:
        raise _PowerCut

    monkeypatch.setattr(sign, "_transcript", power_cut)
    with pytest.raises(_PowerCut):
        hold(there, request, agreed, NOBODY)
    monkeypatch.undo()
    fifth = year.crls(year.offline)[5]
    (year.offline.folder / "exchange" / fifth).unlink()
    held = year.sign(request, NOW + DAY, "first")
    assert len(held.crls) == COUNT
    numbers = [int(one.number) for one in held.crls]
    assert numbers == sorted(numbers)
    assert numbers[5:] == list(range(numbers[4] + 8, numbers[4] + 15))
    year.accept("first", NOW + DAY)


def test_next_ceremony_begins_a_series_anew_and_takes_out_the_old_one(year: Year) -> None:
    """On both machines; its numbers are above all of before, and nothing is too early for it."""
    year.hold(NOW, "first")
    old = contents(year.signer, year.crls(year.online))
    year.revoke(2, NOW + 5 * DAY)
    accepted = year.hold(NOW + 145 * DAY, "second")
    for machine, signer in ((year.online, year.signer), (year.offline, year.there())):
        new = contents(signer, year.crls(machine))
        assert [one.this_update for one in new] == [NOW + 145 * DAY + n * EVERY for n in range(COUNT)]
        assert min(one.number for one in new) > max(one.number for one in old)
        assert all(len(one.entries) == 1 for one in new)
    assert len(accepted.crls) == COUNT
    assert f"from {iso(NOW + 175 * DAY)} until {iso(NOW + 215 * DAY)}" in accepted.crls[1]


def test_later_look_at_a_ceremony_leaves_the_series_alone(year: Year) -> None:
    """Nothing is due by it, nothing of it is pruned, and no clock is said to be behind."""
    year.hold(NOW, "first")
    there = year.there()
    before = year.crls(year.offline)
    report = look(there, fixed(NOW + DAY / 2), at_ceremony=True)
    assert not report.made
    assert not [problem for problem in report.problems if "thisUpdate" in str(problem)]
    assert year.crls(year.offline) == before


def test_ca_that_ends_within_the_year_has_a_shorter_series(tmp_path: Path) -> None:
    """No CRL begins after its end, on either side."""
    year = Year(tmp_path, authority=Authority(not_before=NOW - DAY, days=101))
    accepted = year.hold(NOW, "first")
    assert len(accepted.crls) == 4


def test_two_crls_of_one_issuer_have_a_series_each(tmp_path: Path) -> None:
    """Whatever their numbers have in common; `accept` says which is which."""
    year = Year(tmp_path, crl=TWO)
    told = year.hold(NOW, "first").crls
    assert [sum(f"test: CRL {label}, number " in line for line in told) for label in ("user", "ca")] == [COUNT, COUNT]
    assert len(year.hold(NOW + 31 * DAY, "second").crls) == 2 * COUNT
    assert len(year.crls(year.online)) == 2 * COUNT


def test_folder_from_which_some_were_taken_is_refused(year: Year) -> None:
    """The transcript is not signed: who has the stick could shorten the year; nothing is taken in then."""
    year.sign(year.request(), NOW, "first")
    shutil.copytree(year.stick / "first", year.stick / "short")
    file = year.stick / "short/transcript.json"
    transcript = json.loads(file.read_text())
    crls = [one for one in transcript["bundles"] if "-crl-" in one["name"]]
    transcript["bundles"].remove(crls[7])
    file.write_text(json.dumps(transcript))
    with pytest.raises(Refused, match="signed 11 of it, and wanted are 12"):
        year.accept("short", NOW)
    assert year.crls(year.online) == []
    year.accept("first", NOW)


def test_machine_without_the_series_refuses_it(year: Year) -> None:
    """[public] is to be alike on both."""
    year.sign(year.request(), NOW, "first")
    file = year.online.folder / "revocast.toml"
    text = file.read_text()
    assert 'series = { count = 12, every = "30d" }' in text
    file.write_text(text.replace('series = { count = 12, every = "30d" }', 'renewal = "30d"'))
    year.signer = year.online.signer()
    with pytest.raises(Refused, match="signed 12 of it, and wanted are 1"):
        year.accept("first", NOW)


def test_key_refuses_what_begins_later_than_it_may(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the configuration of the moment says: the check stands at the key, when it signs."""
    request = year.request()
    there = year.there()
    agreed = prepare(there, request, fixed(NOW))
    real = there.keyring.limits_of
    shorter = real(there.public.profile("test").issuer).model_copy(update={"crl_ahead": timedelta(days=60)})
    monkeypatch.setattr(there.keyring, "limits_of", lambda _: shorter)
    with pytest.raises((LimitReached, RevocastError), match="begins 60d after it is signed at most"):
        hold(there, request, agreed, NOBODY)
    assert len(year.crls(year.offline)) == 3


@pytest.mark.parametrize(("crl", "most", "is_enough"), [("", 11, False), ("", 12, True), (TWO, 23, False)])
def test_key_that_may_not_sign_the_series_within_an_hour_is_refused_at_the_start(
    tmp_path: Path, crl: str, most: int, is_enough: bool
) -> None:
    """Else each ceremony would break off behind the last one that fits."""
    year = Year(tmp_path, crl=crl)
    config = year.offline.folder / "revocast.toml"
    config.write_text(
        config.read_text().replace('crl_ahead = "330d"', f'crl_ahead = "330d", signatures_per_hour = {most}')
    )
    if is_enough:
        year.there()
        return
    with pytest.raises(ConfigurationError, match=f"signs {most + 1} CRLs at once.*may make {most} signatures"):
        year.there()


def discarded(year: Year, now: datetime) -> int:
    """How many CRLs the offline ledger takes back, as an operator asks whose clock was wrong."""
    there = year.there()
    (profile,) = there.public.profiles.values()
    with there.ledger.read() as connection:
        return len(list(issued.later_than(connection, profile.issuer, now)))


def test_discard_takes_back_a_series_only_with_its_first(year: Year) -> None:
    """One that was begun in time is meant to go on; one that a clock which ran ahead began is not."""
    year.sign(year.request(), NOW, "first")
    assert discarded(year, NOW) == 0
    slices = discarded(year, NOW - DAY) - COUNT
    assert slices > 0


def test_ledger_that_is_reconciled_with_a_series_signs_on(year: Year) -> None:
    """A bundle of a lost ledger that begins later keeps no CRL waiting, and its number is not used again."""
    there = year.there()
    (profile,) = there.public.profiles.values()
    spec = profile.crls["all"]
    with there.ledger.write() as connection:
        facts.ensure_issuer(connection, profile.issuer)
        window = (NOW + 30 * DAY, NOW + 70 * DAY)
        lost.adopt(connection, profile.issuer, spec.part, 4711, window, ahead=True)
        this_updates.require_later(connection, spec.part, NOW)
        lost.adopt(connection, profile.issuer, spec.part, 4712, window)
        with pytest.raises(TooEarly):
            this_updates.require_later(connection, spec.part, NOW)
