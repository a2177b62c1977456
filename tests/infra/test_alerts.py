"""The alert rules ask for metrics that the services expose: a rule on another name would never fire."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml  # type: ignore[import-untyped]

from jobs import task_metrics as of_jobs
from responder import metrics as of_responder
from responder.counts import SLOTS
from responder.readiness import Readiness

_RULES: Final = Path(__file__).parents[2] / "infra/monitoring/alerts.yaml"
_NAME: Final = re.compile(r"\brevocast_[a-z_]+\b")
_QUOTED: Final = re.compile(r'"[^"]*"')


def _expressions() -> dict[str, str]:
    groups = yaml.safe_load(_RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def _exposed() -> set[str]:
    texts = (
        of_responder.exposition([0] * len(SLOTS), Readiness("", {"0" * 16: 1.0})),
        of_jobs.exposition([]),
    )
    named = {word for text in texts for word in re.findall(r"^(?:# TYPE )?(revocast_[a-z_]+)", text, re.MULTILINE)}
    assert named, "nothing was exposed"
    return named


@pytest.mark.parametrize("alert", sorted(_expressions()))
def test_each_metric_of_an_alert_rule_is_exposed(alert: str) -> None:
    """Absent metrics compare to nothing, and an operator who relies on the rule is never woken."""
    asked = set(_NAME.findall(_QUOTED.sub("", _expressions()[alert])))
    assert asked, f"{alert} asks for no metric of ours"
    assert asked <= _exposed()
