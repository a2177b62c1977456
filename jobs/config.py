"""The `[jobs]` table: where the queue is, and as whom the operator's commands ask."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from publisher.config import TargetName
from revocation.configfile import LocalPath, QueueURL, Table
from revocation.durations import Duration, show

_SHORTEST_CHECK: Final = timedelta(minutes=1)


class JobsConfig(Table):
    """The `[jobs]` table."""

    queue: QueueURL | None = Field(
        default=None,
        description="Where messages are sent. Absent: commands start `revocast signer run` themselves, once each.",
    )
    requester: str = Field(
        default="operator", max_length=64, description="The name under which the signer knows our key."
    )
    requester_key: LocalPath = Field(
        default=Path("operator.key"), description="The Ed25519 key that signs our messages; readable by us alone."
    )
    check_published: Duration | None = Field(
        default=None,
        examples=["15m"],
        description="How often `revocast scheduler` does what `revocast check` does, at least 1m apart; `revocast "
        "status` then fails when it finds something, or finds nothing well for two intervals. For a machine that "
        "reaches what is published.",
    )
    targets: tuple[TargetName, ...] = Field(
        default=(),
        examples=[["files", "responses"]],
        description="What publishers on other machines call their targets: `revocast schedule` then misses each that "
        "had no success over the queue for too long, and a scheduler that reads none tells the signer which CRLs lie "
        "on each. Those of [publisher] need not be named.",
    )
    state: LocalPath = Field(
        default=Path("jobs"), description="Folder of what `check` remembers and of the lock of `refresh`."
    )

    @field_validator("check_published")
    @classmethod
    def _bearable(cls, interval: timedelta | None) -> timedelta | None:
        if interval is not None and interval < _SHORTEST_CHECK:
            raise ValueError(f"{show(interval)} is less than {show(_SHORTEST_CHECK)}: each time everything is fetched")
        return interval
