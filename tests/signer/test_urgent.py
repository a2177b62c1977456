"""A new or revoked certificate waits for no slice: what changed is signed by itself, before what is signed whole."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from revocation import serials
from revocation.bundle.manifest import Manifest
from revocation.clock import Clock, fixed
from revocation.messages import Look, Verb, compose
from signer import finding
from signer import presign as presigning
from signer.due import Due
from signer.handle import handle
from signer.ledger.facts import slice_hash, slice_of
from signer.look import look
from signer.responses import SignedResponses
from signer.run import run
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import bundles, statuses
from tests.signer.slices import BEFORE, HOUR, SECOND, sign_slowly
from tests.whole.world import World

CHANGES = {
    "turn": (BEFORE, 13 * HOUR),
    "form": (BEFORE.replace(', "sha1"', ""), SECOND),
    "window": (BEFORE + 'expires = "7h"\nrenewal = "4h"\n', SECOND),
    "fewer slices": (BEFORE.replace("16", "8"), SECOND),
    "more slices": (BEFORE.replace("16", "24"), SECOND),
}


def last_of(slices: int) -> int:
    """A serial that is in the last slice."""
    return next(n for n in range(1, 1000) if slice_of(slice_hash(serials.from_int(n)), slices) == slices - 1)


def manifests(signer: Signer) -> list[tuple[Manifest, int]]:
    """Of the OCSP bundles in the exchange, each with the number of its responses."""
    return [(reader.manifest, len(responses)) for reader, responses in bundles(signer, "ocsp")]


def test_each_of_many_revocations_is_signed_by_itself_and_the_slice_follows(tmp_path: Path) -> None:
    """Also the one that finds the slice with many partial bundles: it is signed whole in a second of its own."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, range(1, 80))
    look(signer, fixed(NOW))
    kept = []
    for number in range(1, 80):
        moment = NOW + number * HOUR / 20
        handle(signer, estate.revoke(number, now=moment), fixed(moment))
        again_at = look(signer, fixed(moment)).again_at
        newest, number_of = manifests(signer)[-1]
        assert (newest.complete, newest.this_update, number_of) == (False, moment, 2)
        if again_at:
            look(signer, fixed(again_at))
            newest, number_of = manifests(signer)[-1]
            assert (newest.complete, newest.this_update, number_of) == (True, again_at, 2 * 79)
        kept.append(len(manifests(signer)))
    assert max(kept) <= 33
    assert kept.count(1) == 3


@pytest.mark.parametrize(("configured", "later"), CHANGES.values(), ids=CHANGES)
def test_revoked_certificate_of_the_last_slice_is_signed_before_all_slices_are(
    tmp_path: Path, configured: str, later: timedelta
) -> None:
    """All are due, by their turn or by what was configured: what lacks a fact comes first, alone where that can be."""
    estate = Estate.build(tmp_path / "e", public=BEFORE)
    signer = estate.signer()
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace(BEFORE, configured))
    signer, moment = estate.signer(), NOW + later
    slices = next(iter(signer.public.profiles.values())).ocsp.slices
    handle(signer, estate.revoke(last_of(slices), now=moment), fixed(moment))
    made = look(signer, fixed(moment), (Verb.PRESIGN,)).made
    assert made[0].startswith(f"test: ocsp slice {slices - 1} (")
    assert ("covers revision" in made[0]) == (slices == 16)
    look(signer, fixed(moment + SECOND), (Verb.PRESIGN,))
    assert len({manifest.part.slice for manifest, _ in manifests(signer) if manifest.this_update >= moment}) == slices
    assert look(signer, fixed(moment + 2 * SECOND), (Verb.PRESIGN,)).made == []


