"""`revocast init`: what it writes is a configuration that works, explains itself, and is never written over."""

import shutil
import tempfile
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.config import JobsConfig
from jobs.init import Setup, add_issuers, init, initialise
from publisher.config import PublisherConfig
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.crlprofile import CRLProfile
from revocation.errors import ConfigurationError, InputError
from revocation.messages import RequesterKey
from revocation.ocspprofile import OCSPProfile
from signer.config import SignerConfig
from signer.keys.audit_key import load_audit_key
from tests.authority import Authority


def _pki(folder: Path, name: str = "My CA", key: bytes | None = b"-----BEGIN PRIVATE KEY-----") -> Path:
    """A folder in the layout of Easy-RSA."""
    (folder / "private").mkdir(parents=True)
    (folder / "issued").mkdir()
    (folder / "index.txt").touch()
    Authority(name).write(folder / "ca.crt")
    if key:
        (folder / "private/ca.key").write_bytes(key)
    return folder


def _setup(directory: Path, *pkis: Path, **more: object) -> Setup:
    return Setup(directory, pkis, "http://localhost:8889", **more)


def test_written_configuration_is_read_by_every_service(tmp_path: Path) -> None:
    """Each table passes its room's own model, and the signer knows the operator's key."""
    initialise(_setup(tmp_path / "data", _pki(tmp_path / "pki")))
    file = ConfigFile.read(tmp_path / "data/revocast.toml")
    public = PublicConfig.read(file)
    signer = file.table("signer", SignerConfig)
    signer.check(public)
    file.table("publisher", PublisherConfig)
    jobs = file.table("jobs", JobsConfig)
    assert signer.requesters[0].public_key == RequesterKey.load(jobs.requester_key).public
    assert [issuer.name for issuer in signer.issuers] == [p.issuer.name for p in public.profiles.values()] == ["my-ca"]


def test_defaults_stand_there_as_comments_and_are_the_true_ones(tmp_path: Path) -> None:
    """Taking every `#` off a default changes nothing."""
    initialise(_setup(tmp_path / "data", _pki(tmp_path / "pki")))
    text = (tmp_path / "data/revocast.toml").read_text()
    for table, model in (("[public.crl]", CRLProfile), ("[public.ocsp]", OCSPProfile)):
        lines = text.partition(table)[2].partition("\n[")[0].splitlines()
        shown = tomllib.loads("\n".join(line[2:] for line in lines if " = " in line and line[2:].split()[1] == "="))
        assert shown.keys() == {name for name, field in model.model_fields.items() if field.default is not None}
        assert model.model_validate(shown) == model()


def test_ca_key_is_named_where_it_is_and_never_copied(tmp_path: Path) -> None:
    """Certificates are public and are copied; the key stays."""
    pki = _pki(tmp_path / "pki")
    initialise(_setup(tmp_path / "data", pki))
    assert f'key = "file:{pki}/private/ca.key"' in (tmp_path / "data/revocast.toml").read_text()
    assert (tmp_path / "data/issuers/my-ca.pem").exists()
    private = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]
    assert private == [tmp_path / "data/operator.key"]
    assert private[0].stat().st_mode & 0o077 == 0


ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("key", "given", "passphrase"),
    [(ENCRYPTED, False, "prompt"), (ENCRYPTED, True, "file:"), (b"-----BEGIN PRIVATE KEY-----", True, None)],
    ids=["asked for", "from a file", "not needed"],
)
def test_passphrase_comes_from_where_it_can(tmp_path: Path, key: bytes, given: bool, passphrase: str | None) -> None:
    """An encrypted key is asked for on the terminal unless a file is named; a plain one needs nothing."""
    (tmp_path / "secret").write_text("x")
    (entry,) = initialise(
        _setup(
            tmp_path / "data", _pki(tmp_path / "pki", key=key), passphrase_file=tmp_path / "secret" if given else None
        )
    )
    assert (entry.passphrase or "").startswith(passphrase or "") if passphrase else entry.passphrase is None


