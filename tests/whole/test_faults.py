"""Killed at any moment: what is served stays valid, what was acknowledged is published after the next look.

A process revokes, signs and publishes, and is ended without a chance to clean up where a function of ours is entered or
left: before, within and after the ledger's commits, the bundle's put, each target's put, the marks and the status, and
everywhere in between. Each of these has its share of the crashes, spread over the whole work.
"""

import json
import multiprocessing
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest

from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import Watch, World

ANYWHERE = "anywhere"
SHARES = {"ledger": 12, "bundle": 10, "files": 14, "store": 10, "marks": 8, "status": 8, ANYWHERE: 8}
"""How many crashes each stratum gets."""

STEPS = {
    "ledger": {
        "signer.ledger.ledger": {"write"},
        "signer.ledger.issued": {"mark_stored"},
        "signer.ledger.replies": {"keep_reply"},
    },
    "bundle": {
        "signer.produce": {"put_bundle"},
        "revocation.wire.exchange": {"put", "remove"},
    },
    "files": {
        "revocation.durable": {"_sweep", "sync_folder"},  # after the content was written, and after it was renamed
        "publisher.targets.directory": {"put", "save_status", "_write"},
    },
    "store": {"publisher.targets.lmdb": {"put", "introduce", "withdraw", "save_status"}},
    "marks": {"publisher.marks": {"set_crl", "expect_status", "put", "__enter__", "__exit__"}},
    "status": {
        "publisher.status": {"save_status"},
        "publisher.session": {"begin", "step", "finish", "_deal_with", "_save"},
    },
}
"""The functions of each stratum, by module. That of a transaction is entered and left around its commit too."""

STRATUM = {
    (module, name): stratum for stratum, modules in STEPS.items() for module, names in modules.items() for name in names
}
SERIALS = set(range(1, 9))
LATER = NOW + timedelta(hours=2)
ROOMS = ("revocation", "signer", "publisher")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.whole.test_faults"])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """An installation in service: certificates known, everything published, two hours old."""
    estate = Estate.build(tmp_path_factory.mktemp("base") / "estate")
    world = World(estate)
    estate.register(world.signer, SERIALS)
    world.tick()
    return estate


def work(folder: Path, diary: Path, end_at: tuple[str, int] | None) -> None:
    """Revoke, look, publish, twice; acknowledged serials go to the diary. Ends as if by a power cut at one step."""
    steps: Counter[str] = Counter()

    def reach(stratum: str) -> None:
        steps[stratum] += 1
        if (stratum, steps[stratum]) == end_at:
            os._exit(9)

    def count(frame: FrameType, event: str, arg: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event in ("call", "return") and module.partition(".")[0] in ROOMS:
            reach(ANYWHERE)
            name = frame.f_code.co_name
            if (module, name) in STRATUM:
                steps[f"{module}.{name}"] += 1
                reach(STRATUM[module, name])

    world = World(Estate.at(folder), LATER)
    sys.setprofile(count)
    for serial in (3, 5):
        world.revoke(serial)
        with diary.open("a") as file:
            file.write(f"{serial}\n")
        world.look()
        world.publish()
        world.now += timedelta(seconds=2)
    sys.setprofile(None)
    diary.with_suffix(".steps").write_text(json.dumps(steps))


def run(estate: Estate, diary: Path, end_at: tuple[str, int] | None) -> int | None:
    """The exit code of a process that does the work."""
    process = context.Process(target=work, args=(estate.folder, diary, end_at))
    process.start()
    process.join(60)
    return process.exitcode


@pytest.fixture(scope="module")
def steps(base: Estate, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How often the undisturbed work enters or leaves a function of each stratum, and each function of them."""
    folder = tmp_path_factory.mktemp("undisturbed")
    estate = copy(base, folder / "estate")
    assert run(estate, folder / "diary", None) == 0
    found: dict[str, int] = json.loads((folder / "diary.steps").read_text())
    return found


def copy(base: Estate, folder: Path) -> Estate:
    shutil.copytree(base.folder, folder)
    return Estate.at(folder)


def test_every_stratum_has_enough_steps_and_every_function_of_it_is_reached(steps: dict[str, int]) -> None:
    """A function that was renamed, or is no longer called, would leave a gap where nothing crashes."""
    assert {f"{module}.{name}" for module, name in STRATUM} <= steps.keys()
    assert {stratum for stratum, share in SHARES.items() if steps[stratum] < share} == set()
    assert min(SHARES.values()) >= 8


