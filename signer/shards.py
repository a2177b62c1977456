"""Which shard of an issuer's CRLs a certificate belongs to, for ever: it stands in it, or somebody vouches for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from cryptography import x509
from sqlalchemy import ColumnElement, Connection, func, or_, select

from revocation import serials
from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.crlprofile import Assignment, CRLList
from revocation.crlspec import CRLSpec
from revocation.errors import ConfigurationError, InputError
from revocation.extensions import extension_value
from signer.importers.certificate import any_serial
from signer.importers.entry import ImportEntry
from signer.ledger.groups import Group, Selection
from signer.ledger.schema import certificates


@dataclass(frozen=True)
class Shard:
    """Where a certificate belongs, and on whose word.

    Attributes:
        number: of the shard; None where its CRLs are not sharded, or it names one that is not.
        by_certificate: whether it stands in the certificate itself, which its relying parties read.
    """

    number: int | None
    by_certificate: bool = False


def shard_of(profile: IssuerProfile, entry: ImportEntry) -> Shard:
    """The shard of an imported certificate.

    Raises:
        InputError: it names no CRL of ours, nobody says its shard, or there is no such shard.
    """
    specs = [spec for spec in profile.complete_crls.values() if spec.settings.scope.covers(entry.is_ca)]
    sharded = [spec for spec in specs if spec.name.shard]
    if not sharded:
        return Shard(None)
    if entry.shard is not None:
        return Shard(_existing(profile, entry.shard, sharded, entry))
    if entry.certificate is not None:
        named = _named(profile, _distribution_points(entry.certificate), specs, entry)
        if named is not None:
            return Shard(named, by_certificate=True)
    if listing := next((spec for spec in sharded if spec.url in entry.listed_at), None):
        return Shard(listing.name.shard)
    return Shard(_unsaid(specs, sharded, entry))


def _unsaid(specs: list[CRLSpec], sharded: list[CRLSpec], entry: ImportEntry) -> int | None:
    """None where a CRL that is not sharded lists it, whatever the reason."""
    settings = sharded[0].settings
    if settings.assign is Assignment.SERIAL:
        return settings.shard_of(serials.to_int(entry.serial))
    if any(not spec.name.shard and not spec.settings.only_some_reasons for spec in specs):
        return None
    raise InputError(
        f"nobody says in which of the {settings.shards} shards of `{settings.name}` {_hex(entry)} is",
        where=entry.place,
        advice='import the certificate itself, a CSV with a column `shard`, or set `assign = "serial"` in [public.crl]',
    )


def _existing(profile: IssuerProfile, shard: int, sharded: list[CRLSpec], entry: ImportEntry) -> int:
    count = sharded[0].settings.shards
    if not 1 <= shard <= count:
        raise InputError(
            f"{_hex(entry)} is said to be in shard {shard}, and {profile.issuer.name} has the shards 1 to {count}",
            where=entry.place,
            advice="correct it there, or raise `shards` in [public.crl]",
        )
    return shard


def _named(profile: IssuerProfile, urls: list[str], specs: list[CRLSpec], entry: ImportEntry) -> int | None:
    named = [spec for spec in specs if spec.url in urls]
    if not named:
        raise InputError(
            f"the CRL distribution point of {_hex(entry)} ({', '.join(urls) or 'none'}) is no CRL of "
            f"{profile.issuer.name}: those are {_places(specs)}",
            where=entry.place,
            advice="set `distribution_point` in [public.crl] to the URL as it stands in certificates, and `shards`",
        )
    return next((spec.name.shard for spec in named if spec.name.shard), None)


def _places(specs: list[CRLSpec]) -> str:
    """How many CRLs there are of each list, and at which URLs."""
    places = []
    for name in dict.fromkeys(spec.name.profile for spec in specs):
        urls = [spec.url for spec in specs if spec.name.profile == name]
        several = f"the {len(urls)} shards of `{name}` at {urls[0]} to {urls[-1]}"
        places.append(several if len(urls) > 1 else f"`{name}` at {urls[0]}")
    return "; ".join(places)


def _distribution_points(certificate: bytes) -> list[str]:
    """The URIs of a certificate's CRLDistributionPoints (RFC 5280 section 4.2.1.13)."""
    with any_serial():
        extensions = x509.load_der_x509_certificate(certificate).extensions
    points: Iterable[x509.DistributionPoint] = extension_value(extensions, x509.CRLDistributionPoints) or ()
    names = [name for point in points for name in point.full_name or ()]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]


