"""A bucket on an S3 endpoint as the configuration names it: where it is, and never how one gets in.

Credentials come from where AWS's own tools look (environment, profile, instance role), so no file of ours holds one.
"""

import re
from pathlib import Path
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo

from revocation.configfile import LocalPath, Table

_SCHEME: Final = "s3://"
_URL: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>[A-Za-z0-9._/-]{0,500}))?")
_AWS: Final = re.compile(r".*\.(amazonaws\.com(\.cn)?|api\.aws)")
_ENDPOINT: Final = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")


def _place(url: str) -> str:
    """The URL without a slash at its end, when nothing but a place stands in it: it is shown in messages."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("the URL is s3://BUCKET or s3://BUCKET/PREFIX, and no more: credentials do not stand in it")
    if {"", ".", ".."} & set((match["prefix"] or "x").rstrip("/").split("/")):
        raise ValueError("the prefix of an s3:// URL has no empty part and none that is `.` or `..`")
    return url.rstrip("/")


def _endpoint(url: str) -> str:
    if not _ENDPOINT.fullmatch(url):
        raise ValueError("an endpoint is https://HOST:PORT or http://HOST:PORT, and no more")
    return url.rstrip("/")


def _server(endpoint: str | None) -> str:
    """The server in one way of writing; empty for AWS, which has each name of a bucket once, in whatever region."""
    if endpoint is None:
        return ""
    url = urlsplit(endpoint)
    host, port = (url.hostname or "").rstrip("."), url.port
    if _AWS.fullmatch(host):
        return ""
    by_default = {"http": 80, "https": 443}[url.scheme]  # a server's two are taken for one, so that it cannot be missed
    return host if port in (None, by_default) else f"{host}:{port}"


BucketURL = Annotated[str, AfterValidator(_place)]


class Bucket(Table):
    """A bucket, or what lies in it under a prefix."""

    url: BucketURL = Field(description="`s3://BUCKET/PREFIX`, or `s3://BUCKET` for all of it.")
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        default=None, description="`https://HOST:PORT` of an S3 server that is not AWS's own."
    )
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,40}$",
        description="Its region, like `eu-central-1`; else that of the environment or profile.",
    )
    path_style: bool = Field(
        default=False,
        description="Name the bucket in the path and not in the host name, for servers that have one name alone.",
    )
    tls_ca: LocalPath | None = Field(default=None, description="What the endpoint's certificate is checked with (PEM).")

    def __str__(self) -> str:
        return f"{self.url} at {self.endpoint}" if self.endpoint else self.url

    @property
    def place(self) -> str:
        """The same, for who compares places."""
        return str(self)

    @property
    def bucket(self) -> str:
        """Its name."""
        return self.url.removeprefix(_SCHEME).partition("/")[0]

    @property
    def prefix(self) -> str:
        """What keys begin with: empty, or with a slash at its end."""
        prefix = self.url.removeprefix(_SCHEME).partition("/")[2]
        return f"{prefix}/" if prefix else ""

    def shares(self, other: "Bucket") -> bool:
        """Whether it is the same bucket, under whatever prefix, and however the endpoint is written."""
        return (self.bucket, _server(self.endpoint)) == (other.bucket, _server(other.endpoint))

    def at(self, url: str) -> "Bucket":
        """Another one on the same endpoint."""
        return Bucket(
            url=url, endpoint=self.endpoint, region=self.region, path_style=self.path_style, tls_ca=self.tls_ca
        )


def _exchange(place: object, info: ValidationInfo) -> object:
    """A folder beside the configuration, or a bucket: its URL, or a table where more is to be said of it."""
    if isinstance(place, str) and place.startswith(_SCHEME):
        return {"url": place}
    if isinstance(place, str | Path):
        directory: Path | None = (info.context or {}).get("directory")
        return directory / place if directory else Path(place)
    if not isinstance(place, dict | Bucket):
        raise ValueError("an exchange is a folder, a bucket (s3://BUCKET/PREFIX), or a table with the `url` of one")  # noqa: TRY004 - pydantic's
    return place


def _kind(place: object) -> str:
    return "folder" if isinstance(place, Path) else "bucket"


ExchangePlace: TypeAlias = Annotated[
    Annotated[Path, Tag("folder")] | Annotated[Bucket, Tag("bucket")], Discriminator(_kind), BeforeValidator(_exchange)
]
"""Where an exchange is."""
