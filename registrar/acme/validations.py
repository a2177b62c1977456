"""Having a challenge validated: by a worker, which is told so over the queue."""

from typing import Protocol


class Validations(Protocol):
    """Who validates challenges."""

    def ask(self, challenge_id: str) -> None:
        """Have it looked at soon. Raises QueueUnreachable: then the worker finds it by its own look."""