def uncovered(profile: IssuerProfile, groups: Iterable[Group]) -> list[Group]:
    """Those of the groups that are on no configured CRL."""
    selections = [Selection.of(spec) for spec in profile.complete_crls.values()]
    return [group for group in groups if not any(selection.lists(group) for selection in selections)]


def require_every_shard(connection: Connection, profile: IssuerProfile, now: datetime) -> None:
    """Return if no certificate is left without its CRL by what is configured now: it names that CRL for ever.

    Raises:
        ConfigurationError: one is in a shard that is not configured any more; or in none, and only CRLs in shards could
            list it whatever the reason. The message has the numbers.
    """
    for is_ca in (False, True):
        covering = [one for one in profile.crl.crls.values() if one.scope.covers(is_ca)]
        _require_enough(connection, profile, is_ca, covering)
        is_whole = any(not one.shards and not one.only_some_reasons for one in covering)
        sharded = next((one for one in covering if one.shards), None)
        if sharded is not None and not is_whole:
            _require_all_in_shards(connection, profile, is_ca, sharded, now)


def _require_enough(connection: Connection, profile: IssuerProfile, is_ca: bool, covering: list[CRLList]) -> None:
    """Whatever the list is called: that of another name may have fewer shards than the one before it."""
    configured = max(covering, key=attrgetter("shards"), default=None)
    shards = configured.shards if configured is not None else 0
    highest = connection.execute(select(func.max(certificates.c.shard)).where(*_of(profile, is_ca))).scalar()
    if highest is None or highest <= shards:
        return
    what = f"crl {configured.name}: `shards` is {shards}" if configured else f"no CRL for {_kind(is_ca)} is configured"
    raise ConfigurationError(
        f"{what}, and certificates name the CRL of shard {highest}",
        where=f"issuer {profile.issuer.name}",
        advice=f"set `shards` to {highest} again, or more: the number may be raised and never lowered",
    )


def _require_all_in_shards(
    connection: Connection, profile: IssuerProfile, is_ca: bool, sharded: CRLList, now: datetime
) -> None:
    """What has expired does not count, or a CRL that is not sharded could never be given up."""
    live = or_(certificates.c.not_after.is_(None), certificates.c.not_after > epoch(now))
    outside = select(func.count()).where(*_of(profile, is_ca), certificates.c.shard.is_(None), live)
    if count := connection.execute(outside).scalar():
        raise ConfigurationError(
            f"crl {sharded.name}: `shards` is {sharded.shards}, and the ledger has {_kind(is_ca)} in no shard, which "
            f"no CRL would list: {count}",
            where=f"issuer {profile.issuer.name}",
            advice="leave the CRL that they name as it was, without shards, until they have expired, and add one "
            f'beside it: `lists = {{ NAME = {{ scope = "{sharded.scope}", shards = {sharded.shards} }} }}`',
        )


def _of(profile: IssuerProfile, is_ca: bool) -> tuple[ColumnElement[bool], ...]:
    return certificates.c.issuer == profile.issuer.id, certificates.c.is_ca == is_ca


def _kind(is_ca: bool) -> str:
    return "CA certificates" if is_ca else "user certificates"


def _hex(entry: ImportEntry) -> str:
    return f"serial {serials.to_hex(entry.serial)}"
