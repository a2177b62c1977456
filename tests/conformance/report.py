"""What is found: the rule that is broken, where, and how."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Violation:
    """A rule that an answer breaks.

    Attributes:
        rule: a short name, `header.max-age`.
        source: where the rule stands.
        where: what was asked, and how.
        detail: what is wrong.
    """

    rule: str
    source: str
    where: str
    detail: str


@dataclass
class Report:
    """All that was looked at, and what is wrong with it."""

    looked: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, where: str, found: Iterator[tuple[str, str, str]]) -> None:
        """What the rules found of one exchange: rule, source and detail of each that is broken."""
        self.looked += 1
        self.violations += [Violation(rule, source, where, detail) for rule, source, detail in found]

    @property
    def rules(self) -> set[str]:
        """The names of the broken rules."""
        return {violation.rule for violation in self.violations}

    def as_json(self) -> dict[str, object]:
        """The same for scripts."""
        return {"looked": self.looked, "violations": [asdict(violation) for violation in self.violations]}
