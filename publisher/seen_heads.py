"""The heads of the signer's audit log that a publisher saw, in a file of its state folder: the last of each day."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from revocation.audithead import AuditHead
from revocation.durable import make_folder, replace_content
from revocation.errors import InputError, LaterFormat

_MOST: Final = 1000


class Seen(NamedTuple):
    """What the file holds.

    Attributes:
        heads: the newest last; those that a trusted key signed.
        distrusted: how many another key signed: kept before it was said whose count.
        damaged: of each line that holds no head why that is so.
    """

    heads: list[AuditHead]
    distrusted: int
    damaged: list[str]


class SeenHeads:
    """The file.

    Args:
        keys: who may sign heads; none means whoever does.
    """

    def __init__(self, path: Path, keys: Collection[str]) -> None:
        self._path, self._keys = path, keys

    def read(self) -> Seen:
        """Whatever of it is a head: a line that was damaged takes none of the others with it.

        Raises:
            OSError: it cannot be read.
        """
        if not self._path.exists():
            return Seen([], 0, [])
        heads: list[AuditHead] = []
        damaged: list[str] = []
        for number, line in enumerate(self._path.read_bytes().splitlines(), 1):
            try:
                heads.append(AuditHead.parse(line, f"line {number} of {self._path}"))
            except (InputError, LaterFormat) as error:
                damaged.append(str(error))
        trusted = [head for head in heads if not self._keys or head.key in self._keys]
        return Seen(trusted, len(heads) - len(trusted), damaged)

    def keep(self, seen: list[AuditHead], head: AuditHead) -> None:
        """Write down one more: of each day, log, chapter and key the last one.

        Args:
            seen: those of before; others that the file holds are dropped.

        Raises:
            OSError: they cannot be written.
        """
        kept = seen[:-1] if seen and _stands_for(head, seen[-1]) else seen
        make_folder(self._path.parent, mode=0o700)
        replace_content(self._path, b"".join(one.line() for one in [*kept, head][-_MOST:]), 0o600)


def _stands_for(head: AuditHead, earlier: AuditHead) -> bool:
    """Whether an earlier one need not be kept beside it."""
    same = (head.log, head.began, head.key) == (earlier.log, earlier.began, earlier.key)
    return same and head.at.date() == earlier.at.date()