def nth_step(steps: int, share: int, seed: int) -> int:
    """One step of the seed's part of the work, which is cut into as many parts as there are seeds."""
    first, last = seed * steps // share, (seed + 1) * steps // share
    return random.Random(seed).randrange(first, last) + 1


@pytest.mark.parametrize(("stratum", "seed"), [(name, seed) for name, share in SHARES.items() for seed in range(share)])
def test_work_killed_anywhere_converges_and_loses_nothing(
    base: Estate, steps: dict[str, int], stratum: str, seed: int, tmp_path: Path
) -> None:
    """Valid at once, converged after one look, nothing acknowledged lost, nothing revoked turned good."""
    estate = copy(base, tmp_path / "estate")
    watch = Watch()
    with World(estate, LATER) as world:
        watch.look(world, SERIALS)
    assert run(estate, tmp_path / "diary", (stratum, nth_step(steps[stratum], SHARES[stratum], seed))) == 9
    acknowledged = {int(line) for line in read(tmp_path / "diary")}
    world = World(estate, LATER + timedelta(seconds=10))
    watch.look(world, SERIALS)
    world.tick()
    watch.look(world, SERIALS)
    assert acknowledged <= world.crl_serials() <= {3, 5}
    assert {serial for serial in SERIALS if world.ocsp(serial).status == "REVOKED"} == world.crl_serials()
    assert all(status.set_aside == [] for status in world.statuses())


def read(diary: Path) -> list[str]:
    return diary.read_text().splitlines() if diary.exists() else []


LOSSES: dict[str, Callable[[Path], object]] = {
    "a bundle": lambda folder: sorted((folder / "exchange").glob("*.tar"))[0].unlink(),
    "all bundles": lambda folder: shutil.rmtree(folder / "exchange"),
    "a damaged bundle": lambda folder: sorted((folder / "exchange").glob("*.tar"))[-1].write_bytes(b"\0" * 100),
    "the status of the folder": lambda folder: (folder / "public/status.json").unlink(),
    "the folder": lambda folder: shutil.rmtree(folder / "public"),
    "the store": lambda folder: shutil.rmtree(folder / "store"),
    "a CRL": lambda folder: next((folder / "public/www/crl").rglob("*.crl")).unlink(),
    "a damaged CRL": lambda folder: next((folder / "public/www/crl").rglob("*.crl")).write_bytes(b"damaged"),
    "the publisher's marks": lambda folder: shutil.rmtree(folder / "publisher"),
    "marks and targets": lambda folder: [*map(shutil.rmtree, (folder / n for n in ("publisher", "public", "store")))],
}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_heals_at_the_next_look(base: Estate, loss: str, tmp_path: Path) -> None:
    """Whatever is deleted or damaged outside the ledger comes back, and no revoked certificate turns good meanwhile."""
    estate = copy(base, tmp_path / "estate")
    world, watch = World(estate, LATER), Watch()
    world.revoke(3)
    world.tick()
    world.now += timedelta(seconds=2)
    watch.look(world, SERIALS)
    world.close()
    LOSSES[loss](estate.folder)
    world = World(estate, world.now + timedelta(seconds=10))
    for _ in range(3):
        world.tick()
        watch.look(world, SERIALS)
        world.now += timedelta(minutes=1)
    assert world.crl_serials() == {3}
    assert [world.ocsp(serial).status for serial in sorted(SERIALS)] == ["GOOD"] * 2 + ["REVOKED"] + ["GOOD"] * 5


def test_slice_read_before_a_revocation_and_published_after_it_does_not_turn_it_good(
    base: Estate, tmp_path: Path
) -> None:
    """The older reading is complete and well signed, and comes late: the newer answer stays."""
    estate = copy(base, tmp_path / "estate")
    world = World(estate, NOW + timedelta(hours=12, minutes=30))
    world.look()  # the slices are due by time: read and signed before the revocation
    late = tmp_path / "late"
    shutil.copytree(estate.folder / "exchange", late)
    world.now += timedelta(minutes=1)
    world.revoke(3)
    world.look()
    world.publish()
    assert world.ocsp(3).status == "REVOKED"
    for bundle in sorted(late.glob("*-ocsp-*.tar")):
        shutil.copy(bundle, estate.folder / "exchange" / bundle.name)
    world.publish()
    assert world.ocsp(3).status == "REVOKED"
