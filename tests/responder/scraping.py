"""What an operator's machine does: fetches a page of the address that the public does not reach, and reads metrics."""

import http.client
import re

_LINE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$")


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
