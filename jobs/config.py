"""The `[jobs]` table: where the queue is, and as whom the operator's commands ask."""

from pathlib import Path

from pydantic import Field

from revocation.configfile import LocalPath, QueueURL, Table


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
    state: LocalPath = Field(
        default=Path("jobs"), description="Folder of what `check` remembers and of the lock of `refresh`."
    )
