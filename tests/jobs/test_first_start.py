"""What `revocast up` prepares at a start: a demonstration, PKIs that are added later, imports and keys that fail."""

import json
import shutil
from pathlib import Path

import pytest

from jobs.first_start import StepFailed, prepare
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from tests.jobs.upping import URL, up_once

pytestmark = pytest.mark.timeout(240)


@pytest.mark.long
def test_pki_that_is_added_later_becomes_another_issuer(demo: Path, tmp_path: Path) -> None:
    """And the one that was there keeps its name; each import is done once."""
    data = tmp_path / "data"
    prepare(data, (demo / "issuing",), URL, demo / "issuing/private/ca.passphrase")
    prepared = prepare(data, (demo / "root",), URL, demo / "root/private/ca.passphrase")
    public = PublicConfig.read(ConfigFile.read(prepared.config))
    assert [profile.issuer.name for profile in public.profiles.values()] == [
        "revocast-demo-issuing-ca",
        "revocast-demo-root-ca",
    ]
    assert prepared.pkis == (demo / "issuing", demo / "root")
    assert set(json.loads((data / "pkis.json").read_text()).values()) == {""}


@pytest.mark.long
def test_import_that_failed_is_done_at_the_next_start(demo: Path, tmp_path: Path) -> None:
    """The first start was interrupted half-way: the second one makes up for it, without being told the PKI again."""
    data, pki = tmp_path / "data", tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    index = (pki / "index.txt").read_text()
    (pki / "index.txt").write_text("garbage\n")
    with pytest.raises(StepFailed, match="import"):
        prepare(data, (pki,), URL, pki / "private/ca.passphrase")
    (pki / "index.txt").write_text(index)
    prepare(data, (), URL, None)
    assert json.loads((data / "pkis.json").read_text()) == {str(pki): ""}


def test_start_without_a_pki_makes_a_demonstration(tmp_path: Path) -> None:
    """Again, it is used as it is."""
    prepared = prepare(tmp_path / "data", (), URL, None)
    first = (tmp_path / "data/demo/issuing/ca.crt").read_bytes()
    assert [pki.name for pki in prepared.pkis] == ["issuing", "root"]
    assert prepare(tmp_path / "data", (), URL, None) == prepared
    assert (tmp_path / "data/demo/issuing/ca.crt").read_bytes() == first
    assert len(PublicConfig.read(ConfigFile.read(prepared.config)).audit_keys) == 1


@pytest.mark.parametrize("what", ["missing", "empty", "no ca"])
def test_folder_that_is_no_pki_is_refused_before_anything_is_made(tmp_path: Path, what: str) -> None:
    """With the folder in the message."""
    pki = tmp_path / "pki"
    if what != "missing":
        pki.mkdir()
    if what == "no ca":
        (pki / "index.txt").touch()
    with pytest.raises((InputError, ConfigurationError), match=str(pki)):
        prepare(tmp_path / "data", (pki,), URL, None)
    assert not (tmp_path / "data/revocast.toml").exists()


@pytest.mark.long
def test_pki_without_its_key_is_told_at_the_start_and_while_waiting(demo: Path, tmp_path: Path) -> None:
    """Nobody looks for the reason of a 404 for long; the key that is put back is used at the next start."""
    pki = tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    shutil.rmtree(pki / "private")
    result = up_once(tmp_path / "data", "--pki", pki)
    assert result.returncode == 1
    place = f"issuer revocast-demo-issuing-ca, key {pki}/private/ca.key"
    reason = f"a CA key cannot be used: {place}: cannot be read: No such file or directory (put its key there"
    told = [line for line in result.stderr.splitlines() if reason in line]
    assert told[0].startswith("revocast up: a CA key")
    assert told[1].startswith("revocast up: not everything answers yet: ")
    shutil.copytree(demo / "issuing/private", pki / "private")
    again = up_once(tmp_path / "data", "--pki", pki, "--passphrase-file", pki / "private/ca.passphrase")
    assert again.returncode == 0, again.stderr


@pytest.mark.long
def test_key_that_is_gone_at_a_later_start_does_not_end_the_others(demo: Path, tmp_path: Path) -> None:
    """It is told, and the other issuer is served as before."""
    data, pki = tmp_path / "data", tmp_path / "pki"
    shutil.copytree(demo / "issuing", pki)
    prepare(data, (pki,), URL, pki / "private/ca.passphrase")
    prepare(data, (demo / "root",), URL, demo / "root/private/ca.passphrase")
    (pki / "private/ca.key").unlink()
    result = up_once(data)
    assert result.returncode == 1
    assert f"a CA key cannot be used: issuer revocast-demo-issuing-ca, key {pki}/private/ca.key" in result.stderr
    assert "ok       crl revocast-demo-root-ca all" in result.stdout


@pytest.mark.long
def test_import_that_fails_keeps_nothing_that_was_known_from_being_served(demo: Path, tmp_path: Path) -> None:
    """One bad line in an index is told at the end too; in a PKI that was never imported it ends the start."""
    pki, data = tmp_path / "pki", tmp_path / "data"
    shutil.copytree(demo / "issuing", pki)
    index, secret = pki / "index.txt", pki / "private/ca.passphrase"
    good = index.read_text()
    index.write_text(good + "V\tnonsense\n")
    with pytest.raises(StepFailed):
        prepare(data, (pki,), URL, secret)
    with pytest.raises(StepFailed):
        prepare(data, (), URL, None)
    index.write_text(good)
    prepare(data, (), URL, None)
    index.write_text(good + "V\tnonsense\n")
    result = up_once(data, "--pki", pki)
    assert (result.returncode, "REVOCAST OK" in result.stdout) == (1, True), result.stderr
    assert f"{index} line" in result.stderr
    assert f"revocast up: {pki} could not be imported" in result.stderr
    assert prepare(data, (), URL, None).not_imported == ()
