"""What we serve keeps every rule of the conformance script: under each server, and as files of the shipped nginx."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.config import PublisherConfig
from publisher.publish import publish
from revocation import clock
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.status import Reason, Revocation
from signer.look import look
from tests.authority import Authority
from tests.estate import Estate, certificate
from tests.infra.running_nginx import free_port, nginx
from tests.responder.running import running
from tests.whole.test_ocsp_clients import FORMS, SERIALS, issue

FILES = "files of nginx"
HALF_A_DAY = 12 * 3600
WAYS = {
    "waitress": ("waitress", False, FORMS["a response for each hash"]),
    "waitress, one signature": ("waitress", False, FORMS["one signature, SHA-256 first"]),
    "fastpysgi behind nginx": ("fastpysgi", True, FORMS["one signature, SHA-1 first"]),
    "fastpysgi": ("fastpysgi", False, FORMS["a response for each hash"]),
    FILES: ("waitress", True, FORMS["a response for each hash"]),
}
KNOWN = {"fastpysgi": {"http.head", "http.304-length"}}
"""What a server does wrong, as docs/http.md says; nginx before it mends it."""


@pytest.fixture(scope="module", params=WAYS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """The way, the folder with the certificates, and the URL."""
    server, behind, form = WAYS[request.param]
    folder = tmp_path_factory.mktemp("conformance")
    config = _published(folder, form, static=request.param == FILES)
    with ExitStack() as stack:
        if server == "fastpysgi":
            config.write_text(config.read_text().replace('files = "public/www"\n', 'server = "fastpysgi"\n'))
        respond = stack.enter_context(running(config))
        port = respond.port
        if behind:
            stack.enter_context(nginx(folder, port := free_port(), respond.port))
        yield request.param, folder, f"http://127.0.0.1:{port}/ocsp/"


def _published(folder: Path, form: str, *, static: bool) -> Path:
    now = clock.now().replace(microsecond=0)
    authority = Authority(not_before=now - timedelta(days=10))
    estate = Estate.build(folder, authority=authority, public='compliance = "br"')
    config = folder / "revocast.toml"
    text = config.read_text().replace("[signer]\n", f"[public.ocsp]\n{form}\n[signer]\n", 1)
    if static:
        text = text.replace('path = "public"\n', 'path = "public"\nocsp = true\n', 1)
    config.write_text(text.replace("[responder]\n", "[responder]\nport = 0\n"))
    signer, ends = estate.signer(now), now + timedelta(days=30)
    revocation = Revocation(now - timedelta(hours=1), Reason.keyCompromise)
    revoked = certificate(SERIALS["revoked"], not_after=ends, revocation=revocation)
    estate.import_(signer, [certificate(SERIALS["good"], not_after=ends), revoked], now)
    assert look(signer, fixed(now)).problems == []
    publish(PublisherConfig.read(estate.file), PublicConfig.read(estate.file), fixed(now))
    for name, serial in SERIALS.items():
        issue(authority, folder / name, name, serial, ends)
    return config


@pytest.mark.judge("nginx")
def test_every_rule_is_kept(served: tuple[str, Path, str]) -> None:
    """Windows as the BRs want them, CertIDs, the signer, headers, conditions and errors, as the script is called."""
    way, folder, url = served
    code, found = judged(folder, url, *(["--static"] if way == FILES else []))
    assert rules(found) == KNOWN.get(way, set()), found["violations"]
    assert code == bool(KNOWN.get(way))
    assert found["looked"] == 2 * 2 * 11 + 9
    if way == FILES:  # else it might be the responder behind them that was asked
        assert rules(judged(folder, url)[1]) == {"header.etag", "header.expires"}


def judged(folder: Path, url: str, *more: str) -> tuple[int, dict[str, Any]]:
    """The script's exit code, and what it found."""
    certificates = [option for name in SERIALS for option in ("--cert", f"{folder}/{name}.pem")]
    command = ["-m", "tests.conformance", url, "--issuer", f"{folder}/ca.pem", *certificates, "--br", "--json", *more]
    ended = subprocess.run(
        [sys.executable, *command, f"--renewal={HALF_A_DAY}"], capture_output=True, text=True, check=False
    )
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def rules(found: dict[str, Any]) -> set[str]:
    """The names of the broken ones."""
    return {one["rule"] for one in found["violations"]}


def test_responder_that_does_not_answer_is_no_finding(tmp_path: Path) -> None:
    """Exit code 2, and why."""
    file = Authority().write(tmp_path / "ca.pem")
    files = ["--issuer", str(file), "--cert", str(file)]
    command = [sys.executable, "-m", "tests.conformance", f"http://127.0.0.1:{free_port()}/ocsp/", *files]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Connection refused" in ended.stderr
