"""A publisher's installation whose CRLs and issuer certificates lie in a bucket instead of a folder."""

from collections.abc import Mapping
from pathlib import Path

from publisher.config import PublisherConfig
from tests.building.ca import CA
from tests.building.place import Place
from tests.building.s3server import S3Place


class BucketPlace(Place):
    """One publisher with a bucket and a store.

    Args:
        endpoint: where it finds the bucket, if not where that is.
        target: keys of the bucket's table, such as `numbered` and `private`.
        exchange: of another publisher, which is ours too.
    """

    def __init__(
        self,
        root: Path,
        s3: S3Place,
        ca: CA | None = None,
        *,
        endpoint: str | None = None,
        target: Mapping[str, object] | None = None,
        exchange: Path | None = None,
        **public: object,
    ) -> None:
        super().__init__(root, ca, **public)
        self.exchange = exchange or self.exchange
        self.s3 = s3
        bucket = {"name": "bucket", "kind": "s3", "url": f"s3://{s3.name}/pki", "endpoint": endpoint or s3.endpoint}
        targets = [
            {**bucket, **(target or {})},
            {"name": "responses", "kind": "lmdb", "path": self.store, "map_size_gib": 1},
        ]
        self.config = PublisherConfig.model_validate(
            {"exchange": self.exchange, "state": self.state, "targets": targets}
        )

    def key(self, label: str = "all") -> str:
        """Of a CRL."""
        return f"pki/{self.spec(label).path}"

    def shown(self, label: str = "all") -> bytes:
        """The CRL that lies in the bucket."""
        return self.s3.read(self.key(label))
