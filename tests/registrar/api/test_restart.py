"""`revocast registrar` as a process, with the API alone, after one that ended while a request waited for the signer."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from revocation.clock import now
from revocation.wire.queue import Wire
from tests.registrar.api.desk import Desk
from tests.registrar.fakes import Clock
from tests.registrar.site import ROOT
from tests.registrar.test_serve import free_port
from tests.wire.server import Server

pytestmark = pytest.mark.timeout(60)


def waiting(folder: Path, valkey: Server, url: str) -> str:
    """A request that a registrar was asked, and that the signer answered after it had ended; whose token that is."""
    desk = Desk.build(folder, clock=Clock(now()))
    desk.signer.silent = True
    token = desk.token()
    assert desk.issue(token, "a.example", names=["dns:a.example"]).status_code == 202
    desk.services.database.close()
    config = folder / "revocast.toml"
    text = config.read_text().replace("acme = true", "acme = false").replace(ROOT, url)
    text = text.replace("unix://queue.sock", valkey.url).replace('trusted_proxies = ["127.0.0.1/32"]', "")
    listen = f'[registrar]\nlisten = "{url.partition("://")[2]}"\nfinalize_wait = "0s"'
    config.write_text(text.replace("[registrar]", listen))
    desk.signer.silent = False
    ((id_, verb, body),) = desk.signer.asked
    reply = desk.signer.ask(desk.services.tenants["home"], verb, body, id_, 0.0)
    assert reply
    Wire(valkey.url).put_reply(reply)
    return token


def listed(url: str, token: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{url}/api/v1/issuers/home/certificates", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)["certificates"]
    return found


def test_request_that_waited_is_done_by_the_next_process_without_acme(tmp_path: Path) -> None:
    """The signer answered meanwhile: its certificate is listed within two looks."""
    url = f"http://127.0.0.1:{free_port()}"
    with Server(tmp_path) as valkey:
        token = waiting(tmp_path, valkey, url)
        command = [Path(sys.executable).parent / "revocast", "registrar", "--config", tmp_path / "revocast.toml"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                assert process.stdout.readline() == f"listening on {url}\n", process.stderr and process.stderr.read()
                assert listed(url, token) == []
                until = time.monotonic() + 20
                while not (found := listed(url, token)) and time.monotonic() < until:
                    time.sleep(0.2)
            finally:
                process.kill()
    assert [one["names"] for one in found] == [["dns:a.example"]]
