"""What may differ between the CRLs of one issuer: windows, reasons, series and shards, and what cannot be meant."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import Field, field_validator, model_validator

from revocation.configfile import Table
from revocation.crlseries import CRLSeries
from revocation.departed import KEPT
from revocation.durations import Duration, parse, show
from revocation.errors import InputError
from revocation.status import Reason
from revocation.windows import check_backdate, check_max_age, check_windows

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


def _every(series: Any) -> Any:
    """`every` of a series, as it stands in a configuration or in a model; None where that is not one."""
    if isinstance(series, CRLSeries):
        return series.every
    return series.get("every") if isinstance(series, Mapping) else None
