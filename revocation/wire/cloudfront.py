"""Invalidating paths of a CloudFront distribution: what its caches hold at them is asked for again.

CloudFront has up to 3,000 paths of a distribution in progress at one time, in one request or in many, and beside them
up to 15 that end in `*` (CloudFront Developer Guide, "Concurrent invalidation request maximum").
"""

import functools
import secrets
from collections.abc import Collection
from typing import Any, Final

from revocation.errors import NotInstalled
from revocation.wire.s3_trouble import explained

MOST_PATHS: Final = 3000
_SECONDS: Final = 5
_REFERENCE_OCTETS: Final = 16


def invalidate(distribution: str, paths: Collection[str]) -> str:
    """Ask for it; returns the id under which CloudFront does it, within minutes.

    Args:
        paths: each begins with a slash and is as clients send it, escapes included.

    Raises:
        S3Trouble: CloudFront cannot be asked, or refuses.
        ConfigurationError: boto3 is not installed, or cannot be set up.
    """
    batch = {
        "Paths": {"Quantity": len(paths), "Items": sorted(paths)},
        "CallerReference": secrets.token_hex(_REFERENCE_OCTETS),
    }
    with explained(f"{len(paths)} paths cannot be invalidated", f"distribution {distribution}"):
        answer = client().create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    invalidation: str = answer["Invalidation"]["Id"]
    return invalidation


@functools.cache
def client() -> Any:
    """One try: what cannot be invalidated now is tried at the next look, and publishing does not wait for it."""
    try:
        import boto3  # late: only where a distribution is configured
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise NotInstalled(
            "the client of CloudFront is not installed", where="cloudfront", advice="pip install 'revocast[s3]'"
        ) from error
    config = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"mode": "standard", "total_max_attempts": 1}
    )
    return boto3.session.Session().client("cloudfront", region_name="us-east-1", config=config)