def test_issuer_without_its_key_is_configured_and_said(tmp_path: Path) -> None:
    """It may come to its usual place at any time; the path stands there to be corrected."""
    arguments = [str(tmp_path / "data"), "--pki", str(_pki(tmp_path / "pki", key=None))]
    result = CliRunner().invoke(init, arguments)
    assert result.exit_code == 0
    place = f"file:{tmp_path}/pki/private/ca.key"
    assert f"its key is not at {place}: put it there" in result.output
    (issuer,) = ConfigFile.read(tmp_path / "data/revocast.toml").table("signer", SignerConfig).issuers
    assert (issuer.key, issuer.passphrase) == (place, "prompt")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither the configuration nor the key of an operator."""
    initialise(_setup(tmp_path / "data", _pki(tmp_path / "pki")))
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="is there already"):
        initialise(_setup(tmp_path / "data"))
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before


def test_operator_key_that_is_there_is_used(tmp_path: Path) -> None:
    """A signer that knows it goes on knowing it."""
    (tmp_path / "data").mkdir()
    key = RequesterKey.generate()
    key.save(tmp_path / "data/operator.key")
    initialise(_setup(tmp_path / "data", _pki(tmp_path / "pki")))
    assert key.public in (tmp_path / "data/revocast.toml").read_text()


def test_two_cas_of_the_same_name_are_two_issuers(tmp_path: Path) -> None:
    """A CA re-keyed under its name gets an entry of its own."""
    entries = initialise(_setup(tmp_path / "data", _pki(tmp_path / "old"), _pki(tmp_path / "new")))
    assert [entry.issuer.name for entry in entries] == ["my-ca", "my-ca-2"]


def test_same_ca_twice_is_refused(tmp_path: Path) -> None:
    """It is a slip, and would be refused by every service."""
    shutil.copytree(_pki(tmp_path / "one"), tmp_path / "two")
    with pytest.raises(InputError, match="the same CA"):
        initialise(_setup(tmp_path / "data", tmp_path / "one", tmp_path / "two"))
    assert not (tmp_path / "data/revocast.toml").exists()


def test_issuer_is_added_to_a_configuration_that_was_edited(tmp_path: Path) -> None:
    """The new one is appended, and what an operator wrote stays byte for byte; a known one keeps its name."""
    one, two = _pki(tmp_path / "one"), _pki(tmp_path / "two", "Other CA")
    initialise(_setup(tmp_path / "data", one))
    path = tmp_path / "data/revocast.toml"
    edited = path.read_text().replace('name = "my-ca"', 'name = "renamed"').replace("# prefix", "prefix")
    path.write_text(edited)
    entries = add_issuers(path, _setup(tmp_path / "data", one, two))
    assert [entry.issuer.name for entry in entries] == ["renamed", "other-ca"]
    assert path.read_text().startswith(edited)
    file = ConfigFile.read(path)
    assert len(PublicConfig.read(file).profiles) == len(file.table("signer", SignerConfig).issuers) == 2


def test_deep_data_folder_gets_a_socket_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue's URL is one that every service accepts."""
    deep = tmp_path / ("x" * 100)
    with tempfile.TemporaryDirectory() as runtime:  # shorter than tmp_path
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        initialise(_setup(deep, _pki(tmp_path / "pki")))
    queue = ConfigFile.read(deep / "revocast.toml").table("jobs", JobsConfig).queue
    assert queue is not None
    assert queue.startswith(f"unix://{runtime}/revocast-")


def test_cron_mode_names_no_queue(tmp_path: Path) -> None:
    """`--no-queue` leaves it out of every table."""
    initialise(_setup(tmp_path / "data", _pki(tmp_path / "pki"), with_queue=False))
    assert "\nqueue" not in (tmp_path / "data/revocast.toml").read_text()
    assert ConfigFile.read(tmp_path / "data/revocast.toml").table("jobs", JobsConfig).queue is None


@pytest.mark.parametrize("url", ["https://pki.example", "http://pki.example/path", "pki.example", "http://"])
def test_base_url_that_no_service_would_accept_is_refused(tmp_path: Path, url: str) -> None:
    """Before anything is written."""
    with pytest.raises(InputError, match="is not a base URL"):
        initialise(Setup(tmp_path / "data", (), url))
    assert not (tmp_path / "data").exists()


def test_configuration_without_an_issuer_says_how_to_name_one(tmp_path: Path) -> None:
    """What `init` prints, and every command after it; a PKI that is given later is added."""
    result = CliRunner().invoke(init, [str(tmp_path / "data")])
    assert "next: name a CA in [[public.issuers]] and [[signer.issuers]]" in result.output
    config = tmp_path / "data/revocast.toml"
    with pytest.raises(ConfigurationError, match=r"is missing: fill in \[\[public.issuers\]\] .*`revocast init --pki"):
        PublicConfig.read(ConfigFile.read(config))
    add_issuers(config, _setup(tmp_path / "data", _pki(tmp_path / "pki")))
    assert len(PublicConfig.read(ConfigFile.read(config)).profiles) == 1


def test_demo_without_a_pki_is_refused(tmp_path: Path) -> None:
    """It says something of the PKIs that are named, and makes none."""
    result = CliRunner().invoke(init, [str(tmp_path / "data"), "--demo"])
    assert isinstance(result.exception, InputError)
    assert "`revocast up` makes one" in str(result.exception)
    assert not (tmp_path / "data").exists()


def test_key_of_the_audit_log_is_made_and_named(tmp_path: Path) -> None:
    """From the first head on nobody else's counts; the signer then signs with that very key."""
    result = CliRunner().invoke(init, [str(tmp_path / "data"), "--pki", str(_pki(tmp_path / "pki"))])
    assert (result.exit_code, "audit_keys" in result.output) == (0, False)
    file = ConfigFile.read(tmp_path / "data/revocast.toml")
    key = load_audit_key(file.table("signer", SignerConfig).keys)
    assert PublicConfig.read(file).audit_keys == (key.public,)
    assert not (tmp_path / "data/signer/ledger.sqlite").exists()


def test_key_of_the_audit_log_that_cannot_be_made_is_told_and_the_rest_is_written(tmp_path: Path) -> None:
    """As where no signer is installed: with where to find what belongs there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/signer").write_text("no folder")
    result = CliRunner().invoke(init, [str(tmp_path / "data"), "--pki", str(_pki(tmp_path / "pki"))])
    assert result.exit_code == 0
    assert "audit_keys of [public] is not set: " in result.output
    assert "`revocast audit show --key`" in result.output
    assert PublicConfig.read(ConfigFile.read(tmp_path / "data/revocast.toml")).audit_keys == ()
