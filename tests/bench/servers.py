"""The servers that `serve` measures: ours, a bare WSGI callable and a Flask view under the same server, and nginx."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.authority import Authority
from tests.bench.load import SERVER_CORE, wait_for_port
from tests.responder.running import configure

_NGINX = """
{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type application/ocsp-response;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; open_file_cache max=20000;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@contextmanager
def started(command: list[str], **more: object) -> Iterator[subprocess.Popen[str]]:
    """A process on the server's core, until the block ends."""
    whole = ["taskset", "-c", SERVER_CORE, *command]
    process = subprocess.Popen(whole, stdout=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def ours(folder: Path, authority: Authority) -> list[str]:
    """`revocast respond` over the store in `folder`, behind a web server as far as its configuration says."""
    config = configure(folder, authority, 'server = "fastpysgi"\n')
    config.write_text(config.read_text().replace('files = "www"\n', ""))
    return [sys.executable, "-m", "revocation", "respond", "--config", str(config)]


def under_fastpysgi(application: str, folder: Path) -> list[str]:
    """`bare`, `table` or `view`, with what `serve` wrote into that folder."""
    return [sys.executable, "-m", "tests.bench.underfast", application, str(folder)]


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """nginx, which serves the files below `www`."""
    user = "user root;" if os.geteuid() == 0 else ""  # the folder is this user's alone
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port, user=user))
    with started(["nginx", "-e", str(folder / "nginx.err"), "-c", str(folder / "nginx.conf")]) as process:
        wait_for_port(port)
        yield process
