"""Which shard of an issuer's CRLs a certificate belongs to, for ever: it stands in it, or somebody vouches for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509

from revocation import serials
from revocation.config import IssuerProfile
from revocation.crlsettings import Assignment
from revocation.crlspec import CRLSpec
from revocation.errors import InputError
from revocation.extensions import extension_value
from signer.importers.certificate import any_serial
from signer.importers.entry import ImportEntry


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


def _hex(entry: ImportEntry) -> str:
    return f"serial {serials.to_hex(entry.serial)}"
