"""From the place of an exchange in the configuration to the exchange; boto3 is loaded where that is a bucket."""

from pathlib import Path

from revocation.wire.bucket import Bucket
from revocation.wire.exchange import Exchange, FolderExchange


def open_exchange(place: Path | Bucket) -> Exchange:
    """The exchange; nothing is read yet.

    Raises:
        ConfigurationError: it is a bucket, and the client of S3 is not installed or cannot be set up.
    """
    if isinstance(place, Path):
        return FolderExchange(place)
    from revocation.wire.s3_exchange import S3Exchange

    return S3Exchange(place)
