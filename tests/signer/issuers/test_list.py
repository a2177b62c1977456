"""`revocast issuer list`: who the issuers are, in a line each."""

import json
from pathlib import Path

from tests.signer.issuers.machine import Machine

ISSUANCE = '[signer.issuers.issuance]\nnames = { dns = ["home.arpa"] }\n[signer.issuers.issuance.profiles.server]\n'


def test_line_says_below_whom_an_issuer_is_and_what_it_issues(machine: Machine) -> None:
    """Without a passphrase: no key is opened."""
    machine.create_sub()
    machine.config.write_text(f"{machine.config.read_text()}{ISSUANCE}")
    (machine.folder / "pw").unlink()
    root, sub = machine.run("issuer", "list").splitlines()
    ids = {one.issuer.name: one.issuer.id for one in machine.signer.public.profiles.values()}
    assert root.startswith(f"root  {ids['root']}  p256  until 20")
    assert root.endswith("a root  key here  issues nothing")
    assert sub.startswith(f"sub   {ids['sub']}  p256  until 20")
    assert sub.endswith("below root  key here  issues server")


def test_list_tells_offline_from_absent_and_names_a_parent_elsewhere(machine: Machine, tmp_path: Path) -> None:
    """As scripts read it."""
    machine.create_sub()
    there = Machine(tmp_path / "there")
    there.run("issuer", "install", "sub", machine.pem("sub"), "--append")
    (alone,) = json.loads(there.run("issuer", "list", "--json"))["issuers"]
    assert (alone["key_is"], alone["parent"]) == ("not here", None)
    assert alone["issued_by"] == "CN=Example Root,O=Example,C=EE"
    there.run("issuer", "install", "root", machine.pem("root"), "--append", "--offline")
    sub, root = json.loads(there.run("issuer", "list", "--json"))["issuers"]
    assert sub["parent"] == "root"
    assert (root["key_is"], root["issued_by"], root["profiles"]) == ("offline", None, [])


def test_retired_issuer_issues_nothing_in_the_list(machine: Machine) -> None:
    """Whatever `issuance` says."""
    machine.config.write_text(f"{machine.config.read_text()}{ISSUANCE}")
    assert machine.run("issuer", "list").rstrip().endswith("issues server")
    machine.run("issuer", "retire", "root", "--write")
    assert machine.run("issuer", "list").rstrip().endswith("retired (expiry)")
    (told,) = json.loads(machine.run("issuer", "list", "--json"))["issuers"]
    assert (told["retired"], told["last_crl"], told["profiles"]) == (True, "expiry", [])
