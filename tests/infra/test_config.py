"""infra/config: a file for each service apart, and for operators, with no table and no secret of another."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from jobs.config import JobsConfig
from jobs.schedule import tasks
from publisher.config import PublisherConfig
from registrar.config import RegistrarConfig
from responder.config import ResponderConfig
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.messages import RequesterKey, Verb
from signer.config import SignerConfig
from tests.authority import Authority

FOLDER = Path(__file__).parents[2] / "infra/config"
TABLES: dict[str, tuple[str, type[BaseModel]]] = {
    "signer": ("signer", SignerConfig),
    "publisher": ("publisher", PublisherConfig),
    "scheduler": ("jobs", JobsConfig),
    "responder": ("responder", ResponderConfig),
    "registrar": ("registrar", RegistrarConfig),
    "validator": ("registrar", RegistrarConfig),
    "operator": ("jobs", JobsConfig),
}


def read(name: str, folder: Path) -> ConfigFile:
    """The file of a service, beside the certificate that it names."""
    Authority("Example CA").write(folder / "example-ca.pem")
    return with_keys((FOLDER / f"{name}.toml").read_text(), folder / f"{name}.toml")


def with_keys(text: str, file: Path) -> ConfigFile:
    """The file, with a key wherever it says that one is to stand there."""
    file.write_text(re.sub('"(PUBLIC-KEY|KEY-OF-THE-REGISTRAR)"', f'"{RequesterKey.generate().public}"', text))
    return ConfigFile.read(file)


@pytest.mark.parametrize("name", TABLES)
def test_service_takes_its_file(tmp_path: Path, name: str) -> None:
    """Every key of it is known, and the windows fit the looks."""
    file = read(name, tmp_path)
    public, settings = PublicConfig.read(file), file.table(*TABLES[name])
    assert tasks(public)
    if isinstance(settings, SignerConfig | RegistrarConfig):
        settings.check(public)


@pytest.mark.parametrize("name", TABLES)
def test_file_has_nothing_of_another_service(name: str) -> None:
    """One table beside [public], no user of the queue server but its own, no folder below /etc/revocast but its own."""
    text = (FOLDER / f"{name}.toml").read_text()
    assert set(tomllib.loads(text)) == {"public", TABLES[name][0]}
    for other in TABLES.keys() - {name}:
        assert f"//{other}:" not in text
        assert f'user = "{other}"' not in text
        assert f"/etc/revocast/{other}" not in text


def test_files_agree_on_what_is_public() -> None:
    """All have the same table [public], else the publisher would refuse what the signer makes."""
    public = [tomllib.loads((FOLDER / f"{name}.toml").read_text())["public"] for name in TABLES]
    assert public.count(public[0]) == len(TABLES)


@pytest.mark.parametrize("name", ["operator", "scheduler"])
def test_files_without_targets_name_those_of_the_publisher(tmp_path: Path, name: str) -> None:
    """A name that differs would be late for ever, and one that is left out never."""
    publisher = read("publisher", tmp_path).table("publisher", PublisherConfig)
    jobs = read(name, tmp_path).table("jobs", JobsConfig)
    assert jobs.targets == tuple(target.name for target in publisher.targets)


def test_validator_is_told_what_the_registrar_is(tmp_path: Path) -> None:
    """The database, what accounts are called, who serves ACME and how long rows stay; the key it has not."""
    registrar, validator = (
        read(name, tmp_path).table("registrar", RegistrarConfig) for name in ("registrar", "validator")
    )
    shared = {"database", "url", "retention", "validation", "trusted_proxies"}
    assert registrar.model_dump(include=shared) == validator.model_dump(include=shared)
    issuers = [
        {one.name: one.model_copy(update={"requester_key": None}) for one in settings.acme_issuers}
        for settings in (registrar, validator)
    ]
    assert issuers[0] == issuers[1]
    assert registrar.issuers[0].requester_key.name == "registrar.key"
    assert validator.issuers[0].requester_key.name == "none.key"


def test_signer_that_is_told_of_the_registrar_issues_for_it(tmp_path: Path) -> None:
    """With the `#` taken away: what it issues, and a requester of the name that the registrar uses, with its verbs."""
    registrar = read("registrar", tmp_path).table("registrar", RegistrarConfig).issuers[0]
    text = re.sub(r"(?m)^#(?=\S)", "", (FOLDER / "signer.toml").read_text())
    file = with_keys(text, tmp_path / "signer.toml")
    signer = file.table("signer", SignerConfig)
    signer.check(PublicConfig.read(file))
    (issuer,) = signer.issuers
    assert issuer.issuance
    assert set(registrar.profiles) <= set(issuer.issuance.profiles)
    (requester,) = [one for one in signer.requesters if one.name == registrar.requester]
    assert (set(requester.verbs), tuple(requester.issuers)) == ({Verb.ISSUE, Verb.REVOKE}, (registrar.name,))


@pytest.mark.judge("openssl")
def test_requester_key_is_made_as_the_page_says(tmp_path: Path) -> None:
    """By the two commands of docs/registrar.md; what the second prints is what the signer wants."""
    page = (FOLDER.parents[1] / "docs/registrar.md").read_text()
    make, show = re.findall(r"(?m)^openssl (?:genpkey|pkey) .*$", page)
    subprocess.run(["sh", "-c", f"umask 077; {make}"], cwd=tmp_path, check=True)
    shown = subprocess.run(["sh", "-c", show], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert shown.strip() == RequesterKey.load(tmp_path / "registrar.key").public
