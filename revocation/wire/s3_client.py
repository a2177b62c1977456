"""botocore's client of an endpoint, with the bounds of each request."""

from typing import Any, Final

from revocation.errors import ConfigurationError, NotInstalled
from revocation.wire.bucket import Bucket

TRIES: Final = 3
AT_ONCE: Final = 32
"""Requests, each with a connection of its own."""
_CONNECT_SECONDS: Final = 3
_ANSWER_SECONDS: Final = 10


def new_client(bucket: Bucket) -> Any:
    """A client that looks for credentials, once and for all, at its first request; nothing is asked yet.

    Raises:
        ConfigurationError: boto3 is not installed, or cannot be set up as its environment and files say.
    """
    try:
        import boto3  # late: only where a bucket is configured
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise NotInstalled(
            "the client of S3 is not installed", where=str(bucket), advice="pip install 'revocast[s3]'"
        ) from error
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        s3={"addressing_style": "path" if bucket.path_style else "auto"},
        request_checksum_calculation="when_required",  # others than AWS refuse what it adds by default
        response_checksum_validation="when_required",
        max_pool_connections=AT_ONCE,
        tcp_keepalive=True,
    )
    verify = {"verify": str(bucket.tls_ca)} if bucket.tls_ca else {}
    try:
        return boto3.session.Session().client(
            "s3", endpoint_url=bucket.endpoint, region_name=bucket.region, config=config, **verify
        )
    except (BotoCoreError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"the client of S3 cannot be set up ({type(error).__name__})",
            where=str(bucket),
            advice="see to `endpoint` and `region`, and to AWS_… in the environment",
        ) from error
