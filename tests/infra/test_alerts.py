"""Alert rules and dashboard ask for metrics that the services expose: on another name nothing would ever show."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

from jobs import artifact_metrics, task_metrics
from jobs.seen import Seen
from jobs.wanted import Wanted
from responder import metrics as of_responder
from responder.counts import SLOTS
from responder.readiness import Readiness
from tests.authority import NOW
from tests.infra.promtool import RULES, require_expressions
from tests.jobs.issuers import configured

_DASHBOARD: Final = RULES.parent / "dashboard.json"
_NAME: Final = re.compile(r"\brevocast_[a-z_]+\b")
_QUOTED: Final = re.compile(r'"[^"]*"')


def _rules() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(_DASHBOARD.read_text())["panels"]
    return panels


def _shown() -> dict[str, str]:
    return {f"{panel['title']}, {one['refId']}": one["expr"] for panel in _panels() for one in panel["targets"]}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all metrics, those of the responder and of both commands."""
    public = configured(tmp_path_factory.mktemp("public"))
    published = artifact_metrics.Published(Seen([]), [], Wanted(), is_asked=True)
    texts = (
        of_responder.exposition([0] * len(SLOTS), Readiness("", {"0" * 16: 1.0})),
        task_metrics.exposition([], None),
        artifact_metrics.exposition(published, public, NOW),
    )
    found = {word for text in texts for word in re.findall(r"^(?:# TYPE )?(revocast_[a-z_]+)", text, re.MULTILINE)}
    assert found, "nothing was exposed"
    return found


@pytest.mark.parametrize("place", sorted({**_rules(), **_shown()}))
def test_each_metric_of_a_rule_or_panel_is_exposed(place: str, exposed: set[str]) -> None:
    """Absent metrics compare to nothing, and an operator who relies on the rule is never woken."""
    asked = set(_NAME.findall(_QUOTED.sub("", {**_rules(), **_shown()}[place])))
    assert asked, f"{place} asks for no metric of ours"
    assert asked <= exposed


def test_each_metric_stands_in_the_documentation(exposed: set[str]) -> None:
    """What it says, and when it is absent."""
    text = (RULES.parents[2] / "docs/monitoring.md").read_text()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed}
    assert not {name for name in families if name not in text}


@pytest.mark.judge("promtool")
def test_what_the_dashboard_asks_is_promql(tmp_path: Path) -> None:
    """A panel with an error in it is empty when it is needed."""
    require_expressions(tmp_path, [expr.replace("$__rate_interval", "5m") for expr in _shown().values()])


def test_panels_of_the_dashboard_lie_side_by_side() -> None:
    """Each has an id of its own, and none lies on another, in the 24 columns that there are."""
    places = [panel["gridPos"] for panel in _panels()]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in _panels()}) == len(places)
