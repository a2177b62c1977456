"""What an operator may get wrong about CRLs: a message with the numbers, an exit code, and nothing is changed.

The commands are real, in an installation that works until the one thing is changed that is wrong.
"""

import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.whole.service import revocast, succeed

ISSUER = "revocast-demo-issuing-ca"
CSV = "serial,not_after,status,revoked_at,reason,shard\n{},2046-01-01T00:00:00Z,valid,,,{}\n"
SHARDED = 'scopes = ["user"]\nshards = 4'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of the demonstration PKI, published once."""
    folder = tmp_path_factory.mktemp("made")
    succeed("demo-pki", folder / "demo")
    pki = folder / "demo/issuing"
    passphrase = pki / "private/ca.passphrase"
    succeed("init", folder / "site", "--no-queue", "--pki", pki, "--passphrase-file", passphrase)
    succeed("import", pki, folder=folder / "site")
    succeed("refresh", folder=folder / "site")
    return folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made / "site", tmp_path / "site"))


@pytest.fixture
def unused(site: Path) -> Path:
    """One whose ledger knows no certificate yet."""
    for file in (site / "signer").glob("ledger.sqlite*"):
        file.unlink()
    shutil.rmtree(site / "exchange")
    succeed("signer", "run", folder=site)
    return site


def configure(site: Path, table: str, lines: str) -> None:
    """Say something in a table of the configuration."""
    file = site / "revocast.toml"
    text = file.read_text()
    assert text.count(f"\n[{table}]\n") == 1
    file.write_text(text.replace(f"\n[{table}]\n", f"\n[{table}]\n{lines}\n"))


def state(site: Path) -> dict[str, str]:
    """The rows of the ledger, and the files that signer and publisher keep and serve."""
    kept = {}
    for folder in ("exchange", "public/www", "publisher/crls", "publisher/set-aside", "signer/keys"):
        for file in sorted((site / folder).rglob("*")):
            if file.is_file() and file.suffix != ".lock":
                kept[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    with sqlite3.connect(site / "signer/ledger.sqlite") as ledger:
        kept["ledger"] = "\n".join(ledger.iterdump())
    return kept


PROFILES = {
    "shards without an IDP": ("shards = 4", "has an IDP, which one of scope `all` lacks"),
    "renewal and overlap": ('renewal = "10h"\noverlap = "10h"', "renewal and overlap contradict each other"),
    "renewal after the end": ('renewal = "2d"', "renewal (2d) must be at least 1m and shorter than expires (1d)"),
    "reasons that are on none": (
        'scopes = ["user"]\nonly_some_reasons = ["keyCompromise"]',
        "lists some reasons alone, and no CRL for user certificates lists the others",
    ),
    "schedule that is too slow": (
        'look = "7h"',
        "look (7h) must be at most (expires - renewal) / 2 = (1d - 12h) / 2 = 6h",
    ),
    "validity over that of the BRs": (
        'expires = "11d"',
        "expires (11d) is longer than the 10d of the BRs, section 2.2.6, for subscriber certificates",
    ),
    "too many shards": ('scopes = ["user"]\nshards = 65536', "public.crl.shards: must be at most 65535"),
    "shards below none": ('scopes = ["user"]\nshards = -1', "public.crl.shards: must be at least 0"),
}


@pytest.mark.parametrize(
    "name", [name if "schedule" in name else pytest.param(name, marks=pytest.mark.long) for name in PROFILES]
)
def test_profile_that_cannot_be_is_refused_by_every_command_with_its_numbers(site: Path, name: str) -> None:
    """Whichever command reads it first, and before it does anything."""
    lines, said = PROFILES[name]
    configure(site, "public.crl", lines)
    if "BRs" in name:
        configure(site, "public", 'compliance = "br"')
    before = state(site)
    for command in (["signer", "run"], ["generate-crls"], ["publish"], ["status"]):
        done = revocast(*command, folder=site)
        assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True), (command, done.stderr)
    assert state(site) == before


def test_profile_beyond_the_signers_own_limit_is_refused_where_the_keys_are(made: Path, site: Path) -> None:
    """Whatever the public profile says: nothing is signed or recorded."""
    configure(site, "signer", 'limits = { crl_validity = "23h" }')
    before = state(site)
    for command in (["signer", "run"], ["generate-crls"], ["import", made / "demo/issuing"]):
        done = revocast(*command, folder=site)
        assert done.returncode == 2, command
        assert f"issuer {ISSUER}: crl.expires (1d) is beyond the signer's limit (23h)" in done.stderr
    assert state(site) == before


def test_certificates_that_name_no_known_shard_are_not_imported(made: Path, unused: Path) -> None:
    """The message says which URL, and which there are."""
    configure(unused, "public.crl", SHARDED)
    before = state(unused)
    done = revocast("import", made / "demo/issuing", folder=unused)
    assert done.returncode == 2
    assert "/all.crl) is no CRL of revocast-demo-issuing-ca: those are the 4 shards of `user` at http" in done.stderr
    assert "/user.1.crl to http" in done.stderr
    assert "/user.4.crl" in done.stderr
    assert state(unused) == before


@pytest.mark.parametrize("shard", [0, 5])
def test_shard_out_of_range_is_not_imported(unused: Path, shard: int) -> None:
    """With the file, the line and the range."""
    configure(unused, "public.crl", SHARDED)
    (unused / "list.csv").write_text(CSV.format("0A", shard))
    before = state(unused)
    done = revocast("import", "list.csv", "--issuer", ISSUER, folder=unused)
    assert done.returncode == 2
    assert (
        f"list.csv line 2: serial 0A is said to be in shard {shard}, and {ISSUER} has the shards 1 to 4" in done.stderr
    )
    assert state(unused) == before


def test_shards_that_leave_what_is_known_on_no_crl_are_refused(site: Path) -> None:
    """The certificates name the CRL that would be gone; nothing is signed, and it is said what to configure."""
    before = state(site)
    configure(site, "public.crl", SHARDED)
    done = revocast("signer", "run", folder=site)
    assert done.returncode == 2
    assert "crl user: `shards` is 4, and the ledger has user certificates in no shard" in done.stderr
    assert '`lists = { NAME = { scope = "user", shards = 4 } }`' in done.stderr
    assert state(site) == before


def test_number_of_shards_is_not_lowered_below_that_of_a_certificate(site: Path) -> None:
    """It names the CRL of its shard for ever; below that nothing is lost, and fewer are fine."""
    configure(site, "public.crl", 'lists = { user = { shards = 4 }, whole = { scope = "user" } }\nscopes = ["user"]')
    (site / "list.csv").write_text(CSV.format("0A", 3))
    succeed("import", "list.csv", "--issuer", ISSUER, folder=site)
    succeed("generate-crls", folder=site)
    config = site / "revocast.toml"
    right, before = config.read_text(), state(site)
    for shards in (2, 0):
        config.write_text(right.replace("shards = 4", f"shards = {shards}"))
        done = revocast("signer", "run", folder=site)
        assert done.returncode == 2
        assert f"crl user: `shards` is {shards}, and certificates name the CRL of shard 3" in done.stderr
        assert "set `shards` to 3 again, or more" in done.stderr
    assert state(site) == before
    config.write_text(right.replace("shards = 4", "shards = 3"))
    assert revocast("signer", "run", folder=site).returncode == 0
