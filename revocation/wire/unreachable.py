"""What is said where the queue server does not do what it was asked."""

import redis

from revocation.errors import QueueUnreachable


def unreachable(error: redis.RedisError) -> QueueUnreachable:
    """The error for people, without what the server may have put into its own."""
    return QueueUnreachable(
        f"the queue cannot be reached ({type(error).__name__})",
        advice="see whether `revocast up` (or the queue server) runs",
    )
