"""How the CRLs of an issuer are made: `[public.crl]`, and where one of an issuer's several CRLs differs from it."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from revocation.artifacts import CRLName, Scope
from revocation.configfile import Table, explain
from revocation.crlseries import CRLSeries
from revocation.departed import KEPT
from revocation.durations import Duration, parse, show
from revocation.errors import InputError
from revocation.status import Reason
from revocation.windows import check_backdate, check_max_age, check_windows

_LISTS: Final = frozenset({"scopes", "lists", "keep_expired"})
LONGEST_BACKDATE: Final = timedelta(hours=1)


class Assignment(StrEnum):
    """How the shard of an imported certificate is found out where neither it nor its list names one."""

    CDP = "cdp"
    SERIAL = "serial"


class CRLSettings(Table):
    """What may differ between the CRLs of one issuer."""

    only_some_reasons: tuple[Reason, ...] = Field(
        default=(),
        description="List what was revoked for these reasons alone (onlySomeReasons of the IDP). Empty: whatever the "
        "reason. Beside it there has to be a CRL without this limit, since `unspecified` can be in none.",
    )
    expires: Duration = Field(
        default=timedelta(days=1),
        description="thisUpdate to nextUpdate. Longer forgives outages, shorter hurries consumers.",
    )
    renewal: Duration = Field(default=timedelta(hours=12), description="A new CRL is due this long after thisUpdate.")
    overlap: Duration | None = Field(
        default=None,
        examples=["12h"],
        description="The same said from the end, instead of `renewal`: renewal = expires - overlap.",
    )
    backdate: Duration = Field(
        default=timedelta(0),
        description="thisUpdate lies so far back, at most 1h, for clients whose clock is behind, but a second after "
        "that of the CRL before; it also ends earlier.",
    )
    look: Duration = Field(
        default=timedelta(hours=1), description="How often `generate_crls` looks; at most (expires - renewal) / 2."
    )
    max_age: Duration = Field(
        default=timedelta(seconds=300),
        description="Cache-Control of CRLs: the stated delay of a revocation behind caches.",
    )

    delta: Duration | None = Field(
        default=None,
        examples=["4h"],
        description="Beside each complete CRL a delta CRL, which lives so long and is renewed after half of it, and "
        "FreshestCRL in the complete one: whoever has one that is still valid fetches what changed since, and not all "
        "of it. Not every client asks for it. At least four times `look`.",
    )
    series: CRLSeries | None = Field(
        default=None,
        examples=[{"count": 12, "every": "30d"}],
        description="For an issuer whose key signs at ceremonies: each signs so many CRLs, with the same entries, the "
        "first valid from then on and each of the others from `every` after the one before it. Publishers hold each "
        "until it begins. `every` is shorter than `expires`, so that there is no gap, and is the `renewal`. Whoever "
        "gets hold of one early can hide later revocations with it, until it ends (docs/ceremony.md).",
    )
    shards: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Spread certificates over so many CRLs, each with an IDP: many small lists instead of a large one. "
        "0: one CRL. The shard of a certificate is fixed for ever, so the number may be raised and never lowered.",
    )
    distribution_point: str | None = Field(
        default=None,
        pattern=r"^http://[!-z|~]+(\{shard\}[!-z|~]*)?$",
        examples=["http://crl.example/ca.crl"],
        description="The URL that stands in certificates and in the IDP, where it is not that of our own path; "
        "{shard} stands for the number of the shard. In ASCII, as a URI is (RFC 3986). Whatever serves that URL has to "
        "hand out the CRL of our path.",
    )
    assign: Assignment = Field(
        default=Assignment.CDP,
        description="The shard of an imported certificate is the one that its CDP or its list names; `serial`: where "
        "neither does, it is the serial modulo `shards`, plus 1. `cdp`: it is refused then.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_the_end(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("overlap") is None:
            return data
        expires, overlap = (parse(data.get(key, cls.model_fields["expires"].default)) for key in ("expires", "overlap"))
        if not isinstance(expires, timedelta) or not isinstance(overlap, timedelta):
            return data
        renewal = expires - overlap
        if "renewal" in data and parse(data["renewal"]) != renewal:
            raise ValueError("crl: renewal and overlap contradict each other: give one of the two")
        return {**{key: value for key, value in data.items() if key != "overlap"}, "renewal": renewal}

    @model_validator(mode="before")
    @classmethod
    def _renewed_by_the_next(cls, data: Any) -> Any:
        """One of a series is replaced by the next of it: `renewal` is `every`, unless something else is said."""
        if not isinstance(data, Mapping) or data.get("series") is None or "renewal" in data:
            return data
        every = _every(data["series"])
        return {**data, "renewal": every} if every is not None else data

    @field_validator("only_some_reasons", mode="before")
    @classmethod
    def _reasons(cls, names: Any) -> Any:
        try:
            reasons = [Reason.parse(name) if isinstance(name, str) else name for name in names]
        except InputError as error:
            raise ValueError(f"{error.what}: {error.advice}") from error
        if Reason.unspecified in reasons:
            raise ValueError("`unspecified` has no place among some reasons (RFC 5280 section 4.2.1.13)")
        return sorted(set(reasons))

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if not timedelta(0) <= self.backdate <= LONGEST_BACKDATE:
            raise ValueError(f"crl: backdate ({show(self.backdate)}) must be at most {show(LONGEST_BACKDATE)}")
        check_windows("crl", self.expires, self.renewal, self.look)
        check_backdate("crl", self.renewal, self.backdate)
        check_max_age("crl", self.expires, self.renewal, self.look, self.max_age)
        if self.series is not None:
            self._check_series(self.series)
        if self.delta is not None:
            if self.delta > self.expires:
                raise ValueError(
                    f"crl: delta ({show(self.delta)}) must not be longer than expires ({show(self.expires)})"
                )
            check_windows("crl: delta", self.delta, self.delta / 2, self.look)
            check_backdate("crl: delta", self.delta / 2, self.backdate)
            check_max_age("crl: delta", self.delta, self.delta / 2, self.look, self.max_age)
        return self

    def _check_series(self, series: CRLSeries) -> None:
        if self.renewal != series.every:
            raise ValueError(
                f"crl: renewal ({show(self.renewal)}) and `every` of series ({show(series.every)}) contradict each "
                "other: one of a series is replaced by the next of it. Leave out `renewal` and `overlap`"
            )
        if series.ahead + self.expires > KEPT:
            raise ValueError(
                f"crl: series: the last one would end {show(series.ahead + self.expires)} after the ceremony, and why "
                f"entries left CRLs is told for {show(KEPT)}"
            )
        if self.delta is not None:
            raise ValueError(
                "crl: series and delta exclude each other: a delta is made when something was revoked, which is after "
                "the series was signed"
            )


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


def _every(series: Any) -> Any:
    """`every` of a series, as it stands in a configuration or in a model; None where that is not one."""
    if isinstance(series, CRLSeries):
        return series.every
    return series.get("every") if isinstance(series, Mapping) else None


def inherit(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over those that they inherit; `overlap` and `series` take the place of a `renewal` said before."""
    replaced = {"renewal"} if "overlap" in own or "series" in own else set()
    return {**{key: value for key, value in base.items() if key not in replaced}, **own}
