"""What no configured CRL would list: refused at the start where that can be mended by hand, else told by every look."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import ColumnElement, Connection, func, or_, select

from revocation.artifacts import CRLName, Scope
from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.crlprofile import CRLList
from revocation.errors import ConfigurationError, RevocastError
from revocation.status import Reason
from signer.ledger import issued, pages
from signer.ledger.groups import Group, Selection
from signer.ledger.schema import certificates


def uncovered(profile: IssuerProfile, groups: Iterable[Group]) -> list[Group]:
    """Those of the groups that are on no configured CRL."""
    selections = [Selection.of(spec) for spec in profile.complete_crls.values()]
    return [group for group in groups if not any(selection.lists(group) for selection in selections)]


def without_crl(connection: Connection, profile: IssuerProfile, now: datetime) -> Iterator[RevocastError]:
    """What is or would be on no CRL that is configured, which nobody must find out later."""
    for kind in _kinds(profile):
        if kind.sharded and (count := kind.outside(connection, now)):
            yield RevocastError(
                f"{kind.without_shard(kind.sharded)}: {count}",
                where=f"issuer {profile.issuer.name}",
                advice="import them with their shard, or put a list without shards beside it: "
                f'`lists = {{ NAME = {{ scope = "{kind.sharded.scope}", shards = 0 }} }}`',
            )
    found = uncovered(profile, pages.groups(connection, profile.issuer))
    for (is_ca, shard), groups in groupby(found, key=attrgetter("is_ca", "shard")):
        which = f"of shard {shard}" if shard else "without a shard"
        reasons = ", ".join(Reason(group.reason).name for group in groups)
        yield RevocastError(
            f"{_words(is_ca)} {which} are revoked for {reasons}, and no CRL is configured that lists them",
            where=f"issuer {profile.issuer.name}",
            advice="add one to `scopes`, `lists` or `shards` of [public.crl], or import them with their shard",
        )


def require_every_shard(connection: Connection, profile: IssuerProfile, now: datetime) -> None:
    """Return if no certificate loses its CRL by what is configured now: it names that CRL for ever.

    What had none before is no reason to refuse: the import that gives it one needs a signer that starts.

    Raises:
        ConfigurationError: one is in a shard that is not configured any more; or in none, and the CRL without shards
            that lists it whatever the reason is to be given up. The message has the numbers.
    """
    for kind in _kinds(profile):
        kind.require_enough(connection)
        kind.require_whole(connection, now)


def _kinds(profile: IssuerProfile) -> Iterator["_Kind"]:
    for is_ca in (False, True):
        yield _Kind(profile, is_ca, tuple(one for one in profile.crl.crls.values() if one.scope.covers(is_ca)))


@dataclass(frozen=True)
class _Kind:
    """The certificates of users, or of CAs, of an issuer, and the lists that are configured for them."""

    profile: IssuerProfile
    is_ca: bool
    covering: tuple[CRLList, ...]

    @property
    def sharded(self) -> CRLList | None:
        """A list in shards, where only such list whatever the reason."""
        if any(not one.shards and not one.only_some_reasons for one in self.covering):
            return None
        return next((one for one in self.covering if one.shards), None)

    def require_enough(self, connection: Connection) -> None:
        """Whatever the list is called: that of another name may have fewer shards than the one before it.

        A ledger of an earlier version may know CA certificates that are in a shard as users once were: where none of
        the CRLs for a kind was ever in shards, no shard counts.
        """
        configured = max(self.covering, key=attrgetter("shards"), default=None)
        shards = configured.shards if configured is not None else 0
        highest = connection.execute(select(func.max(certificates.c.shard)).where(*self._mine)).scalar()
        if highest is None or highest <= shards or not (shards or self._may_have_been_in_shards(connection)):
            return
        none = f"no CRL for {_words(self.is_ca)} is configured"
        what = f"crl {configured.name}: `shards` is {shards}" if configured else none
        raise ConfigurationError(
            f"{what}, and certificates name the CRL of shard {highest}",
            where=f"issuer {self.profile.issuer.name}",
            advice=f"set `shards` to {highest} again, or more: the number may be raised and never lowered",
        )

    def require_whole(self, connection: Connection, now: datetime) -> None:
        """Where certificates are in no shard, what lists them is not given up for shards."""
        if self.sharded is None or not (count := self.outside(connection, now)) or not self._gives_up(connection, now):
            return
        raise ConfigurationError(
            f"{self.without_shard(self.sharded)}: {count}",
            where=f"issuer {self.profile.issuer.name}",
            advice="leave the CRL that they name as it was, without shards, until they have expired, and add one "
            f'beside it: `lists = {{ NAME = {{ scope = "{self.sharded.scope}", shards = {self.sharded.shards} }} }}`',
        )

    def outside(self, connection: Connection, now: datetime) -> int:
        """How many are in no shard. What has expired does not count, or no CRL without shards could be given up."""
        live = or_(certificates.c.not_after.is_(None), certificates.c.not_after > epoch(now))
        query = select(func.count()).where(*self._mine, certificates.c.shard.is_(None), live)
        return int(connection.execute(query).scalar() or 0)

    def without_shard(self, sharded: CRLList) -> str:
        """In words, without their number."""
        words = f"the ledger has {_words(self.is_ca)} in no shard, which no CRL would list"
        return f"crl {sharded.name}: `shards` is {sharded.shards}, and {words}"

    def _may_have_been_in_shards(self, connection: Connection) -> bool:
        """Also where no CRL was made yet that could tell."""
        made = issued.ends_of_crls(connection, self.profile.issuer)
        return not made or any(name.shard and self._is_for(name, unknown=True) for name in made)

    def _gives_up(self, connection: Connection, now: datetime) -> bool:
        """Whether CRLs in shards would be the first ones, or somebody relies yet on one without."""
        specs = self.profile.complete_crls.values()
        for_some_reasons = [spec.form for spec in specs if spec.settings.only_some_reasons]
        made = issued.ends_of_crls(connection, self.profile.issuer, for_some_reasons)
        mine = {name: end for name, end in made.items() if self._is_for(name, unknown=True)}
        whole = [end for name, end in mine.items() if not name.shard]
        return not any(name.shard for name in mine) or any(end is not None and end > now for end in whole)

    def _is_for(self, name: CRLName, *, unknown: bool) -> bool:
        """Whether a CRL that was made is for this kind; `unknown` of a list whose scope is not configured any more."""
        if name.profile in tuple(Scope):
            return Scope(name.profile).covers(self.is_ca)
        settings = self.profile.crl.crls.get(name.profile)
        return settings.scope.covers(self.is_ca) if settings is not None else unknown

    @property
    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return certificates.c.issuer == self.profile.issuer.id, certificates.c.is_ca == self.is_ca


def _words(is_ca: bool) -> str:
    return "CA certificates" if is_ca else "user certificates"
