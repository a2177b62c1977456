"""The text format of Prometheus, for the textfile collector of its node_exporter. Pure.

Times and not ages: a file that nobody writes any more goes on to tell the truth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Samples: TypeAlias = Iterable[tuple[Mapping[str, str], int]]
"""Values with their labels."""


@dataclass(frozen=True)
class Gauge:
    """One metric.

    Attributes:
        help: its sentence.
    """

    name: str
    help: str

    def lines(self, samples: Samples) -> Iterable[str]:
        """It with its samples, whose empty labels are left out; the head stands there also where there is none."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in samples:
            pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items() if text)
            yield f"{self.name}{{{pairs}}} {value}" if pairs else f"{self.name} {value}"


def text(families: Iterable[tuple[Gauge, Samples]]) -> str:
    """All of them, ending with a line feed."""
    return "\n".join(line for gauge, samples in families for line in gauge.lines(samples)) + "\n"


def _escaped(label: str) -> str:
    """As the format has it: backslash, quote, line feed."""
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
