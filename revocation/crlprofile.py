"""How the CRLs of an issuer are made: `[public.crl]`, and where one of an issuer's several CRLs differs from it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from revocation.artifacts import CRLName, Scope
from revocation.configfile import explain
from revocation.crlsettings import CRLSettings
from revocation.status import Reason

_LISTS: Final = frozenset({"scopes", "lists", "keep_expired"})


class CRLList(CRLSettings):
    """One CRL of an issuer, with what holds for it."""

    name: str
    scope: Scope

    @model_validator(mode="after")
    def _named(self) -> Self:
        if CRLName.parse(self.name) != CRLName(self.name):
            raise ValueError(f"{self.name!r} cannot name a CRL: wanted are a letter and letters or digits")
        if self.name in tuple(Scope) and self.name != self.scope:
            raise ValueError(f"a CRL that is named {self.name!r} cannot have the scope {self.scope}")
        if self.scope is Scope.ALL and (self.only_some_reasons or self.shards):
            raise ValueError(
                "a CRL for some reasons or in shards has an IDP, which one of scope `all` lacks: take `user` or `ca`"
            )
        if self.distribution_point and ("{shard}" in self.distribution_point) != bool(self.shards):
            raise ValueError("distribution_point has to contain {shard} where there are shards, and nowhere else")
        return self

    @property
    def names(self) -> list[CRLName]:
        """Its CRL, or those of its shards: each of them exists from the first day, also when it is empty."""
        return [CRLName(self.name, shard) for shard in range(1, self.shards + 1)] or [CRLName(self.name)]

    @property
    def of_delta(self) -> "CRLList | None":
        """What holds for its delta CRL, where it has one: renewed after half of its life."""
        if self.delta is None:
            return None
        return self.model_copy(update={"expires": self.delta, "renewal": self.delta / 2, "delta": None})

    def shard_of(self, serial: int) -> int:
        """The shard in which a certificate with that serial is issued."""
        return serial % self.shards + 1

    def lists(self, reason: Reason) -> bool:
        """Whether what is revoked for that reason stands on it."""
        return not self.only_some_reasons or reason in self.only_some_reasons


class CRLProfile(CRLSettings):
    """How the CRLs of an issuer are made."""

    scopes: tuple[Scope, ...] = Field(
        default=(Scope.ALL,),
        min_length=1,
        description="A complete CRL each: `all` without IDP, for certificates that name one CRL; `user`, `ca` with it.",
    )
    lists: dict[str, dict[str, Any]] = Field(
        default={},
        description='What differs for one of them: ca = { expires = "30d" }. Another name and a `scope` make a further '
        'CRL: urgent = { scope = "user", only_some_reasons = ["keyCompromise"] }.',
    )

    keep_expired: bool = Field(
        default=False,
        description="Keep entries for ever, also of certificates that have expired, and say so with expiredCertsOnCRL "
        "(X.509 section 9.5.2.8), for who has to verify old signatures. The lists only grow.",
    )

    @model_validator(mode="after")
    def _lists_fit(self) -> Self:
        found = list(self.crls.values())
        if len(numbers := {one.shards for one in found if one.shards}) > 1:
            raise ValueError(f"lists: a certificate is in one shard, but there are CRLs in {sorted(numbers)} shards")
        for is_ca in (False, True):
            covering = [one for one in found if one.scope.covers(is_ca)]
            if covering and all(one.only_some_reasons for one in covering):
                raise ValueError(
                    f"lists: {covering[0].name} lists some reasons alone, and no CRL for "
                    f"{'CA' if is_ca else 'user'} certificates lists the others"
                )
        return self

    @cached_property
    def crls(self) -> dict[str, CRLList]:
        """Every CRL with what holds for it, by name."""
        shared = self.model_dump(exclude_unset=True, exclude=set(_LISTS))
        names = dict.fromkeys((*map(str, self.scopes), *self.lists))
        return {name: self._list(name, inherit(shared, self.lists.get(name, {}))) for name in names}

    @property
    def only_cas(self) -> bool:
        """Whether the issuer issues certificates to CAs alone: none of its CRLs covers others."""
        return not any(one.scope.covers(is_ca=False) for one in self.crls.values())

    def _list(self, name: str, settings: dict[str, Any]) -> CRLList:
        scope = {"scope": name} if name in tuple(Scope) else {}
        try:
            return CRLList.model_validate({**scope, **settings, "name": name})
        except ValidationError as error:
            raise ValueError(explain(f"lists.{name}", error, CRLList)) from error


def inherit(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over those that they inherit; `overlap` and `series` take the place of a `renewal` said before."""
    replaced = {"renewal"} if "overlap" in own or "series" in own else set()
    return {**{key: value for key, value in base.items() if key not in replaced}, **own}
