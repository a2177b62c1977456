"""`revocast up` where a web server has the files, as the configuration says to where one does."""

import subprocess
from pathlib import Path

import pytest

from jobs.first_start import prepare
from tests.infra.running_nginx import free_ports, nginx
from tests.jobs.upping import REVOCAST

pytestmark = [pytest.mark.judge("nginx"), pytest.mark.timeout(240), pytest.mark.long]


def test_once_asks_the_web_server_that_has_the_files(demo: Path, tmp_path: Path) -> None:
    """Our own server has none of them: it would never be found that everything answers."""
    data, (front, port) = tmp_path / "data", free_ports(2)
    prepared = prepare(data, (demo / "issuing",), f"http://localhost:{front}", demo / "issuing/private/ca.passphrase")
    text = prepared.config.read_text()
    without = text.replace('files = "public/www"', 'server = "fastpysgi"')
    assert without != text
    prepared.config.write_text(without)
    command = [*REVOCAST, "up", "--data", str(data), "--port", str(port), "--once"]
    with nginx(data, front, port):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "REVOCAST OK" in done.stdout
