"""Where a bucket is, as the configuration says it."""

from pathlib import Path

import pytest

from publisher.config import PublisherConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from revocation.wire.bucket import Bucket

TARGET = '[[publisher.targets]]\nname = "files"\nkind = "directory"\npath = "public"\n'


def exchange(folder: Path, place: str) -> Path | Bucket:
    """What `exchange = …` in a file means."""
    file = folder / "revocast.toml"
    file.write_text(f'[publisher]\nstate = "state"\nexchange = {place}\n{TARGET}')
    return PublisherConfig.read(ConfigFile.read(file)).exchange


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://example", "example", ""),
        ("s3://example/", "example", ""),
        ("s3://example/a/b", "example", "a/b/"),
        ("s3://ex.am-ple/a/b/", "ex.am-ple", "a/b/"),
    ],
)
def test_bucket_and_prefix_are_taken_from_the_url(tmp_path: Path, url: str, bucket: str, prefix: str) -> None:
    """A prefix is a folder: `a` is not the beginning of `ab`."""
    found = exchange(tmp_path, f'"{url}"')
    assert isinstance(found, Bucket)
    assert (found.bucket, found.prefix) == (bucket, prefix)


def test_anything_else_is_a_folder_beside_the_file(tmp_path: Path) -> None:
    """As it was before there were buckets."""
    assert exchange(tmp_path, '"exchange"') == tmp_path / "exchange"


def test_endpoint_region_and_path_style_are_said_in_a_table(tmp_path: Path) -> None:
    """Where the bucket is not AWS's."""
    found = exchange(
        tmp_path,
        '{ url = "s3://example", endpoint = "https://s3.example:9000/", region = "eu-1", path_style = true, '
        'tls_ca = "ca" }',
    )
    assert isinstance(found, Bucket)
    assert (found.endpoint, found.region, found.path_style) == ("https://s3.example:9000", "eu-1", True)
    assert found.tls_ca == tmp_path / "ca"
    assert str(found) == "s3://example at https://s3.example:9000"


@pytest.mark.parametrize(
    "place",
    [
        '"s3://AKIAEXAMPLE:secret@example/a"',
        '"s3://example/a?secret=secret"',
        '"s3://example/a//b"',
        '"s3://example/../b"',
        '"s3://EXAMPLE"',
        '{ url = "s3://example", endpoint = "https://user:secret@s3.example" }',
        '{ url = "s3://example", secret_access_key = "secret" }',
        '{ url = "s3://example", endpoint = "s3.example" }',
    ],
)
def test_credentials_and_what_is_no_place_are_refused_and_not_repeated(tmp_path: Path, place: str) -> None:
    """A secret in the wrong place is shown in no message."""
    with pytest.raises(ConfigurationError, match="exchange") as raised:
        exchange(tmp_path, place)
    assert "secret" not in str(raised.value).replace("secret_access_key", "")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ('"s3://EXAMPLE"', r"publisher.exchange.bucket.url: the URL is s3://BUCKET or s3://BUCKET/PREFIX, and no more"),
        ('{ url = "s3://example", key = "x" }', r"publisher.exchange.bucket.key: unknown key$"),
        ('{ region = "eu-1" }', r"publisher.exchange.bucket.url: is missing: "),
        ("3", r"publisher.exchange: an exchange is a folder, a bucket \("),
    ],
)
def test_what_is_wrong_with_a_place_is_said_in_words_of_the_file(tmp_path: Path, place: str, told: str) -> None:
    """One problem is one sentence, and none of it is about the program."""
    with pytest.raises(ConfigurationError, match=f"revocast.toml: {told}") as raised:
        exchange(tmp_path, place)
    assert ";" not in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, "https://s3.amazonaws.com"),
        ("https://s3.eu-central-1.amazonaws.com", "https://s3.dualstack.us-east-1.amazonaws.com"),
        ("https://S3.example", "https://s3.example"),
        ("https://s3.example", "https://s3.example:443"),
        ("http://s3.example:80", "https://s3.example"),
        ("https://s3.example.", "https://s3.example/"),
        ("https://s3.example:9000", "http://S3.example:9000/"),
        ("https://[::1]:9000", "https://[::1]:9000/"),
    ],
)
def test_one_bucket_is_recognised_however_its_endpoint_is_written(one: str | None, other: str | None) -> None:
    """A CRL that is signed ahead of time would lie in a public bucket otherwise."""
    assert Bucket(url="s3://example/a", endpoint=one).shares(Bucket(url="s3://example/b", endpoint=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, "https://s3.example"),
        ("https://s3.example", "https://amazonaws.com.s3.example"),
        ("https://s3.example:9000", "https://s3.example:9001"),
    ],
)
def test_buckets_of_one_name_on_two_servers_are_two(one: str | None, other: str | None) -> None:
    """Nobody is kept from having both."""
    assert not Bucket(url="s3://example", endpoint=one).shares(Bucket(url="s3://example", endpoint=other))
