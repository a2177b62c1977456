"""A thread of issuing for each issuer: a key that hangs, for ever even, keeps no other issuer from issuing.

What is asked of an issuer that issues nothing here has one more, and so has what cannot be read: it is refused there,
whichever key hangs. Where one issuer alone issues there is one thread, which does all of it.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from revocation.config import PublicConfig
from revocation.errors import RevocastError
from revocation.messages import parse_message
from signer.issuing.thread import IssuingThread
from signer.signer import Signer

_OTHERS: Final = ""


class IssuingLanes:
    """Takes messages in, each for the thread of its issuer.

    Args:
        public: what messages call the issuers.
        issuers: the ids of those that have a thread of their own.
        open_thread: makes one, not started yet.
    """

    def __init__(self, public: PublicConfig, issuers: Sequence[str], open_thread: Callable[[], IssuingThread]) -> None:
        self._public = public
        names = [*issuers, _OTHERS] if len(issuers) > 1 else [_OTHERS]
        self._lanes: Mapping[str, IssuingThread] = {name: open_thread() for name in names}

    def start(self) -> None:
        """Begin."""
        for lane in self._lanes.values():
            lane.start()

    def stop(self, seconds: float) -> None:
        """Finish what is being issued, waiting for all of it at most that long, and issue no more."""
        until = time.monotonic() + seconds
        for lane in self._lanes.values():
            lane.stop(0)
        for lane in self._lanes.values():
            lane.stop(max(0.0, until - time.monotonic()))

    def add(self, texts: Sequence[str]) -> None:
        """Have messages done soon; where too many of an issuer wait already, say so."""
        if len(self._lanes) == 1:
            self._lanes[_OTHERS].add(texts)
            return
        sorted_: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            sorted_[self._lane_of(text)].append(text)
        for name, its in sorted_.items():
            self._lanes[name].add(its)

    def _lane_of(self, text: str) -> str:
        """What is no message, or names nobody, is refused by whoever reads it next."""
        try:
            issuer = self._public.profile(str(parse_message(text).body.get("issuer"))).issuer.id
        except RevocastError:
            return _OTHERS
        return issuer if issuer in self._lanes else _OTHERS


def issuing_here(signer: Signer) -> list[str]:
    """The ids of the issuers that issue by message."""
    names = {entry.name for entry in signer.config.issuers if entry.issuance is not None}
    return [profile.issuer.id for profile in signer.public.profiles.values() if profile.issuer.name in names]
