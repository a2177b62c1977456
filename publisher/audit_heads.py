"""The signed heads of the signer's audit log, as this publisher saw them: a log only grows.

Nothing is refused for it. What a head shows of a log that was cut off, replaced or restored is written into a file of
warnings, which `publish` and `status` show until an operator has looked into it and taken the file away.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from revocation.audithead import HEAD_NAME, AuditHead
from revocation.clock import iso
from revocation.durable import make_folder, replace_file
from revocation.errors import ExchangeError, InputError, LaterFormat
from revocation.visible import visible
from revocation.wire.exchange import Exchange

_SEEN: Final = "audit-heads.jsonl"
_WARNINGS: Final = "audit-warnings.txt"
_MOST_SEEN: Final = 1000
_MOST_WARNINGS: Final = 50
_WHERE: Final = f"{HEAD_NAME} in the exchange"


class AuditHeads:
    """What is kept in the state folder of a publisher.

    Args:
        keys: who may sign heads; none means whoever does.
    """

    def __init__(self, state: Path, keys: Sequence[str]) -> None:
        self._seen, self._warnings, self._keys = state / _SEEN, state / _WARNINGS, keys

    def look(self, exchange: Exchange, now: datetime) -> None:
        """Hold the head in the exchange against the newest that was seen, and remember it.

        What cannot be read now is tried again at the next look; bundles tell more loudly that an exchange is away.

        Raises:
            OSError: what was seen cannot be kept.
        """
        try:
            found = exchange.head()
        except (OSError, ExchangeError):
            return
        seen = self.seen()
        newest = seen[-1] if seen else None
        if found is None:
            if newest:
                self._warn(f"{_WHERE} is gone; the one of {iso(newest.at)} named entry {newest.entry}", now)
            return
        try:
            head = AuditHead.parse(found, _WHERE)
            head.verify(self._keys, _WHERE)
        except (InputError, LaterFormat) as error:
            self._warn(str(error), now)
            return
        is_newer, warning = _compared(newest, head)
        if is_newer:
            self._keep(seen, head)
        if warning:
            self._warn(warning, now)

    def seen(self) -> list[AuditHead]:
        """The heads that were seen, the newest last: of each day the last one, and of each log and chapter."""
        if not self._seen.exists():
            return []
        lines = self._seen.read_bytes().splitlines()
        try:
            return [AuditHead.parse(line, str(self._seen)) for line in lines]
        except (InputError, LaterFormat):  # nothing else depends on it
            return []

    @property
    def warnings(self) -> list[str]:
        """What was noticed and is not looked into yet."""
        try:
            lines = self._warnings.read_text().splitlines()
        except OSError:
            return []
        seen = f"look into it (docs/audit.md), then: rm {self._warnings}"
        return [f"audit log of the signer: {line}; {seen}" for line in lines]

    def _keep(self, seen: list[AuditHead], head: AuditHead) -> None:
        kept = seen[:-1] if seen and _stands_for(head, seen[-1]) else seen

        def write(out: BinaryIO) -> None:
            out.writelines(one.line() for one in [*kept, head][-_MOST_SEEN:])

        make_folder(self._seen.parent, mode=0o700)
        replace_file(self._seen, write, 0o600)

    def _warn(self, warning: str, now: datetime) -> None:
        """Each thing once, as long as the file is there."""
        lines = self._warnings.read_text().splitlines() if self._warnings.exists() else []
        line = visible(warning)
        if len(lines) >= _MOST_WARNINGS or any(one.endswith(f": {line}") for one in lines):
            return

        def write(out: BinaryIO) -> None:
            out.write("".join(f"{one}\n" for one in [*lines, f"{iso(now)}: {line}"]).encode())

        make_folder(self._warnings.parent, mode=0o700)
        replace_file(self._warnings, write, 0o600)


def _stands_for(head: AuditHead, earlier: AuditHead) -> bool:
    """Whether an earlier one need not be kept beside it."""
    same = (head.log, head.began, head.key) == (earlier.log, earlier.began, earlier.key)
    return same and head.at.date() == earlier.at.date()


def _compared(newest: AuditHead | None, head: AuditHead) -> tuple[bool, str | None]:
    """Whether a head is newer than the newest that was seen, and what is strange about it."""
    if newest is None:
        return True, None
    before = f"of {iso(newest.at)} named entry {newest.entry}"
    if _chapter(head) > _chapter(newest):
        return True, (
            f"since {iso(head.began or head.at)} it is one that was {head.why}; the head {before}, and what the copy "
            "lacks of it is lost from the log"
        )
    if _chapter(head) < _chapter(newest):
        return False, f"{_WHERE} is of before the log was {newest.why} at {iso(newest.began or newest.at)}"
    if head.log != newest.log:
        return True, f"another log took its place without a word: the head {before}, and now one names {head.entry}"
    if head.entry < newest.entry:
        return False, f"it went back: the head {before}, and {_WHERE} names {head.entry}"
    if head.entry == newest.entry and head.chain != newest.chain:
        return False, f"it was written anew: the head {before}, and {_WHERE} names it with another chain value"
    return head.entry > newest.entry, None


def _chapter(head: AuditHead) -> float:
    return head.began.timestamp() if head.began else float("-inf")
