"""One of each pair of services, while its twin is stopped: that one alone does the work.

While both live a twin that hangs is not seen: the other does what it leaves undone.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from revocation.errors import NoAnswer
from revocation.messages import Outcome
from tests.e2e.agreement import Parties
from tests.e2e.configuration import EDGES, TARGETS_OF
from tests.e2e.noted import await_noted
from tests.e2e.report import Report
from tests.e2e.run import PERIOD, await_none
from tests.e2e.site import Site

_PATIENCE: Final = 3 * PERIOD
_STOPPING_SECONDS: Final = 75.0
"""Longer than any service takes to end what it is at."""


def work_alone(site: Site, parties: Parties, report: Report, draw: random.Random) -> None:
    """First the ones, then the others; what each side did not do alone stands in the report, and when it did the rest.

    The figures `seen_after_N` and `noted_after_N` are for who judges how soon.
    """
    for edge in reversed(EDGES):
        twins = [name for name in site.programs if not name.endswith(f"-{edge}")]
        with report.step(f"alone_{edge}", f"without {', '.join(twins)}"), _stopped(site, twins, report):
            report.hold(f"{edge} alone: {problem}" for problem in _problems(site, parties.of(edge), edge, report, draw))


def _problems(site: Site, parties: Parties, edge: str, report: Report, draw: random.Random) -> Iterator[str]:
    """A revocation is recorded, and seen; and all of the periodic work is asked for and done."""
    good = sorted(serial for serial, verdict in site.servers.ledger().items() if verdict is None)
    serial = draw.choice(good)
    try:
        reply = site.ask(site.revocation(serial, "superseded"), _PATIENCE)
    except NoAnswer as error:
        yield f"revocation of {serial:X}: {error}"
    else:
        if reply.outcome is not Outcome.DONE:
            yield f"revocation of {serial:X}: {reply.outcome}: {reply.detail}"
        ledger = site.servers.ledger()
        one = {serial: ledger[serial]}
        try:
            took = await_none(lambda: [*parties.lists(ledger), *parties.answers(one)], _PATIENCE)
        except AssertionError as error:
            yield str(error)
        else:
            report.figures[f"seen_after_{edge}"] = round(took, 1)
    lacking, took = await_noted(site.servers, TARGETS_OF[f"publisher-{edge}"], _PATIENCE)
    report.figures[f"noted_after_{edge}"] = round(took, 1)
    yield from lacking


@contextmanager
def _stopped(site: Site, names: Sequence[str], report: Report) -> Iterator[None]:
    """While these are; one that does not end when it is asked to hangs."""
    programs = [site.programs[name] for name in names]
    with ThreadPoolExecutor(len(programs)) as pool:
        ended = list(pool.map(lambda program: program.stop(_STOPPING_SECONDS), programs))
    report.hold(f"{name} did not end when it was asked to" for name, has in zip(names, ended, strict=True) if not has)
    yield
    for program in programs:
        program.start()
    for program in programs:
        program.await_ready()
