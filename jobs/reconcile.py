"""What is published now, put into words for the signer: from the status of every target to one `Look` per task.

Pure. The signer decides what is due; what it is told here is a hint that makes it check its bundles. Where several
targets carry the same part, the one that is furthest behind counts; a part that a target lacks is left out.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

from revocation.artifacts import Kind
from revocation.config import PublicConfig
from revocation.messages import Look, Verb
from revocation.published import CRLRow, SliceRow, TargetStatus

_Row = TypeVar("_Row", CRLRow, SliceRow)

MOST_ROWS: Final = 2000
"""Rows that one message may carry (it must stay below 1 MiB): those that are to be renewed first."""


def looks(statuses: Sequence[TargetStatus]) -> dict[Verb, Look]:
    """The body of each periodic message to the signer."""
    crls = _furthest_behind(
        [status.crls for status in statuses if Kind.CRL in status.kinds],
        key=lambda row: (row.issuer, row.label),
        progress=lambda row: (row.revision, row.number),
    )
    slices = _furthest_behind(
        [status.slices for status in statuses if Kind.OCSP in status.kinds],
        key=lambda row: (row.issuer, row.slice),
        progress=lambda row: (row.revision, row.this_update.timestamp()),
    )
    return {
        Verb.GENERATE_OCSP_KEYS: Look(),
        Verb.GENERATE_CRLS: Look(crls=crls),
        Verb.PRESIGN: Look(slices=slices),
    }


def everything(statuses: Sequence[TargetStatus]) -> Look:
    """The body of `due`: all that is published, in one."""
    found = looks(statuses)
    return Look(crls=found[Verb.GENERATE_CRLS].crls, slices=found[Verb.PRESIGN].slices)


def lacks_delta(public: PublicConfig, statuses: Sequence[TargetStatus]) -> bool:
    """Whether a complete CRL is published somewhere, and the delta that is to follow it is not."""
    specs = {(id_, label): spec for id_, profile in public.profiles.items() for label, spec in profile.crls.items()}
    for status in statuses:
        there = {(row.issuer, row.label) for row in status.crls}
        wanted = {(id_, str(specs[id_, label].name.of_delta)) for id_, label in there & specs.keys()}
        if (wanted & specs.keys()) - there:
            return True
    return False


def _furthest_behind(
    tables: Sequence[Iterable[_Row]],
    key: Callable[[_Row], Hashable],
    progress: Callable[[_Row], tuple[float, float]],
) -> tuple[_Row, ...]:
    """One row per part that every table has: the one with the least progress."""
    by_part: dict[Hashable, list[_Row]] = {}
    for table in tables:
        for part, row in {key(row): row for row in table}.items():
            by_part.setdefault(part, []).append(row)
    shared = [min(rows, key=progress) for rows in by_part.values() if len(rows) == len(tables)]
    return tuple(sorted(shared, key=lambda row: row.renew_at)[:MOST_ROWS])
