"""Which bundle of the exchange a target looks at next."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby

from revocation import __version__
from revocation.artifacts import Kind, Scope
from revocation.config import PublicConfig
from revocation.published import TargetStatus
from revocation.wire.exchange import Stored


def attempt(bundle: Stored, public: PublicConfig, listed: Sequence[Stored]) -> str:
    """What a refusal depends on: with others the bundle is tried again.

    That is the file, the version that looks at it, the configured issuer with its profile, and for a CRL what is told
    of the entries that left.
    """
    kind, issuer, _ = _part(bundle)
    profile = public.profiles.get(issuer)
    rules = f"{profile.crl!r} {profile.ocsp!r} {profile.url('')}" if profile else "not configured"
    rules += f" {__version__}"
    if kind == Kind.CRL:
        rules += "".join(
            f" {told.name} {told.version}" for told in listed if _part(told)[:2] == (Kind.DEPARTED, issuer)
        )
    return f"{bundle.version} {hashlib.sha256(rules.encode()).hexdigest()[:16]}"


def pending(
    listed: Sequence[Stored], status: TargetStatus, public: PublicConfig, tried: Collection[str], now: datetime
) -> list[Stored]:
    """The bundles of the target's kinds that it did not deal with yet, in the order in which to take them.

    CRLs come first, and that of CA certificates before that of users: a certificate that turns out to be a CA's moves
    from the one to the other, and must never be on neither; a delta comes after the complete ones, since it adds to
    what is published. Then the slice that has the newest bundle, since a
    revocation is more urgent than a renewal, and within a slice the oldest first, so that a partial bundle follows what
    it adds to. Of a series of CRLs the newest comes first: what it supersedes is not published, not even for a moment;
    those that passed already wait until they begin.

    What was refused at a time that is still to come was refused by a clock that has been put right since,
    and is tried again.
    """
    done = {(a.bundle, a.version) for a in status.applied}
    refused = {s.bundle: s.version for s in status.set_aside if s.at <= now}
    scheduled = {s.bundle: s.version for s in status.scheduled if s.this_update > now}
    waiting = [
        bundle
        for bundle in listed
        if bundle.name not in tried
        and _part(bundle)[0] in status.kinds
        and (bundle.name, bundle.version) not in done
        and not (bundle.name in refused and refused[bundle.name] == attempt(bundle, public, listed))
        and not (bundle.name in scheduled and scheduled[bundle.name] == attempt(bundle, public, listed))
    ]
    slices = [list(group) for _, group in groupby(sorted(waiting, key=lambda b: (_part(b), b.name)), key=_part)]
    slices.sort(key=lambda group: (*_urgency(group[-1], public), group[-1].name), reverse=True)
    return [bundle for group in slices for bundle in (reversed(group) if _has_series(group[0], public) else group)]


def is_newer(bundle: Stored, other: Stored) -> bool:
    """Whether a bundle is a later one of the same part."""
    return _part(bundle) == _part(other) and bundle.name > other.name


def _urgency(newest: Stored, public: PublicConfig) -> tuple[bool, bool, bool]:
    kind, issuer, label = _part(newest)
    profile = public.profiles.get(issuer)
    spec = profile.crls.get(label) if profile else None
    is_complete = spec is None or not spec.name.delta
    return kind == Kind.CRL, is_complete, spec is not None and spec.settings.scope is Scope.CA


def _has_series(bundle: Stored, public: PublicConfig) -> bool:
    kind, issuer, label = _part(bundle)
    profile = public.profiles.get(issuer)
    spec = profile.crls.get(label) if profile and kind == Kind.CRL else None
    return spec is not None and spec.settings.series is not None


def _part(bundle: Stored) -> tuple[str, str, str]:
    """Kind, issuer and label as a bundle's name has them: `000000000042-1a2b3c4d-crl-all.tar`."""
    _, issuer, kind, label = bundle.name.removesuffix(".tar").split("-")
    return kind, issuer, label
