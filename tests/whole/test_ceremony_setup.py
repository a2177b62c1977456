"""Setting up as docs/ceremony.md says it: two machines of `revocast init`, and the offline one is lost."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from jobs.template import configuration
from tests.whole.ceremonies import PASSPHRASE, Site

PAGE = Path(__file__).parents[2] / "docs/ceremony.md"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """`revocast init` on both, a root that is made offline and one CA whose key is online, and the page's lines."""
    site = Site(tmp_path, None, {})  # type: ignore[arg-type]
    site.stick.mkdir()
    for machine in (site.online, site.offline):
        site.run(tmp_path, "init", machine.name, "--no-queue", "--base-url", "http://crl.example")
        (machine / "pw").write_bytes(PASSPHRASE)
    key = ("--passphrase", "file:pw")
    site.run(site.offline, "key", "generate", "file:root.key", "--kind", "p256", *key)
    root = ("--subject", "CN=Example Root", "--days", "7300", "--signs-responses", "--append")
    site.run(site.offline, "issuer", "create", "root", *root, "--key", "file:root.key", *key)
    shutil.copy(site.offline / "issuers/root.pem", site.stick)
    site.run(site.online, "issuer", "install", "root", "../stick/root.pem", "--offline", "--append")
    site.run(site.online, "key", "generate", "file:issuing.key", "--kind", "p256", *key)
    sub = ("issuing", "--subject", "CN=Example CA", "--key", "file:issuing.key", *key)
    site.run(site.online, "issuer", "csr", *sub, "--out", "../stick/issuing.csr")
    order = (
        "issuer",
        "sign",
        "../stick/issuing.csr",
        "--issued-by",
        "root",
        "--days",
        "1825",
        "--out",
        "../stick/i.pem",
    )
    (digest,) = re.findall(r"--yes (sha256:\w+)", site.run(site.offline, *order, code=1))
    site.run(site.offline, *order, "--yes", digest)
    install = ("issuer", "install", "issuing", "../stick/i.pem", "--key", "file:issuing.key", *key, "--append")
    site.run(site.online, *install)
    set_up(site)
    return site


def set_up(site: Site) -> None:
    """The lines of "Series" for the root, and of "Setting up" for requesters and audit keys."""
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    (series,) = [one for one in blocks if "series = {" in one]
    (limits,) = [one for one in blocks if "crl_ahead" in one]
    root = re.findall(r"^(?:crl|ocsp) = .*$", series, re.M)
    longer = re.findall(r"^\[signer.limits\]\n(?:.+\n)+", series, re.M)[0]
    keys = [site.run(one, "audit", "show", "--key").strip() for one in (site.online, site.offline)]
    theirs = re.findall(r"^public_key = .*$", (site.online / "revocast.toml").read_text(), re.M)[0]
    for machine in (site.online, site.offline):
        text = (machine / "revocast.toml").read_text()
        text = re.sub(r"^audit_keys = .*$", f"audit_keys = {json.dumps(keys)}", text, flags=re.M)
        text = text.replace(
            'certificates = ["issuers/root.pem"]', "\n".join(['certificates = ["issuers/root.pem"]', *root])
        )
        text = text.replace("[[signer.requesters]]", f"{longer}[[signer.requesters]]", 1)
        if machine == site.offline:
            text = text.replace('name = "operator"', 'name = "offline"').replace(
                "[jobs]", '[jobs]\nrequester = "offline"'
            )
            text = re.sub(r"^verbs = .*$", 'verbs = ["import", "discard"]', text, flags=re.M)
            other = f'[[signer.requesters]]\nname = "operator"\n{theirs}\nverbs = ["revoke", "import"]\n'
            text = text.replace("[publisher]", f"{other}[signer.ceremony]\n[publisher]", 1)
            ahead = re.findall(r"^limits = .*$", limits, re.M)[0]
            text = text.replace('passphrase = "file:pw"', f'passphrase = "file:pw"\n{ahead}')
        (machine / "revocast.toml").write_text(text)


@pytest.mark.parametrize("lines", re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.M | re.S))
def test_lines_of_the_page_may_be_put_behind_what_init_writes(lines: str) -> None:
    """No table stands there twice, which TOML forbids."""
    tomllib.loads(configuration("http://crl.example", ("127.0.0.1", 8889), None, "key", []) + lines)


@pytest.mark.long
def test_offline_machine_that_is_lost_comes_back_by_its_own_requester(site: Site, tmp_path: Path) -> None:
    """The issuing CA keeps its own windows; the ledger learns by the last folder, and people see what is new."""
    site.run(site.online, "refresh")
    site.run(site.online, "import", "../stick/i.pem", "--issuer", "root", "--kind", "certificates")
    backup = site.run(site.offline, "backup", "../backups")
    serials = [one.upper() for one in ("0a01", "0a02")]
    lines = [f"{one},2040-01-01T00:00:00Z,valid,," for one in serials]
    (tmp_path / "list.csv").write_text("\n".join(["serial,not_after,status,revoked_at,reason", *lines, ""]))
    site.run(site.online, "import", "../list.csv", "--issuer", "root")
    site.run(site.online, "revoke", serials[0], "--issuer", "root", "--reason", "superseded", code=4)
    shown = hold(site, "first")
    assert "error" not in shown
    assert "nothing was signed for later" in site.run(
        site.offline, "discard", "--issuer", "root", "--why", "tried", code=1
    )
    for path in (site.offline / "signer", site.offline / "exchange"):
        shutil.rmtree(path)
    folder = re.findall(r"^(\S+): ", backup, re.M)[0]
    site.run(site.offline, "restore", folder)
    crl = next(path for path in site.online.rglob("www/crl/*/all.crl") if b"Example Root" in path.read_bytes())
    learned = site.run(site.offline, "ledger", "reconcile", str(crl))
    assert "reconcile once more with its folder" in learned
    assert "its series" not in site.run(site.offline, "ledger", "reconcile", "../stick/first")
    site.run(site.online, "revoke", serials[1], "--issuer", "root", "--reason", "superseded", code=4)
    digest = site.request("again.json", "--all")
    refused = site.sign("again.json", digest, "again", code=1)
    less = [word for id_ in re.findall(r"--leave-out (\w{32})", refused) for word in ("--leave-out", id_)]
    assert less
    shown = site.sign("again.json", digest, "again", *less)
    assert re.search(r"compared with number \d+ of ", shown)
    assert f"added superseded: 1 ({serials[1]})" in shown


def hold(site: Site, name: str) -> str:
    """A ceremony, accepted and published; what was shown."""
    shown = site.sign(f"{name}.json", site.request(f"{name}.json"), name)
    site.run(site.online, "ceremony", "accept", f"../stick/{name}")
    site.run(site.online, "publish")
    return shown
