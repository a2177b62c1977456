"""docs/custody.md is carried out: a CA is rotated, and keys that were stolen are taken out of use."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from tests.whole.ceremonies import REVOCAST
from tests.whole.test_issuers_page import of_any_day

PAGE = Path(__file__).parents[2] / "docs/custody.md"
NAMED = '{table}\nname = "issuing-2026"\n'
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """`here`: one machine by cron, with a root and a CA below it."""
    folder = tmp_path / "here"
    run(tmp_path, "init", "here", "--no-queue", "--base-url", "http://pki.example.com")
    (folder / "pw").write_text("correct horse")
    create(folder, "root", "--subject", "CN=Example Root, O=Example, C=EE", "--days", "7300")
    sub = ("--issued-by", "root", "--subject", "CN=Example CA 2026, O=Example, C=EE")
    create(folder, "issuing-2026", *sub, "--days", "1825")
    run(folder, "refresh")
    return folder


@pytest.mark.long
def test_ca_is_rotated_as_the_page_says(site: Path, tmp_path: Path) -> None:
    """Every command with its output; then the old CA's key is destroyed, and its CRL stays, good to its end."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", PAGE.read_text(), re.M | re.S)
    commands = re.findall(r"^ *\$ revocast (.*)\n((?:(?! *\$ ).*\n)*)", "".join(blocks), re.M)
    assert len(commands) == 4
    for command, expected in commands:
        serial = f"{certificate(site, 'issuing-2026').serial_number:032X}"
        shown = run(site, *shlex.split(re.sub(r"\b[0-9A-F]{32}\b", serial, command)))
        assert of_this_page(shown, tmp_path) == of_this_page(expected, tmp_path), command
    named = NAMED.format(table="[[public.issuers]]")
    edit(site, named, named + 'last_crl = "expiry"\n')
    edit(site, "# [signer.limits]", '[signer.limits]\nlast_crl = "expiry"\n#')
    run(site, "refresh")
    named = NAMED.format(table="[[signer.issuers]]")
    edit(site, named + 'key = "file:issuing-2026.key"\npassphrase = "file:pw"\n', named + "offline = true\n")
    (site / "issuing-2026.key").unlink()
    run(site, "refresh")
    run(site, "status")
    crl = published(site, "issuing-2026")
    assert crl.next_update_utc == certificate(site, "issuing-2026").not_valid_after_utc
    assert published(site, "root").get_revoked_certificate_by_serial_number(int(serial, 16)) is not None


@pytest.mark.long
def test_stolen_responder_keys_are_replaced(site: Path) -> None:
    """Their files are deleted; `generate-ocsp-keys` makes others, and nothing else is wanting."""
    stolen = set((site / "signer/keys").glob("*.pem"))
    for key in stolen:
        key.unlink()
    run(site, "generate-ocsp-keys")
    made = set((site / "signer/keys").glob("*.pem"))
    assert len(made) == len(stolen) == 2
    assert not made & stolen
    run(site, "status")


@pytest.mark.long
def test_stolen_requester_key_does_nothing_any_more(site: Path) -> None:
    """Another `public_key` stands in its place: what the old one signs is refused, the new one's is done."""
    (site / "operator.key").rename(site / "stolen.key")
    run(site, "init", "elsewhere")
    (site / "elsewhere/operator.key").rename(site / "operator.key")
    new = re.findall(r'^public_key = "(.*)"$', (site / "elsewhere/revocast.toml").read_text(), re.M)
    old = re.findall(r'^public_key = "(.*)"$', (site / "revocast.toml").read_text(), re.M)
    edit(site, old[0], new[0])
    revoke = ("revoke", f"{certificate(site, 'issuing-2026').serial_number:X}", "--issuer", "root", "--reason")
    (site / "operator.key").rename(site / "new.key")
    (site / "stolen.key").rename(site / "operator.key")
    assert "signature" in run(site, *revoke, "cACompromise", code=1)
    (site / "new.key").rename(site / "operator.key")
    assert "is revoked since" in run(site, *revoke, "cACompromise")


def create(folder: Path, name: str, *options: str) -> None:
    """A key in a file and an issuer of one name."""
    key = (f"file:{name}.key", "--passphrase", "file:pw")
    run(folder, "key", "generate", *key, "--kind", "p384")
    run(folder, "issuer", "create", name, *options, "--key", *key, "--append")


def certificate(site: Path, name: str) -> x509.Certificate:
    """The certificate of an issuer."""
    return x509.load_pem_x509_certificate((site / f"issuers/{name}.pem").read_bytes())


def published(site: Path, name: str) -> x509.CertificateRevocationList:
    """The CRL of an issuer, as a web server would hand it out."""
    crls = [x509.load_der_x509_crl(path.read_bytes()) for path in (site / "public/www/crl").glob("*/all.crl")]
    (found,) = [crl for crl in crls if crl.issuer == certificate(site, name).subject]
    return found


def edit(site: Path, old: str, new: str) -> None:
    """Write something else into its configuration, as an operator would."""
    config = site / "revocast.toml"
    assert config.read_text().count(old) == 1
    config.write_text(config.read_text().replace(old, new))


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints, as a process of its own."""
    command = [*REVOCAST, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def of_this_page(text: str, folder: Path) -> str:
    """Without what differs from one day to the next: two serials may lie in one slice."""
    text = re.sub(r"^ +(?=certificate|published)|-----BEGIN.*-----END", "", of_any_day(text, folder), flags=re.M | re.S)
    return re.sub(r"number \d+|after [\d.]+ s|message \w+|OCSP root/.*|\d+ OCSP responses", "…", text)
