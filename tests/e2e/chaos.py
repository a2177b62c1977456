"""The site while things go wrong: somebody revokes, a monitor watches, and afterwards all is as it should be."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.e2e import pki, run
from tests.e2e.agreement import Parties
from tests.e2e.alone import work_alone
from tests.e2e.configuration import EDGES, SHORT, TARGETS
from tests.e2e.disturb import all_of, carry_out, plan, settled
from tests.e2e.noted import await_noted
from tests.e2e.report import Report
from tests.e2e.revoking import Operator
from tests.e2e.servers import Verdict
from tests.e2e.site import Site

_ROOT: Final = Path(__file__).parents[2]
_BY_EASYRSA: Final = 3
_CONVERGING: Final = 4 * run.PERIOD
"""Seconds after which it is given up; within one period is what `require_prompt` wants."""

_WORK: Final = 15.0
"""Seconds in which work that was asked for at the begin of a slot has succeeded."""

_MOST: Final = {
    "converged_after": run.PERIOD,
    "noted_after": run.PERIOD + _WORK,
    **{f"seen_after_{edge}": run.PERIOD for edge in EDGES},
    **{f"noted_after_{edge}": run.PERIOD + _WORK for edge in EDGES},
}


class Monitor:
    """The process that watches.

    Attributes:
        counts: what it saw, once it has ended.
        violations: what it wrote down.
    """

    def __init__(self, site: Site, parties: Parties, seed: int) -> None:
        edge = parties.edges["1"]
        self._file = site.folder / "violations.jsonl"
        told = {
            "ca": str(site.pki.ca_certificate),
            "path": edge.path,
            "edges": {name: one.port for name, one in parties.edges.items()},
            "s3": site.servers.s3.port,
            "s3_ca": str(site.servers.s3.ca),
            "serials": [f"{serial:X}" for serial in site.pki.files],
            "violations": str(self._file),
            "seed": seed,
        }
        (site.folder / "monitor.json").write_text(json.dumps(told))
        command = [sys.executable, "-m", "tests.e2e.monitor", str(site.folder / "monitor.json")]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.counts: dict[str, int] = {}
        self.violations: list[dict[str, Any]] = []

    def tell(self, what: str) -> None:
        """A disturbance begins, or is over; returns when it is known there."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline().strip()
        assert said == what, f"the monitor says {said!r}"

    def stop(self) -> None:
        """Have it end, and read what it has."""
        said, _ = self._process.communicate(timeout=60)
        self.counts = json.loads(said)
        if self._file.exists():
            self.violations = [json.loads(line) for line in self._file.read_text().splitlines()]

    def kill(self) -> None:
        """However it goes."""
        self._process.kill()
        self._process.communicate()


def chaos(
    folder: Path, certificates: int, seconds: float, report: Report, seed: int, hang: Collection[str] = ()
) -> None:
    """Do all of it; what was wrong stands in the report then.

    Args:
        hang: programs that stand still from the end of the trouble on, to see that this is noticed.
    """
    report.figures |= {"seed": seed, "certificates": certificates, "chaos_seconds": seconds}
    report.say(f"seed {seed}")
    made = pki.make(folder, certificates, _BY_EASYRSA)
    with ExitStack() as stack:
        site = stack.enter_context(Site(folder, made, SHORT))
        site.start()
        parties = run.parties_of(site)
        run.publish(site, parties, report)
        monitor = Monitor(site, parties, seed)
        stack.callback(monitor.kill)
        draw = random.Random(seed)
        planned = plan(all_of(site, draw), seconds, draw)
        operator = Operator(site, site.pki.files, random.Random(seed))
        with report.step("chaos", f"{seconds:.0f} s of trouble"), operator, _reviving(site):
            began = time.monotonic()
            counts = carry_out(planned, report.say, monitor.tell)
            report.say("until what clocks that ran ahead have made is of the past")
            time.sleep(max(0.0, began + settled(planned) - time.monotonic()))
            mended = time.monotonic()
            report.say("all is mended; whoever was killed starts again")
            for program in site.programs.values():
                program.await_revived(run.PERIOD)
        for name in hang:
            site.programs[name].pause()
        ledger = site.servers.ledger()
        report.hold(operator.problems)
        report.hold(_lost(operator, ledger))
        _converge(site, parties, report, mended)
        with report.step("noted", "until all of the periodic work was asked for and done anew"):
            lacking, took = await_noted(site.servers, TARGETS, _CONVERGING)
            report.hold(lacking)
            report.figures["noted_after"] = round(took, 1)
        work_alone(site, parties, report, random.Random(seed))
        with report.step("converge_again", "until everybody is told what the ledger says"):
            ledger = site.servers.ledger()
            run.await_none(lambda: [*parties.lists(ledger), *parties.answers(ledger)], _CONVERGING)
        monitor.stop()
        report.hold(f"{one['at']} {one['where']}: {one['what']}" for one in monitor.violations)
        seen = monitor.counts
        report.hold([] if seen.get("ocsp valid") and seen.get("crl valid") else ["the monitor saw nothing"])
        report.figures |= {
            "disturbances": dict(sorted(counts.items())),
            "acknowledged": len(operator.acknowledged),
            "asked_again": operator.repeated,
            "seen": dict(sorted(seen.items())),
        }


@contextmanager
def _reviving(site: Site) -> Iterator[None]:
    """As systemd would, for what ends because a server is away at its start."""
    end = threading.Event()

    def revive() -> None:
        while not end.wait(1.0):
            for program in site.programs.values():
                program.revive()

    thread = threading.Thread(target=revive)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _lost(operator: Operator, ledger: dict[int, Verdict]) -> Iterator[str]:
    """What was acknowledged and is not in the ledger, or otherwise than was asked."""
    for serial, reason in operator.acknowledged.items():
        verdict = ledger[serial]
        if verdict is None or verdict[1] != reason:
            yield f"{serial:X} was acknowledged as revoked for {reason}, and the ledger says {verdict}"


def _converge(site: Site, parties: Parties, report: Report, mended: float) -> None:
    """What the ledger says is what everybody is told; `require_prompt` judges how soon after all was mended."""
    ledger = site.servers.ledger()
    with report.step("converge", "until everybody is told what the ledger says"):
        run.await_none(lambda: [*parties.lists(ledger), *parties.answers(ledger)], _CONVERGING)
    report.figures["converged_after"] = round(time.monotonic() - mended, 1)


def require_prompt(report: Report) -> None:
    """Hold against a run what took longer than one period, and for periodic work than what that takes besides."""
    for name, most in _MOST.items():
        took: float = report.figures.get(name, 0.0)
        report.hold([] if took <= most else [f"{name}: {took} s, and {most:.0f} s are allowed"])
