"""The periodic work in the text format of Prometheus, for the textfile collector of its node_exporter. Pure.

Times and not ages: a file that nobody writes any more goes on to tell the truth.
"""

from collections.abc import Iterable, Iterator, Sequence

from jobs.progress import Progress, Standing, patience
from revocation.clock import epoch

_SUCCESS = "revocast_task_last_success_timestamp_seconds"
_PATIENCE = "revocast_task_patience_seconds"
_TROUBLE = "revocast_task_trouble"
_KNOWN = "revocast_tasks_known"
_HELP = {
    _SUCCESS: "When work last succeeded; 0 where that is not known of it.",
    _PATIENCE: "For how long it may be without success.",
    _TROUBLE: "1 where it had no success for longer, or check_published found something.",
    _KNOWN: "1 where it could be found out when work last succeeded.",
}


def exposition(shown: Sequence[Progress]) -> str:
    """All of it, ending with a line feed."""
    found = {
        _SUCCESS: [(one, 0 if one.success is None else epoch(one.success)) for one in shown],
        _PATIENCE: [(one, int(patience(one.task).total_seconds())) for one in shown],
        _TROUBLE: [(one, int(bool(one.trouble))) for one in shown],
    }
    lines = [line for name, samples in found.items() for line in _metric(name, samples)]
    is_known = all(one.standing is not Standing.UNKNOWN for one in shown)
    return "\n".join([*lines, *_head(_KNOWN), f"{_KNOWN} {int(is_known)}"]) + "\n"


def _metric(name: str, samples: Iterable[tuple[Progress, int]]) -> Iterator[str]:
    yield from _head(name)
    for one, value in samples:
        target = f',target="{one.target}"' if one.target else ""  # of a form that needs no escape
        yield f'{name}{{task="{one.task.verb}"{target}}} {value}'


def _head(name: str) -> list[str]:
    return [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
