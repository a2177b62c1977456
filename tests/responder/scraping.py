"""What an operator's machine does: fetches a page of the address that the public does not reach, and reads metrics."""

import http.client
import re
from datetime import timedelta
from pathlib import Path

from revocation import clock
from tests.responder.filling import EXPIRED, GOOD, Filling, write
from tests.responder.running import Running, configure

_LINE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$")
WAITRESS, FAST, TWO = (f'server = "{name}"\n' for name in ("waitress", "fastpysgi", "fastpysgi"))
TWO += "workers = 2\n"
ANSWERS = 'revocast_ocsp_answers_total{{method="{}",answer="{}",certid_hash="{}"}}'


def configured(folder: Path, filling: Filling, more: str) -> Path:
    """A responder with metrics, over a store in which one response of three has expired."""
    now = clock.now()
    good = filling.entries(GOOD, this_update=now - timedelta(hours=2))
    other = filling.entries(GOOD + 1, this_update=now)
    expired = filling.entries(EXPIRED, this_update=now - timedelta(days=2))
    write(folder / "store", [*filling.issuer_entries(), *good, *other, *expired])
    config = configure(folder, filling.authority, f'admin = "127.0.0.1:0"\n{more}')
    config.write_text(config.read_text().replace('files = "www"\n', ""))
    return config


def post(server: Running, body: bytes) -> bytes:
    """The answer to a POST on a connection of its own."""
    head = f"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return server.send(head.encode() + body)


def fetch(port: int, page: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """Status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, page)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def read(text: str) -> dict[str, float]:
    """The values by their names with the labels, as they stand there."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [_LINE.match(line) for line in lines]
    assert all(found), text
    values = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert len(values) == len(lines)
    return values


def scrape(port: int) -> dict[str, float]:
    """The metrics of now."""
    status, headers, text = fetch(port, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return read(text)
