"""The exchange in a bucket: the duties of every exchange, over HTTP. moto's server stands for S3."""

import hashlib
import io
import tracemalloc
from threading import Thread
from typing import BinaryIO

import pytest

from revocation.errors import BundleError, ExchangeError, InputError, Unreadable
from revocation.wire.s3_exchange import S3Exchange
from tests.building.s3server import PAGE, S3Place
from tests.wire.bundled import NAME, NAMES, of


def test_bundles_are_listed_in_the_order_of_the_ledger(exchange: S3Exchange) -> None:
    """By name, with their sizes; a list is of what is there now."""
    for name in (NAMES[2], NAMES[0], NAMES[1]):
        assert exchange.put(name, of(b"x" * int(name[:12]))) == int(name[:12])
    assert [(stored.name, stored.size) for stored in exchange.list()] == [(NAMES[n], n + 1) for n in range(3)]
    exchange.remove(NAMES[1])
    exchange.remove(NAMES[1])
    assert [stored.name for stored in exchange.list()] == [NAMES[0], NAMES[2]]


def test_more_bundles_than_a_page_of_the_list_are_all_listed(s3: S3Place) -> None:
    """A list goes on where a page of it ends."""
    names = [f"{number:012}-1a2b3c4d-ocsp-{number}.tar" for number in range(2 * PAGE + 3)]
    for name in names:
        s3.write(name, b"")
    assert [stored.name for stored in S3Exchange(s3.bucket()).list()] == names


def test_what_else_lies_in_the_bucket_is_no_bundle(s3: S3Place, exchange: S3Exchange) -> None:
    """Other prefixes, folders below ours, and names that are no bundle's."""
    exchange.put(NAME, of(b"mine"))
    for key in (NAMES[1], f"exchange/old/{NAMES[2]}", "exchange/readme.txt", f"exchange{NAMES[3]}"):
        s3.write(key, b"theirs")
    assert [stored.name for stored in exchange.list()] == [NAME]


def test_bundle_is_read_as_it_was_put_and_can_be_sought_in(exchange: S3Exchange) -> None:
    """A reader of a tar jumps about."""
    content = bytes(range(256)) * 20_000
    exchange.put(NAME, of(content))
    with exchange.open(NAME) as source:
        assert source.seekable()
        source.seek(-256, io.SEEK_END)
        assert source.read() == bytes(range(256))
        source.seek(0)
        assert hashlib.file_digest(source, "sha256").digest() == hashlib.sha256(content).digest()  # type: ignore[arg-type]


def test_head_of_the_audit_log_lies_beside_the_bundles_and_is_none_of_them(exchange: S3Exchange) -> None:
    """It is put over the one before; one that is no head is not read whole."""
    assert exchange.head() is None
    exchange.put_head(b"one")
    exchange.put_head(b"another")
    assert exchange.head() == b"another"
    assert exchange.list() == []
    exchange.put_head(bytes(5000))
    with pytest.raises(InputError, match="4096"):
        exchange.head()


def test_large_bundle_is_put_and_read_without_being_held_in_memory(exchange: S3Exchange) -> None:
    """A slice of a million responses is hundreds of megabytes; here it is 48."""
    piece = bytes(range(256)) * 4096

    def write(out: BinaryIO) -> None:
        for _ in range(48):
            out.write(piece)

    exchange.put(NAMES[1], of(b"what is loaded with the first one"))
    tracemalloc.start()
    try:
        exchange.put(NAME, write)
        with exchange.open(NAME) as source:
            assert source.seek(0, io.SEEK_END) == 48 * len(piece)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 12 * len(piece)


def test_bundle_that_is_not_there_is_told_apart_from_one_that_cannot_be_read(s3: S3Place, exchange: S3Exchange) -> None:
    """The first is gone; the second is tried again at the next look."""
    with pytest.raises(BundleError, match="not there") as gone:
        exchange.open(NAME)
    assert not isinstance(gone.value, Unreadable)
    s3.client.delete_bucket(Bucket=s3.name)
    with pytest.raises(Unreadable, match="no such bucket"):
        exchange.open(NAME)


def test_another_bundle_of_the_same_name_is_refused_and_the_same_is_no_error(exchange: S3Exchange) -> None:
    """Two signers cannot write over each other; one that put a bundle and did not hear of it puts it again."""
    exchange.put(NAME, of(b"one"))
    assert exchange.put(NAME, of(b"one")) == 3
    with pytest.raises(ExchangeError, match=r"another bundle has this name already.*another signer"):
        exchange.put(NAME, of(b"two"))
    with exchange.open(NAME) as source:
        assert source.read() == b"one"


def test_of_signers_that_put_at_the_same_time_one_wins(exchange: S3Exchange) -> None:
    """The others hear of it, and what is there is the winner's, whole."""
    won: list[bytes] = []

    def put(content: bytes) -> None:
        try:
            exchange.put(NAME, of(content * 100_000))
        except ExchangeError:
            return
        won.append(content)

    threads = [Thread(target=put, args=(bytes([65 + number]),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with exchange.open(NAME) as source:
        assert source.read() == won[0] * 100_000


def test_version_of_a_bundle_changes_with_its_content(s3: S3Place, exchange: S3Exchange) -> None:
    """A publisher that refused a bundle looks again at another one of that name."""
    exchange.put(NAME, of(b"one"))
    (before,) = exchange.list()
    s3.write(f"exchange/{NAME}", b"two")
    (after,) = exchange.list()
    assert (before.size, before.version != after.version) == (after.size, True)


def test_bundle_carries_its_digest_and_is_kept_out_of_caches(s3: S3Place, exchange: S3Exchange) -> None:
    """For S3 to check, and for who looks at the bucket."""
    exchange.put(NAME, of(b"content"))
    said = s3.head(f"exchange/{NAME}")
    assert said["ContentType"] == "application/x-tar"
    assert said["CacheControl"] == "no-store"
    assert said["Metadata"] == {"sha256": hashlib.sha256(b"content").hexdigest()}


def test_bundle_that_somebody_else_put_needs_no_digest(s3: S3Place, exchange: S3Exchange) -> None:
    """An operator may carry it there with AWS's own tool."""
    s3.write(f"exchange/{NAME}", b"content")
    with exchange.open(NAME) as source:
        assert source.read() == b"content"
