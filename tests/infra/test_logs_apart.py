"""One revocation through the logs of all services, each a process with its own user, as docs/monitoring.md says it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.split_site import SplitSite
from tests.infra.valkey_users import SERVICES, GuardedServer
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)
RUNNING = ("signer", "publisher", "scheduler")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with a user for each service."""
    with GuardedServer(tmp_path) as running:
        yield running


def lines(site: SplitSite, service: str) -> list[dict[str, Any]]:
    """What a service logged: every line is an object, and says when, how bad, who and what."""
    text = site.log(service)
    found = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]  # the last may be being written
    assert all({"time", "level", "service", "message"} <= line.keys() for line in found)
    assert {line["service"] for line in found} <= {service}
    return found


def test_revocation_is_followed_from_its_id_to_the_targets(tmp_path: Path, server: GuardedServer) -> None:
    """By the message's id to the signer that recorded it and to the bundles, by these to the publisher's targets."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    site.environments = {service: {"REVOCAST_LOG": "json"} for service in (*RUNNING, "responder")}
    with site.services() as url:
        until(lambda: site.ask(url, 1) == site.ask(url, 2) == "GOOD", 60)
        done = site.revocast("operator", "revoke", "02", "--reason", "keyCompromise", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        reply = json.loads(done.stdout)
        until(lambda: {"files", "responses"} <= {line.get("target") for line in published(site, reply["id"])}, 60)
    (recorded,) = [line for line in lines(site, "signer") if line.get("message_id") == reply["id"]]
    assert (recorded["outcome"], recorded["revision"]) == ("done", reply["revision"])
    said = {line["target"]: line["message"] for line in published(site, reply["id"])}
    assert "published" in said["files"]
    assert "responses put (partial)" in said["responses"]
    asked = {line["message_id"] for line in lines(site, "scheduler") if "message_id" in line}
    answered = {id_ for line in lines(site, "signer") for id_ in line.get("message_ids", [])}
    assert asked & answered, "what a scheduler asks for is followed in the same way"


def published(site: SplitSite, message: str) -> list[dict[str, Any]]:
    """What the publisher says of the bundles that bring a message's facts out."""
    bundles = {
        line["bundle"] for line in lines(site, "signer") if message in line.get("message_ids", []) and "bundle" in line
    }
    return [line for line in lines(site, "publisher") if line.get("bundle") in bundles]


def test_no_secret_is_logged(tmp_path: Path, server: GuardedServer) -> None:
    """Not where all is well, nor where the queue refuses a password, is away, or a configuration is wrong."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    site.environments = {service: {"REVOCAST_LOG": "json"} for service in (*RUNNING, "responder")}
    with site.services() as url:
        until(lambda: site.ask(url, 1) == "GOOD", 60)
        server.client().execute_command("ACL", "SETUSER", "publisher", "resetpass", ">another")  # type: ignore[no-untyped-call]
        server.client().execute_command("ACL", "SETUSER", "scheduler", "off")  # type: ignore[no-untyped-call]
        for user in ("publisher", "scheduler"):
            server.client().execute_command("CLIENT", "KILL", "USER", user)  # type: ignore[no-untyped-call]
        until(lambda: any(line["level"] != "INFO" for line in lines(site, "publisher")), 60)
    logs = "".join(site.log(service) for service in RUNNING)
    secrets = [server.password(user) for user in SERVICES] + ["correct horse"]
    assert not [secret for secret in secrets if secret in logs]


def test_service_that_cannot_start_says_so_in_a_line(tmp_path: Path, server: GuardedServer) -> None:
    """With what to do, where a log collector sees it too."""
    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n')
    site.environments = {"publisher": {"REVOCAST_LOG": "json"}}
    config = site.config("publisher")
    config.write_text(config.read_text().replace("exchange =", "exhcange ="))
    done = site.revocast("publisher", "worker", "publisher")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = map(json.loads, done.stderr.splitlines())
    assert (line["level"], line["service"]) == ("CRITICAL", "publisher")
    assert "publisher.exhcange: unknown key" in line["message"]
