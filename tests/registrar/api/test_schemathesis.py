"""Schemathesis, a judge: the API does what its description says, whatever it is sent. `make test-long` sends more."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registrar.api.app import LARGEST
from registrar.serving.server import Server
from revocation import clock
from tests.registrar.api.desk import ALL, Desk

pytestmark = pytest.mark.timeout(600)
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"

CONFIGURATION = """
# What is of the right form, and is no certificate, or is refused, or stands under an older tag, is told so.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
# What is too large is refused before it is read.
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
"""
UNAUTHORIZED = bytes.fromhex("30030a0106")
"""An OCSP response of the stand-in for a responder: it has none."""


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """The API over HTTP, and its URL."""
    server = Server(("127.0.0.1", 0), desk.app.wsgi_app, threads=4, largest=2 * LARGEST, now=clock.now)
    server.open()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.address[1]}/api/v1"
    server.stop()
    thread.join()


def judged(folder: Path, examples: int) -> subprocess.CompletedProcess[str]:
    """What Schemathesis says, of so many requests to each operation and in each phase."""
    desk = Desk.build(folder)
    desk.responder.answer = UNAUTHORIZED
    token = desk.token(*ALL, "issue:a", issuers=("home", "lab"))
    serial = desk.issue(token, "a.example", names=["dns:a.example"]).json["serial"]
    known = f'[parameters]\n"path.issuer" = "home"\n"path.serial" = "{serial}"\n'
    (folder / "schemathesis.toml").write_text(f"{known}{CONFIGURATION}")
    with served(desk) as url:
        options = ["--url", url, "--max-examples", str(examples), "--header", f"Authorization: Bearer {token}"]
        quiet = ["--no-color", "--generation-database", "none", "--seed", "1"]
        command = [SCHEMATHESIS, "--config-file", "schemathesis.toml", "run", f"{url}/openapi.json", *options, *quiet]
        return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """A few requests to each operation."""
    done = judged(tmp_path, 5)
    assert done.returncode == 0, done.stdout[:3000] + done.stdout[-3000:] + done.stderr
    assert "Tested: 9" in done.stdout


@pytest.mark.long
def test_schemathesis_finds_nothing_however_much_it_sends(tmp_path: Path) -> None:
    """Hundreds to each operation."""
    done = judged(tmp_path, 200)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr


def test_description_has_every_operation_and_is_of_the_models(tmp_path: Path) -> None:
    """Each with its problems; nothing in it refers to what is not there."""
    desk = Desk.build(tmp_path)
    said = desk.ask("GET", "/openapi.json").json
    assert said["openapi"] == "3.1.0"
    operations = [one for path in said["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == 9
    assert all({"400", "401", "403", "404", "429", "503"} <= set(one["responses"]) for one in operations)
    text = json.dumps(said)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in said["components"]["schemas"]
    told = {one["type"].rpartition("#")[2] for one in desk.ask("GET", "/problems").json["problems"]}
    assert {"refused", "scope", "no-answer"} <= told
