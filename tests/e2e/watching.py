"""What operators see of the site, from their own machine and from the publishers', with what these have and no more."""

import json
from collections.abc import Generator, Iterator
from typing import Any

from tests.e2e.configuration import TARGETS, TARGETS_OF
from tests.e2e.site import Site


def troubles(site: Site) -> Iterator[str]:
    """What is not as it should be where all is well; commands on the operator's machine see every target."""
    told = yield from _json(site, "operator", "status", "--timeout", "60")
    if told.get("signer") != "answered":
        yield f"operator: the signer {told.get('signer')}"
    yield from _lacking("operator", told, TARGETS)
    yield from _json(site, "operator", "schedule", "--timeout", "60")
    yield from _json(site, "operator", "check")
    for name, targets in TARGETS_OF.items():
        told = yield from _json(site, name, "status")
        yield from _lacking(name, told, targets)


def _lacking(name: str, told: dict[str, Any], targets: list[str]) -> Iterator[str]:
    shown = {one["target"] for one in told.get("artifacts", [])}
    if shown != set(targets):
        yield f"{name}: status shows {sorted(shown)}"


def _json(site: Site, name: str, *command: str) -> Generator[str, None, dict[str, Any]]:
    """What a command says; and a problem where it does not exit with 0."""
    done = site.revocast(name, *command, "--json")
    if done.returncode:
        yield f"{name}: {command[0]}: exit code {done.returncode}: {done.stdout[-2000:]}{done.stderr}"
    return json.loads(done.stdout) if done.stdout else {}
