"""The signed heads of the signer's audit log, as this publisher saw them: a log only grows.

Nothing is refused for it. What a head shows of a log that was cut off or replaced is written into a file of warnings,
which `publish` and `status` show until an operator has looked into it and taken the file away. A log that says itself
where it broke off, as a restored one does, is told without alarm: who restored it has enough to do.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from publisher.dated_lines import DatedLines
from publisher.seen_heads import SeenHeads
from revocation.audithead import HEAD_NAME, AuditHead
from revocation.clock import iso
from revocation.errors import ExchangeError, InputError, LaterFormat
from revocation.windows import SKEW
from revocation.wire.exchange import Exchange

_LOG: Final = logging.getLogger("revocast.publisher")
_SEEN: Final = "audit-heads.jsonl"
_WARNINGS: Final = "audit-warnings.txt"
_BREAKS: Final = "audit-breaks.txt"
_SHOWN: Final = timedelta(days=30)
_WHERE: Final = f"{HEAD_NAME} in the exchange"


class AuditHeads:
    """What is kept in the state folder of a publisher.

    Args:
        keys: who may sign heads; none means whoever does.
    """

    def __init__(self, state: Path, keys: Collection[str]) -> None:
        self._keys, self._seen = keys, SeenHeads(state / _SEEN, keys)
        self._warnings, self._breaks = DatedLines(state / _WARNINGS), DatedLines(state / _BREAKS)

    def look(self, exchange: Exchange, now: datetime) -> None:
        """Hold the head in the exchange against those that were seen, and remember it.

        What cannot be read now is tried again at the next look.

        Raises:
            OSError: what was seen cannot be kept.
        """
        seen, distrusted, damaged = self._seen.read()
        for line in damaged:
            self._warn(f"{line}: it is passed over", now)
        newest = seen[-1] if seen else None
        try:
            head = self._head(exchange, now)
        except (OSError, ExchangeError) as error:
            _LOG.warning("%s cannot be read, and is tried again at the next look: %s", _WHERE, error)
            return
        except (InputError, LaterFormat) as error:
            self._warn(str(error), now)
            return
        if head is None:
            if newest:
                self._warn(f"{_WHERE} is gone; the one of {iso(newest.at)} named entry {newest.entry}", now)
            return
        is_newer, warning = _compared(seen, head)
        if newest and not warning and _is_later(head, newest):
            self._tell_break(newest, head, now)
        if is_newer:
            self._seen.keep(seen, head)
            if distrusted:
                _LOG.warning("%d heads were dropped that a key signed which is not in `audit_keys`", distrusted)
        if warning:
            self._warn(warning, now)

    def seen(self) -> list[AuditHead]:
        """The heads that were seen, the newest last: of each day the last one, and of each log and chapter.

        Raises:
            OSError: they cannot be read.
        """
        return self._seen.read().heads

    @property
    def warnings(self) -> list[str]:
        """What was noticed and is not looked into yet."""
        seen = f"look into it (docs/audit.md), then: rm {self._warnings.path}"
        return [f"audit log of the signer: {line}; {seen}" for line in self._warnings.read()]

    def breaks(self, now: datetime) -> list[str]:
        """Where it was seen within a month that the log was restored, reconciled or made anew: no alarm."""
        return self._breaks.since(now - _SHOWN)

    def _head(self, exchange: Exchange, now: datetime) -> AuditHead | None:
        """The one that lies there.

        Raises:
            InputError, LaterFormat: it is none, not of a trusted key, or of a time that is still to come.
            OSError, ExchangeError: it cannot be read.
        """
        found = exchange.head()
        if found is None:
            return None
        head = AuditHead.parse(found, _WHERE)
        head.verify(self._keys, _WHERE)
        if max(head.at, head.began or head.at) > now + SKEW:  # whatever came after it would seem to have gone back
            advice = "compare the clocks of the signer and of this machine"
            raise InputError("is of a time that is still to come: it is not remembered", where=_WHERE, advice=advice)
        return head

    def _warn(self, warning: str, now: datetime) -> None:
        """Each thing once, as long as the file is there."""
        self._warnings.add(warning, now)

    def _tell_break(self, before: AuditHead, head: AuditHead, now: datetime) -> None:
        """For a month from now on, whenever the log says that it was."""
        told = (
            f"audit log of the signer: it was {_chapter(head)}. The head of {iso(before.at)} named entry "
            f"{before.entry}; what the ledger lost of it is not in the log any more. If that was none of you, see "
            "docs/audit.md"
        )
        _LOG.warning("%s", told)
        self._breaks.add(told, now, keep_since=now - _SHOWN)


def _compared(seen: Sequence[AuditHead], head: AuditHead) -> tuple[bool, str | None]:
    """Whether a head is newer than the newest that was seen, and what is strange about it."""
    if not seen:
        return True, None
    newest = seen[-1]
    before = f"of {iso(newest.at)} named entry {newest.entry}"
    if _is_later(head, newest):
        return True, _backdated(seen, head)
    if _is_later(newest, head):
        return False, f"{_WHERE} is of before the log was {_chapter(newest)}"
    if head.log != newest.log:
        return True, f"another log took its place without a word: the head {before}, and now one names {head.entry}"
    if head.entry < newest.entry:
        return False, f"it went back: the head {before}, and {_WHERE} names {head.entry}"
    if head.entry == newest.entry and head.chain != newest.chain:
        return False, f"it was written anew: the head {before}, and {_WHERE} names it with another chain value"
    return head.entry > newest.entry, None


def _backdated(seen: Sequence[AuditHead], head: AuditHead) -> str | None:
    """What shows that a break that a head tells of was not there yet when it is said to have been."""
    for one in seen:
        if _is_later(head, one) and head.began and one.at > head.began + SKEW:
            return (
                f"it says now that it was {_chapter(head)}, and the head of {iso(one.at)}, which named entry "
                f"{one.entry}, did not know of that yet: somebody wrote it there later"
            )
    return None


def _is_later(head: AuditHead, than: AuditHead) -> bool:
    """Whether a head is of a later chapter: behind a break that the log itself tells of."""
    return head.began is not None and (than.began is None or head.began > than.began)


def _chapter(head: AuditHead) -> str:
    return f"{head.why} at {iso(head.began or head.at)}"
