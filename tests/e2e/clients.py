"""Relying parties in Python: what each web server, and the bucket, hands out over HTTP."""

import base64
import http.client
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.building.seaweedfs import PUBLIC, new_client
from tests.e2e.servers import Verdict
from tests.e2e.verify import Unsaid, Verifier, Wrong

OCSP: Final = "application/ocsp-request"
_SECONDS: Final = 20
_THREADS: Final = 3


class Away(Exception):
    """Nobody answered, or not with what was asked for.

    Attributes:
        status: of HTTP, where somebody did answer.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class HTTP:
    """A connection that is kept, and made anew where it was lost."""

    def __init__(self, port: int, seconds: float = _SECONDS) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body. Raises Away."""
        return self._ask("GET", path)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """The same of a question."""
        return self._ask("POST", path, body)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            self._connection.request(method, path, body, {"Content-Type": OCSP} if body else {})
            reply = self._connection.getresponse()
            return reply.status, reply.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Away(f"{type(error).__name__}: {error}") from error


@dataclass
class Edge:
    """One web server and the responder behind it.

    Attributes:
        path: of the CRL.
        seconds: how long it waits for an answer.
    """

    name: str
    port: int
    verifier: Verifier
    path: str
    seconds: float = _SECONDS

    def ask(self, connection: HTTP, serial: int, hash_: str = "sha256", method: str = "POST") -> bytes:
        """The octets of an answer, whatever they are. Raises Away."""
        request = self.verifier.request(serial, hash_)
        if method == "POST":
            _, body = connection.post("/ocsp/", request)
        else:
            _, body = connection.get(get_path(request))
        return body

    def status(self, connection: HTTP, serial: int, hash_: str = "sha256", method: str = "POST") -> Verdict:
        """What a client learns of a certificate. Raises Away, Unsaid, Wrong."""
        der = self.ask(connection, serial, hash_, method)
        verdict, _ = self.verifier.response(der, serial, hash_, datetime.now(UTC))
        return verdict

    def everything(self, serials: Iterable[int], hash_: str, method: str) -> dict[int, Verdict | str]:
        """What it says of each; a text where that is no status."""
        wanted = list(serials)
        with ThreadPoolExecutor(_THREADS) as pool:
            parts = pool.map(
                lambda part: self._some(part, hash_, method), (wanted[n::_THREADS] for n in range(_THREADS))
            )
            return {serial: verdict for part in parts for serial, verdict in part.items()}

    def crl(self) -> bytes:
        """The octets of the CRL. Raises Away."""
        connection = HTTP(self.port, self.seconds)
        status, body = connection.get(self.path)
        connection.close()
        if status != 200:
            raise Away(f"{self.path}: {status}", status)
        return body

    def _some(self, serials: list[int], hash_: str, method: str) -> dict[int, Verdict | str]:
        connection, found = HTTP(self.port, self.seconds), dict[int, Verdict | str]()
        for serial in serials:
            try:
                found[serial] = self.status(connection, serial, hash_, method)
            except (Away, Unsaid, Wrong) as error:
                found[serial] = f"{type(error).__name__}: {error}"
        connection.close()
        return found


class PublicBucket:
    """The bucket of the second publisher, as anybody sees it, who may read its public objects by name and no more.

    Args:
        port: of the S3 server.
        ca: what its certificate is checked with.
        path: of the CRL.
    """

    def __init__(self, port: int, ca: Path, path: str) -> None:
        self._client: Any = new_client(port, ca, None)
        self._key = path.lstrip("/")

    def crl(self) -> bytes:
        """The octets of the CRL. Raises Away."""
        try:
            body: bytes = self._client.get_object(Bucket=PUBLIC, Key=self._key)["Body"].read()
        except Exception as error:  # whatever botocore makes of a server that is away or has no such object
            response: Any = getattr(error, "response", None) or {}
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            raise Away(f"{type(error).__name__}: {error}", status) from error
        return body


def get_path(request: bytes) -> str:
    """RFC 9919 section 5: `/ocsp/` and the request in base64, escaped."""
    return "/ocsp/" + quote(base64.b64encode(request).decode(), safe="")
