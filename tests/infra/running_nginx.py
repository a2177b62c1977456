"""An nginx with the configurations that we ship, on this machine's ports and paths."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from tests.waiting import until_listening

SHIPPED = Path(__file__).parents[2] / "infra/nginx"


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """So many, all different: each is held until the last is found."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def configuration(
    folder: Path, port: int, upstream: int, patience: str = "10s", bucket: tuple[int, str] | None = None
) -> Path:
    """The shipped files, in front of a responder at the port `upstream`; the path of the main one.

    Args:
        patience: how long it waits for an answer of the responder.
        bucket: the port of an S3 server and the bucket there in which all lies, in place of a folder.
    """
    site = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": "",
        "server 127.0.0.1:8889;": f"server 127.0.0.1:{upstream};",
        "proxy_read_timeout 10s;": f"proxy_read_timeout {patience};",
        "/var/lib/nginx/revocast": str(folder / "cache"),
        "/etc/nginx/revocast/": f"{SHIPPED}/ocsp-errors/",
    }
    if bucket is None:
        kind, site["/var/lib/revocast/public/www"] = "revocast.conf", str(folder / "public/www")
    else:
        kind, site["server example-pki.s3.eu-central-1.amazonaws.com:443;"] = (
            "revocast-bucket.conf",
            f"server 127.0.0.1:{bucket[0]};",
        )
        site["Host example-pki.s3.eu-central-1.amazonaws.com;"] = f"Host {bucket[1]}.s3.amazonaws.com;"
    text = (SHIPPED / kind).read_text().replace("https://revocast_bucket", "http://revocast_bucket")
    return main(folder, text, site)


def main(folder: Path, text: str, site: Mapping[str, str]) -> Path:
    """The shipped main configuration, and below it the text of a site in which places are replaced; its path."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    changes = {
        "user www-data;": "daemon off;" + (" user root;" if os.getuid() == 0 else ""),
        "worker_processes auto;": "worker_processes 1;",
        "/run/nginx.pid": f"{folder}/pid",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "include /etc/nginx/sites-enabled/*;": f"{temporary} include {folder}/revocast.conf;",
    }
    write(folder / "revocast.conf", text, site)
    return write(folder / "nginx.conf", (SHIPPED / "nginx.conf").read_text(), changes)


def write(path: Path, text: str, changes: Mapping[str, str]) -> Path:
    """What is shipped, each of some places replaced by one of this machine."""
    for shipped, here in changes.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    path.write_text(text)
    return path


@contextmanager
def nginx(
    folder: Path, port: int, upstream: int, patience: str = "10s", bucket: tuple[int, str] | None = None
) -> Iterator[None]:
    """A running nginx with the shipped configuration."""
    with running(configuration(folder, port, upstream, patience, bucket), port):
        yield


@contextmanager
def running(main: Path, port: int) -> Iterator[None]:
    """nginx with that main configuration, until it listens."""
    command = [str(shutil.which("nginx")), "-c", str(main), "-e", str(main.with_name("error.log"))]
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen(command)
    try:
        until_listening(port)
        yield
    finally:
        process.terminate()
        process.wait(10)


def ask(
    port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    """One request and what came back."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()
