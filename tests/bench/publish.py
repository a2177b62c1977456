"""OCSP responses put into a bucket through the gate, beside bare boto3 that puts the same objects with as many threads.

The same objects: the same bytes under the same keys with the same headers and checksum, and no conditions.

moto's server stands for S3, so both rates are that of its one process and say nothing of S3; their ratio says what the
gate, the index and the notes cost beside a request.
"""

import argparse
import base64
import hashlib
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from publisher.config import PublisherConfig
from publisher.publish import publish
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import fixed, iso
from revocation.config import PublicConfig
from revocation.ocsppath import get_path
from revocation.wire.s3_client import AT_ONCE
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA
from tests.building.ocsp import both
from tests.building.s3server import CREDENTIALS, S3Place, S3Server


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The rates, their ratio, and how many puts it takes to publish again what has not changed."""
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as name:
        folder, ca = Path(name), CA()
        responder = ca.responder()
        pairs = {n: both(ca, responder, n) for n in range(1 << 126, (1 << 126) + arguments.objects // 2)}
        responses = [der for pair in pairs.values() for der in pair]
        put_slice(folder / "exchange", ca, 1, responses)
        things = {
            get_path(CertID.of(ca.issuer, serials.from_int(n), hash_)): der
            for n, pair in pairs.items()
            for hash_, der in zip(CertIDHash, pair, strict=True)
        }
        with S3Server(folder) as server:
            return _measure(server, folder, ca, things, arguments.runs)


def _measure(server: S3Server, folder: Path, ca: CA, things: dict[str, bytes], runs: int) -> dict[str, object]:
    ours, bare, unchanged = [], [], 0
    for n in range(runs):
        place, other = server.new_bucket(), server.new_bucket()
        config, public = _config(folder / f"publisher-{n}", folder / "exchange", ca, place)
        begun = time.perf_counter()
        publish(config, public, fixed(NOW))
        ours.append(len(things) / (time.perf_counter() - begun))
        before = _puts(folder)
        publish(config, public, fixed(NOW))
        unchanged += _puts(folder) - before
        client = _client(other)
        begun = time.perf_counter()
        _put_all(client, other.name, things)
        bare.append(len(things) / (time.perf_counter() - begun))
        _check(place, other, list(things)[:: max(1, len(things) // 20)])
    return {
        "objects": len(things),
        "threads": AT_ONCE,
        "ours_per_second": round(median(ours)),
        "bare_per_second": round(median(bare)),
        "ratio": round(median(a / b for a, b in zip(ours, bare, strict=True)), 3),
        "unchanged_puts": unchanged,
    }


def _config(folder: Path, exchange: Path, ca: CA, place: S3Place) -> tuple[PublisherConfig, PublicConfig]:
    """A publisher with one target."""
    folder.mkdir()
    issuers = [{"name": ca.name, "certificates": [ca.write(folder)]}]
    bucket = {"name": "bucket", "kind": "s3", "url": f"s3://{place.name}", "endpoint": place.endpoint, "ocsp": True}
    said = {"exchange": exchange, "state": folder / "state", "targets": [bucket]}
    public = PublicConfig.model_validate({"base_url": "http://pki.example", "issuers": issuers})
    return PublisherConfig.model_validate(said), public


def _client(place: S3Place) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "s3", endpoint_url=place.endpoint, region_name="us-east-1", config=Config(max_pool_connections=AT_ONCE)
    )


def _put_all(client: Any, bucket: str, things: dict[str, bytes]) -> None:
    def put(thing: tuple[str, bytes]) -> None:
        key, data = thing
        digest = hashlib.sha256(data)
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=data,
            ContentType="application/ocsp-response",
            CacheControl="max-age=3600, public, no-transform, must-revalidate",
            Expires=NOW + timedelta(days=1),
            Metadata={"sha256": digest.hexdigest(), "this-update": iso(NOW)},
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(put, things.items()))


def _puts(folder: Path) -> int:
    """How many the server has logged."""
    return sum(b'"PUT ' in line for line in (folder / "s3.log").read_bytes().splitlines())


def _check(place: S3Place, other: S3Place, keys: list[str]) -> None:
    for key in keys:
        if place.read(key) != other.read(key):
            raise SystemExit(f"{key} is not what it should be")
