"""Which CRLs lie on the targets, as publishers note it in the queue server for a scheduler that can read no target.

Each target has a note of its own, so publishers of several take nothing from one another. Beside them lies one of all
targets of whoever wrote last: for schedulers of before, for those that name no targets, and of publishers of before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from revocation.artifacts import Kind
from revocation.published import TargetStatus

OF_LAST: Final = "revocast:published:crls"
KEPT: Final = timedelta(days=1)
LARGEST: Final = 1 << 20
"""Octets of a note that are read."""
_MOST_ROWS: Final = 2000
_STATUSES: Final = TypeAdapter(list[TargetStatus])


def key_of(target: str) -> str:
    """Where the note of a target lies."""
    return f"{OF_LAST}:{target}"


def crl_notes(statuses: Iterable[TargetStatus]) -> dict[str, bytes]:
    """By key what is to be noted: of each target those to be renewed first, as far as a message carries them."""
    carrying = [status for status in statuses if Kind.CRL in status.kinds]
    if not carrying:
        return {}
    notes = {key_of(status.target): _text([_told(status, _MOST_ROWS)]) for status in carrying}
    most = _MOST_ROWS // len(carrying)
    return {**notes, OF_LAST: _text([_told(status, most) for status in carrying])}


def merged(of_last: bytes, of_targets: Mapping[str, bytes]) -> list[TargetStatus]:
    """What is said of each target: in its own note, or later by who wrote last; what is not understood is not there.

    A publisher that was rolled back writes no note of the target, and the one of before lies there for a day.
    """
    found = {status.target: status for status in _understood(of_last)}
    for target, note in of_targets.items():
        for own in _understood(note):
            last = found.get(target)
            if own.target == target and (last is None or own.updated_at >= last.updated_at):
                found[target] = own
    return list(found.values())


def _told(status: TargetStatus, most: int) -> TargetStatus:
    crls = sorted(status.crls, key=lambda row: row.renew_at)[:most]
    return TargetStatus(target=status.target, kinds=(Kind.CRL,), updated_at=status.updated_at, crls=crls)


def _text(statuses: Sequence[TargetStatus]) -> bytes:
    return _STATUSES.dump_json(
        list(statuses), exclude={"__all__": {"put_back", "disturbed"}}
    )  # not known to schedulers of before


def _understood(note: bytes) -> list[TargetStatus]:
    try:
        return _STATUSES.validate_json(note, extra="ignore")  # one of a later version may say more
    except ValueError:
        return []
