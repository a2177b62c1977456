"""The `[publisher]` table of revocast.toml: where bundles come from, where marks are kept, and what is published to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from revocation.configfile import ConfigFile, LocalPath, QueueURL, Table
from revocation.durations import Duration
from revocation.redisserver import RedisServer
from revocation.wire.bucket import Bucket, BucketURL, ExchangePlace

TargetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="What operators call the target.")]


class _FolderTable(Table):
    name: TargetName
    path: LocalPath

    @property
    def place(self) -> str:
        """Where the target is."""
        return str(self.path)


class DirectoryTable(_FolderTable):
    """A folder: CRLs and issuer certificates below its `www`, which a web server may serve; the status beside it."""

    kind: Literal["directory"]
    numbered: bool = Field(
        default=False,
        description="Beside each CRL put copies that stay, named by their CRL numbers: all-17.crl beside all.crl; as "
        "many as [publisher.archive] keeps. Caches may keep them for a year, so their names are for who looks back.",
    )
    pem: bool = Field(
        default=False,
        description="Beside each CRL put its PEM form (RFC 7468): all.pem beside all.crl, for servers that read no DER "
        "(nginx, HAProxy, OpenVPN). A third larger, and no relying party expects it at a distribution point.",
    )

    ocsp: bool = Field(
        default=False,
        description="Also write every OCSP response below `www/ocsp/`, at the path that a GET for it names, for a web "
        "server. Costs an inode and some 4 KiB for each response, with two hashes two for each certificate; up "
        "to 2.3 % of responses, by the length of serials, have no such path, and are answered by a responder.",
    )


class S3Table(Bucket):
    """A bucket: CRLs and issuer certificates under their public paths; the status in private."""

    name: TargetName
    kind: Literal["s3"]
    private: BucketURL | None = Field(
        default=None,
        description="`s3://BUCKET/PREFIX` on the same endpoint for the status, which is nobody's business; else "
        "`private` below `url`, which the bucket's policy must not open. Publishers that share a bucket name the "
        "target differently: each keeps a status of its own.",
    )
    numbered: bool = Field(default=False, description="As of a directory.")
    pem: bool = Field(default=False, description="As of a directory.")
    ocsp: bool = Field(
        default=False,
        description="Also put every OCSP response below `ocsp/`, at the key that a GET for it names, for a CDN or web "
        "server before the bucket. Every renewal puts every one again, with two hashes two for each certificate, which "
        "S3 charges for: longer windows in [public.ocsp] cost less.",
    )
    distribution: str | None = Field(
        default=None,
        pattern=r"^[A-Z0-9]{6,32}$",
        description="The id of the CloudFront distribution before the bucket: what a revocation changes is invalidated "
        "there. CloudFront charges for each path, up to eight for a revocation and one for each new CRL; without it "
        "caches hold what they have for `max_age`.",
    )

    @property
    def private_url(self) -> str:
        """Where the status lies."""
        return self.private or f"{self.url}/private"


class LMDBTable(_FolderTable):
    """An LMDB store of OCSP responses, on a local disk, read by the responder of the same host."""

    kind: Literal["lmdb"]
    map_size_gib: int = Field(
        default=64,
        ge=1,
        le=16384,
        description="Address space of the store; sparse, so only what is stored takes room. Readers need not reopen.",
    )


class RedisTable(RedisServer):
    """OCSP responses in a Redis or Valkey server, read by responders on other hosts."""

    name: TargetName
    kind: Literal["redis"]


TargetTable = Annotated[DirectoryTable | S3Table | LMDBTable | RedisTable, Field(discriminator="kind")]


class ArchiveTable(Table):
    """How many of the CRLs that were published are kept, in `crls` of the state folder; the last of each for ever."""

    count: int = Field(default=20, ge=1, description="At most so many of each CRL.")
    age: Duration = Field(default=timedelta(days=90), description="And none that was issued longer ago.")

    def given_up(self, issued: Mapping[int, datetime], now: datetime) -> set[int]:
        """Of CRLs with these numbers and thisUpdates the numbers of those that go: never the last."""
        newest_first = sorted(issued, reverse=True)
        too_many = newest_first[self.count :]
        too_old = [number for number in newest_first[1:] if now - issued[number] > self.age]
        return {*too_many, *too_old}


class PublisherConfig(Table):
    """The `[publisher]` table."""

    exchange: ExchangePlace = Field(
        description="Where the signer puts bundles: a folder, or a bucket, s3://BUCKET/PREFIX; only read here."
    )
    state: LocalPath = Field(
        description="Marks that only rise, and bundles that were refused. Outside the targets, so that a target which "
        "is wiped or restored is noticed."
    )
    queue: QueueURL | None = Field(default=None, description="Where hints come from; absent in the mode without queue.")
    targets: tuple[TargetTable, ...] = Field(min_length=1)
    archive: ArchiveTable = ArchiveTable()

    @property
    def noted(self) -> Path:
        """The file in which `publish` and `worker publisher` keep when they last succeeded."""
        return self.state / "published.json"

    @classmethod
    def read(cls, file: ConfigFile) -> "PublisherConfig":
        """The table of a configuration file.

        Raises:
            ConfigurationError: the table is missing or contradicts itself.
        """
        return file.table("publisher", cls)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        seen: dict[str, str] = {}
        for target in self.targets:
            for what in (target.name, target.place):
                if what in seen:
                    raise ValueError(f"targets {seen[what]!r} and {target.name!r} share {what!r}")
            seen |= {target.name: target.name, target.place: target.name}
            if isinstance(target, S3Table) and isinstance(self.exchange, Bucket) and target.shares(self.exchange):
                raise ValueError(f"target {target.name!r} and the exchange share a bucket: the exchange is private")
            if isinstance(target, RedisTable | S3Table):
                continue
            for name, folder in (("state", self.state), ("exchange", self.exchange)):
                if isinstance(folder, Path) and folder.resolve().is_relative_to(target.path.resolve()):
                    raise ValueError(f"{name} ({folder}) lies inside target {target.name!r}: keep it outside")
        return self
