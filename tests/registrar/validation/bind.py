"""A real name server: BIND, which answers for the zone `test.` as authority and as resolver."""

import socket
import subprocess
from pathlib import Path
from typing import Self

import dns.message
import dns.query
import dns.resolver

from tests.waiting import until

_CONFIGURATION = """
options {{
    directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key"; managed-keys-directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable no;
    forward only; forwarders {{ 127.0.0.1 port 9; }};
}};
controls {{ }};
zone "test." {{ type primary; file "test.zone"; check-names ignore; }};
zone "broken.test." {{ type primary; file "no-such-file.zone"; }};
"""
_HEAD = "$TTL 0\n$ORIGIN test.\n@ SOA ns hostmaster 1 3600 600 86400 0\n@ NS ns\nns A 127.0.0.1\n"


class BIND:
    """`named` in the foreground.

    Args:
        records: lines of the zone `test.`, below its SOA.
    """

    def __init__(self, folder: Path, records: str) -> None:
        self._folder = folder
        self.port = free_port()
        self.place = f"127.0.0.1:{self.port}"
        (folder / "test.zone").write_text(_HEAD + records)
        (folder / "named.conf").write_text(_CONFIGURATION.format(folder=folder, port=self.port))

    def __enter__(self) -> Self:
        self._log = (self._folder / "log").open("wb")
        command = ["named", "-g", "-n", "1", "-c", str(self._folder / "named.conf")]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        until(self._answers, 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            answer = dns.query.udp(dns.message.make_query("ns.test.", "A"), "127.0.0.1", 0.5, self.port)
        except (dns.exception.Timeout, OSError):
            return False
        return bool(answer.answer)


def free_port() -> int:
    """A port that nobody listens on, for TCP and UDP."""
    with socket.socket() as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", one.getsockname()[1]))
        port: int = one.getsockname()[1]
        return port
