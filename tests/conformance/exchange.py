"""One HTTP request and all that comes back, headers as they are, with the time before and after."""

import http.client
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

REQUEST, RESPONSE = "application/ocsp-request", "application/ocsp-response"


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        headers: as they came, by name in lower case; one that came twice has both values, joined by a comma.
        asked: the time before the request was sent.
        came: the time when the answer was there.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    asked: datetime
    came: datetime


@dataclass(frozen=True)
class Server:
    """A responder at a URL that ends in `/`."""

    url: str

    def post(self, body: bytes, **headers: str) -> Reply:
        """The request as the body of a POST."""
        return self.send("POST", "", body, {"Content-Type": REQUEST, **headers})

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """The request in the path of a GET or HEAD."""
        return self.send(method, path, None, headers)

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        """Any request; `_` in the names of headers stands for `-`.

        Raises:
            OSError, http.client.HTTPException: nothing that is HTTP came back.
        """
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        asked = datetime.now(UTC)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, parts.path + path, body, named)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return Reply(response.status, found, content, asked, datetime.now(UTC))
