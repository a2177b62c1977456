"""Groups of CRL entries: a CRL covers whole groups, so entries are kept apart by group, and no finer."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.sql.elements import ColumnElement

from revocation.artifacts import Scope
from revocation.crlspec import CRLSpec
from revocation.issuer import Issuer


@dataclass(frozen=True)
class Group:
    """Entries that are on the same CRLs, whatever those are.

    Attributes:
        is_ca: of CA certificates, or of others.
        shard: the shard of their certificates; 0 where they are in none.
        reason: why they are revoked, CRLReason.
    """

    is_ca: bool
    shard: int
    reason: int


@dataclass(frozen=True)
class Selection:
    """The groups of one CRL.

    Attributes:
        is_ca: None for both kinds of certificate.
        shard: None for all shards.
        reasons: empty for all reasons.
    """

    is_ca: bool | None = None
    shard: int | None = None
    reasons: frozenset[int] = frozenset()

    @classmethod
    def of(cls, spec: CRLSpec) -> "Selection":
        """What a CRL covers."""
        scope = spec.settings.scope
        is_ca = None if scope is Scope.ALL else scope is Scope.CA
        return cls(is_ca, spec.name.shard or None, frozenset(map(int, spec.settings.only_some_reasons)))

    def covers(self, is_ca: bool, shard: int) -> bool:
        """Whether a certificate of that kind and shard, revoked for some reason or other, may be on it."""
        return self.is_ca in (None, is_ca) and self.shard in (None, shard)

    def lists(self, group: Group) -> bool:
        """Whether the entries of a group are on it."""
        return self.covers(group.is_ca, group.shard) and (not self.reasons or group.reason in self.reasons)

    def overlaps(self, other: "Selection") -> bool:
        """Whether an entry may be on both."""
        kinds = self.is_ca is None or other.is_ca is None or self.is_ca == other.is_ca
        shards = self.shard is None or other.shard is None or self.shard == other.shard
        reasons = not self.reasons or not other.reasons or bool(self.reasons & other.reasons)
        return kinds and shards and reasons

    def where(self, issuer: Issuer, table: Table) -> list[ColumnElement[bool]]:
        """The conditions on a table that has the columns of a group."""
        conditions: list[ColumnElement[bool]] = [table.c.issuer == issuer.id]
        if self.is_ca is not None:
            conditions.append(table.c.is_ca == self.is_ca)
        if self.shard is not None:
            conditions.append(table.c.shard == self.shard)
        if self.reasons:
            conditions.append(table.c.reason.in_(self.reasons))
        return conditions


EVERYTHING = Selection()

NOWHERE = Group(is_ca=False, shard=0, reason=0)
"""Of a serial that no entry needs to be known of."""


def columns(group: Group) -> dict[str, object]:
    """The columns of a group in a row."""
    return {"is_ca": group.is_ca, "shard": group.shard, "reason": group.reason}


def covering(specs: Iterable[CRLSpec], places: Collection[tuple[bool, int]]) -> list[CRLSpec]:
    """The CRLs that a certificate may be on that is of one of those kinds and shards."""
    return [spec for spec in specs if any(Selection.of(spec).covers(*place) for place in places)]
