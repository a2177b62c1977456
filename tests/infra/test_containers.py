"""infra/containers: what each image has and has not. No engine builds them here: `Image` follows their instructions."""

import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.infra.containerfile import ROOT, Image
from tests.infra.split_site import SplitSite
from tests.infra.valkey_users import GuardedServer
from tests.responder.filling import GOOD, Filling, write
from tests.responder.running import configure, ready
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)
FOLDER = ROOT / "infra/containers"
ROOMS = {"revocation", "signer", "publisher", "responder", "registrar", "jobs"}
LIBRARIES = {"sqlalchemy", "alembic", "psycopg", "boto3", "rq", "redis", "lmdb", "flask", "fastpysgi", "waitress", "uv"}
HAS = {
    "signer": {"revocation", "signer", "sqlalchemy", "alembic", "psycopg", "boto3", "rq", "redis"},
    "publisher": {"revocation", "publisher", "boto3", "rq", "redis", "lmdb"},
    "scheduler": {"revocation", "publisher", "jobs", "boto3", "rq", "redis", "lmdb"},
    "responder": {"revocation", "responder", "redis", "lmdb", "flask", "fastpysgi", "waitress"},
    "registrar": {"revocation", "registrar", "sqlalchemy", "alembic", "psycopg", "rq", "redis", "flask"},
}
"""Of our rooms, and of the libraries that matter."""
FOUND = "import importlib.util as i, json, sys; print(json.dumps([n for n in sys.argv[1:] if i.find_spec(n)]))"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """All of them."""
    return {name: Image.built(FOLDER / f"{name}.Containerfile", tmp_path_factory.mktemp(name)) for name in HAS}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedServer]:
    """A Valkey with a user for each service."""
    with GuardedServer(tmp_path) as running:
        yield running


def test_there_is_an_image_for_each_service() -> None:
    """And a test of each."""
    assert {path.name.removesuffix(".Containerfile") for path in FOLDER.iterdir()} == set(HAS)


@pytest.mark.parametrize("name", HAS)
def test_tree_in_place_of_an_engine_has_its_rooms_and_libraries_and_no_others(
    images: dict[str, Image], name: str
) -> None:
    """Above all: no signer, boto3 or SQLAlchemy beside the responder, and no responder beside the keys."""
    command = [images[name].python, "-P", "-c", FOUND, *sorted(ROOMS | LIBRARIES)]
    shown = subprocess.run(command, env=images[name].variables(), capture_output=True, text=True, check=True).stdout
    assert set(json.loads(shown)) == HAS[name]


@pytest.mark.parametrize("name", HAS)
def test_image_is_no_roots(images: dict[str, Image], name: str) -> None:
    """It runs as a user without a name, whom Kubernetes can tell from root by the number."""
    user, _, group = images[name].user.partition(":")
    assert int(user) >= 10000
    assert int(group) >= 10000


def test_revocation_goes_all_the_way_between_trees_in_place_of_an_engine(
    tmp_path: Path, server: GuardedServer, images: dict[str, Image]
) -> None:
    """Each service from its own tree: nothing that it needs is missing there."""

    def behind(name: str, command: list[str]) -> list[str]:
        image = images[name]
        variables = [f"{variable}={value}" for variable, value in image.variables().items()]
        options = command[command.index("--config") :]
        return ["env", "--ignore-environment", *variables, *image.command(*image.arguments, *options)]

    site = SplitSite(tmp_path / "site", server, server.url_of, f'url = "unix://{server.socket}"\n', behind)
    config = ["--config", str(site.config("responder"))]
    with site.services():
        process = subprocess.Popen(
            behind("responder", config), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with ready(process) as running:
            until(lambda: site.ask(running.url, 1) == site.ask(running.url, 2) == "GOOD", 60)
            done = site.revocast("operator", "revoke", "02", "--reason", "keyCompromise")
            assert done.returncode == 0, done.stdout + done.stderr
            until(lambda: site.ask(running.url, 2) == "REVOKED")


@pytest.mark.judge("openssl")
def test_openssl_is_answered_by_the_responder_of_a_tree_in_place_of_an_engine(
    tmp_path: Path, images: dict[str, Image]
) -> None:
    """Out of a store in LMDB, with the configuration that the image is pointed to."""
    image = images["responder"]
    filling = Filling(Authority(not_before=clock.now() - timedelta(days=2)))
    write(tmp_path / "store", [*filling.issuer_entries(), *filling.entries(GOOD, this_update=clock.now())])
    config = configure(tmp_path, filling.authority)
    variables = image.variables() | {"REVOCAST_CONFIG": str(config)}
    process = subprocess.Popen(
        image.command(), env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with ready(process) as running:
        ca = tmp_path / "ca.pem"
        question = [
            "-issuer",
            ca,
            "-serial",
            hex(GOOD),
            "-url",
            f"{running.url}/ocsp/",
            "-CAfile",
            ca,
            "-partial_chain",
        ]
        asked = subprocess.run(["openssl", "ocsp", *question], capture_output=True, text=True)
    assert "Response verify OK" in asked.stderr
    assert f"{hex(GOOD)}: good" in asked.stdout
