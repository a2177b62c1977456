"""One base for every error that an operator is meant to read: what failed, where, and what to do about it."""

from typing import ClassVar

from revocation.refusalkind import RefusalKind


class RevocastError(Exception):
    """A failure that is explained to the operator.

    Args:
        what: the action and why it failed, one sentence without a trailing full stop.
        where: the thing concerned: issuer, serial, path, line.
        advice: what the operator can do about it.

    Attributes:
        kind: why a signer did not do what a message asks, where programs are told.
    """

    exit_code: ClassVar[int] = 1
    kind: RefusalKind | None = None

    def __init__(self, what: str, *, where: str | None = None, advice: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.advice = advice

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        help_ = f" ({self.advice})" if self.advice else ""
        return f"{place}{self.what}{help_}"


class ConfigurationError(RevocastError):
    """The configuration is unreadable or contradicts itself."""

    exit_code = 2


class NotInstalled(ConfigurationError):
    """A library is needed that another extra brings."""


class InputError(RevocastError):
    """Something that was handed in (a file, a serial, an option) is not what it should be."""

    exit_code = 2


class Refused(RevocastError):
    """The signer declines a message: no right, expired, contradiction, or outside its own limits."""


class BundleError(RevocastError):
    """A bundle is truncated, malformed or dangerous."""


class Unreadable(BundleError):
    """The machine could not read a bundle now (rights, descriptors, a disk): that says nothing of what is in it."""


class LaterFormat(BundleError):
    """A bundle is of a later format: who reads it has to be upgraded, and tries it again at each look."""


class ExchangeError(Unreadable):
    """An exchange that is not on this machine could not be used now; it is tried again at the next look."""


class GateError(RevocastError):
    """An artifact did not pass the gate and was not published."""


class Held(GateError):
    """An artifact cannot be published yet: it is tried again at each look, not rejected."""


class NotYetValid(Held):
    """An artifact starts in the future."""


class Expired(GateError):
    """An artifact's nextUpdate has passed."""


class KeyUnavailable(RevocastError):
    """A private key is absent, locked or does not belong to its issuer."""

    exit_code = 2
    kind = RefusalKind.KEY_AWAY


class WrongPassphrase(KeyUnavailable):
    """A passphrase does not open the key."""


class TargetError(RevocastError):
    """A target could not be written or read back; what it held before is still there."""


class NotPublishedYet(RevocastError):
    """The fact is recorded, but a required target does not show it yet."""

    exit_code = 4


class NoAnswer(RevocastError):
    """Nobody replied; the same message id may be sent again without harm."""

    exit_code = 5


class QueueUnreachable(NoAnswer):
    """The queue server does not answer; nothing was sent."""
