"""The periodic work as metrics: when each task last succeeded, and for how long it may be without success. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from jobs.asking import Asking
from jobs.exposition import Gauge, text
from jobs.progress import Progress, Standing, patience
from revocation.clock import epoch

_SUCCESS: Final = Gauge(
    "revocast_task_last_success_timestamp_seconds", "When work last succeeded; 0 where that is not known of it."
)
_PATIENCE: Final = Gauge("revocast_task_patience_seconds", "For how long it may be without success.")
_TROUBLE: Final = Gauge(
    "revocast_task_trouble", "1 where it had no success for longer, or check_published found something."
)
_KNOWN: Final = Gauge("revocast_tasks_known", "1 where it could be found out when work last succeeded.")
_ASKED: Final = Gauge(
    "revocast_scheduler_last_asked_timestamp_seconds",
    "When a scheduler last asked; 0 where none is noted and one has to be.",
)


def exposition(shown: Sequence[Progress], heard: Asking | None) -> str:
    """All of them.

    Args:
        heard: whether schedulers ask; None where there is no queue, or it cannot be read.
    """
    is_known = all(one.standing is not Standing.UNKNOWN for one in shown)
    return text(
        (
            (_SUCCESS, [(_labels(one), 0 if one.success is None else epoch(one.success)) for one in shown]),
            (_PATIENCE, [(_labels(one), int(patience(one.task).total_seconds())) for one in shown]),
            (_TROUBLE, [(_labels(one), int(bool(one.trouble))) for one in shown]),
            (_KNOWN, [({}, int(is_known))]),
            (_ASKED, [({}, epoch(heard.last) if heard.last else 0)] if heard and (heard.last or heard.trouble) else []),
        )
    )


def _labels(one: Progress) -> Mapping[str, str]:
    return {"task": str(one.task.verb), "target": one.target or ""}