def test_fact_that_comes_while_all_slices_are_signed_for_the_first_time_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million certificates were imported, and the first of them is revoked before its slice was ever signed."""
    estate = Estate.build(tmp_path / "e", public=BEFORE)
    signer = estate.signer()
    estate.register(signer, range(1, 200))
    told: list[int] = []

    def revoke() -> None:
        if len(told) == 4:
            handle(signer, estate.revoke(last_of(16)), fixed(NOW))
        told.append(1)

    look(signer, fixed(NOW), tell=revoke)
    made = look(signer, fixed(NOW + SECOND), (Verb.PRESIGN,)).made
    assert made[0].startswith("test: ocsp slice 15 (was never signed, and a certificate changed at")


def test_slices_that_are_numbered_anew_are_signed_once_each(tmp_path: Path) -> None:
    """What lacks a fact came first; it is not signed again with the others, however long a look takes."""
    estate = Estate.build(tmp_path / "e", public=BEFORE)
    signer = estate.signer()
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace("slices = 16", "slices = 8"))
    signer = estate.signer()
    handle(signer, estate.revoke(last_of(8), now=NOW + SECOND), fixed(NOW + SECOND))
    seconds = count(1)
    assert len(look(signer, lambda: NOW + next(seconds) * SECOND, (Verb.PRESIGN,)).made) == 8


@pytest.mark.parametrize("partials", [0, 32])
def test_revocation_that_comes_while_its_slice_is_signed_whole_does_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partials: int
) -> None:
    """It is published before the slice is, and the slice, which was read before, does not take it back."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    estate.register(estate.signer(), range(1, 400))
    with World(estate) as world:
        world.tick()
        for serial in range(101, 101 + partials):
            world.now += SECOND
            world.revoke(serial)
            world.tick()
        before = set(range(101, 101 + partials))
        known = 399 + partials
        world.now += 13 * HOUR
        if partials:
            world.revoke(100)
            known, before = known + 1, before | {100}
        signing = presigning.sign_responses

        def revoke_then_sign(*arguments: Any) -> SignedResponses:
            monkeypatch.undo()
            world.now += SECOND
            world.revoke(5)
            return signing(*arguments)

        said: list[tuple[str, set[int], int]] = []

        def publish() -> None:
            world.publish()
            newest, _ = max(manifests(world.signer), key=lambda one: one[0].this_update)
            said.append((world.ocsp(5).status, world.crl_serials(), newest.base_revision))

        monkeypatch.setattr(presigning, "sign_responses", revoke_then_sign)
        report = look(world.signer, lambda: world.now, (Verb.GENERATE_CRLS, Verb.PRESIGN), tell=publish)
        assert report.problems == []
        first, then = said[0], said[1:]
        assert first[:2] == ("GOOD", before)
        assert [one[:2] for one in then] == [("GOOD", before | {5}), *[("REVOKED", before | {5})] * 2]
        assert then[-1][2] > 0
        assert [manifest.complete for manifest, _ in manifests(world.signer)] == [True, False]
        (row,) = world.statuses()[1].slices
        assert (row.revision, world.ocsp(6).this_update) == (known + 1, world.now - SECOND)
        assert look(world.signer, lambda: world.now).made == []


def test_revocation_of_just_before_a_slice_is_begun_does_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came when the look had found what is due, and is published while the slice is signed."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 1\n")
    signer = estate.signer()
    estate.register(signer, range(1, 600))
    look(signer, fixed(NOW))
    now = [NOW + 13 * HOUR]
    look(signer, fixed(now[0]), (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS))
    now[0] += SECOND
    found = finding.due_slices

    def find_then_revoke(*arguments: Any) -> Iterator[Due]:
        due = list(found(*arguments))
        monkeypatch.setattr(finding, "due_slices", found)
        handle(signer, estate.revoke(5, now=now[0]), fixed(now[0]))
        return iter(due)

    monkeypatch.setattr(finding, "due_slices", find_then_revoke)
    sign_slowly(now, monkeypatch)
    made = look(signer, lambda: now[0]).made
    assert [line.partition(" (")[0] for line in made[:3]] == ["test: crl all", *["test: ocsp slice 0"] * 2]
    assert "covers revision" in made[1]


def test_form_that_is_configured_back_leaves_no_response_in_the_other(tmp_path: Path) -> None:
    """A partial bundle went out in the other form before its slice did."""
    estate = Estate.build(tmp_path / "e", public=BEFORE.replace("16", "1"))
    signer = estate.signer()
    estate.register(signer, range(1, 9))
    look(signer, fixed(NOW))
    handle(signer, estate.revoke(1, now=NOW + SECOND), fixed(NOW + SECOND))
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace(', "sha1"', ""))
    assert len(look(estate.signer(), fixed(NOW + SECOND), (Verb.PRESIGN,)).made) == 1
    path.write_text(path.read_text().replace('["sha256"', '["sha256", "sha1"'))
    signer = estate.signer()
    assert "has responses for sha256" in str(look(signer, fixed(NOW + 2 * SECOND), (Verb.PRESIGN,)).made)
    assert set(statuses(signer).items()) >= {((1, "sha256"), "REVOKED"), ((1, "sha1"), "REVOKED")}


def test_run_signs_the_slice_as_well_as_what_it_lacked(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """`refresh` by cron: the next one may be hours away, and find the next fact."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    now = [NOW + 13 * HOUR]
    handle(signer, estate.revoke(1, now=now[0]), fixed(now[0]))
    clock: Clock = lambda: now[0]  # noqa: E731 - as the real one
    monkeypatch.setattr("revocation.clock.now", clock)
    monkeypatch.setattr("time.sleep", lambda _: now.append(now.pop() + SECOND))
    line = compose(Verb.PRESIGN, Look(), now[0]).model_dump_json()
    result = CliRunner().invoke(run, ["--config", str(estate.folder / "revocast.toml")], input=line)
    assert result.exit_code == 0, result.output
    assert '"detail":"2 made"' in result.stdout
    (newest,) = manifests(signer)
    assert newest[0].complete
