"""Prometheus' own tool over our alert rules, with samples that our services exposed."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import yaml  # type: ignore[import-untyped]

RULES: Final = Path(__file__).parents[2] / "infra/monitoring/alerts.yaml"
BEGINS: Final = 36_000
"""The second at which what was exposed was exposed: promtool's time begins with 0."""


def shifted(found: Mapping[str, float], exposed_at: int) -> dict[str, float]:
    """The samples with their times as promtool has them; a 0, which says that there is none, stays."""
    return {
        name: value - exposed_at + BEGINS if "_timestamp_seconds" in name and value else value
        for name, value in found.items()
    }


def require_alerts(folder: Path, samples: Mapping[str, float | str], seconds: int, firing: Iterable[str]) -> None:
    """Return if just these alerts fire so many seconds after the samples were exposed.

    Args:
        samples: they stay as they are; what is text rises by that much each minute, from 0 on.
    """
    end = BEGINS + seconds
    count = end // 60 + 1
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {
                        "series": name,
                        "values": f"0+{value}x{count}" if isinstance(value, str) else f"{value:.10g}x{count}",
                    }
                    for name, value in samples.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": f"{end // 60}m",
                        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(firing)],
                    }
                ],
            }
        ],
    }
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def require_metrics(text: str) -> None:
    """Return if it is of the format, and nothing of it is called as it should not be."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def require_expressions(folder: Path, expressions: Iterable[str]) -> None:
    """Return if each is PromQL."""
    rules = [{"record": f"expression:{number}", "expr": expr} for number, expr in enumerate(expressions)]
    assert rules
    path = folder / "expressions.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "expressions", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
