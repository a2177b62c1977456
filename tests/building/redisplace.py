"""A publisher's installation whose responses lie in a Redis server instead of LMDB."""

from collections.abc import Sequence
from pathlib import Path

from publisher.config import PublisherConfig
from revocation import serials
from revocation.certid import CertIDHash
from revocation.redisserver import RedisServer
from revocation.store import StoredResponse, response_key
from tests.building.ca import CA
from tests.building.place import Place
from tests.wire.server import Server


class RedisPlace(Place):
    """One publisher with a directory and a store on a server.

    Args:
        prefix: of the store's keys.
    """

    def __init__(self, root: Path, server: Server, ca: CA | None = None, prefix: str = "revocast:") -> None:
        super().__init__(root, ca)
        self.server = server
        self.redis = RedisServer(url=server.url, prefix=prefix)
        targets = [
            {"name": "files", "kind": "directory", "path": self.directory},
            {"name": "responses", "kind": "redis", "url": server.url, "prefix": prefix},
        ]
        self.config = PublisherConfig.model_validate(
            {"exchange": self.exchange, "state": self.state, "targets": targets}
        )

    def stored(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> StoredResponse | None:
        """What the server holds."""
        with self.server.client() as client:
            raw = client.hget(f"{self.redis.prefix}responses.2", self.key(serial, hash_))
        return StoredResponse.decode(raw) if raw is not None else None

    def overwrite(self, serials_: Sequence[int], stored: StoredResponse, hash_: CertIDHash = CertIDHash.SHA256) -> None:
        """Write into the server as nobody should."""
        with self.server.client() as client:
            for serial in serials_:
                client.hset(f"{self.redis.prefix}responses.2", self.key(serial, hash_), stored.encode())

    def key(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> bytes:
        """Where it holds a response."""
        return response_key(self.ca.issuer.octets, hash_.octet, serials.from_int(serial))
