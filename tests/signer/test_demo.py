"""The demonstration PKI: right by the word of openssl, readable by the importers, and it overwrites nothing."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from revocation import paths
from revocation.artifacts import Scope
from revocation.config import load_certificates
from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.pkifolder import PKIKind, describe
from revocation.status import Reason, Revocation
from signer.demo import demo_pki, make_demo
from signer.importers.detect import read_source
from tests.authority import NOW

URL = "http://status.example:8080"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo") / "pki"
    make_demo(directory, URL, NOW)
    return directory


def issuer_of(folder: Path) -> Issuer:
    return Issuer.of(folder.name, load_certificates(folder / "ca.crt"))


@pytest.mark.parametrize("name", ["root", "issuing"])
def test_folder_is_a_pki_with_an_encrypted_key(demo: Path, name: str) -> None:
    """As `revocast init` will find it; the passphrase beside the key opens it, and only its owner reads either."""
    found = describe(demo / name)
    assert (found.kind, found.key_is_encrypted) == (PKIKind.EASY_RSA, True)
    assert found.ca_key is not None
    passphrase = found.ca_key.with_name("ca.passphrase")
    key = load_pem_private_key(found.ca_key.read_bytes(), passphrase.read_bytes().strip())
    assert key.public_key() == issuer_of(demo / name).certificates[0].public_key()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in found.ca_key.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(found.ca_key.parent.stat().st_mode) == 0o700


def test_passphrases_differ(demo: Path) -> None:
    """Each is random."""
    passphrases = {(demo / name / "private" / "ca.passphrase").read_text() for name in ("root", "issuing")}
    assert len(passphrases) == 2
    assert min(len(one) for one in passphrases) > 30


def test_importer_reads_what_was_issued(demo: Path) -> None:
    """The root lists the issuing CA; the issuing CA six certificates, one of them revoked for its key."""
    (issuing,) = read_source(demo / "root", issuer_of(demo / "root")).entries
    assert (issuing.is_ca, issuing.revocation) == (True, None)
    leaves = list(read_source(demo / "issuing", issuer_of(demo / "issuing")).entries)
    assert len(leaves) == 6
    assert [leaf.revocation for leaf in leaves if leaf.revocation] == [Revocation(NOW, Reason.keyCompromise)]
    assert all(leaf.certificate and not leaf.is_ca for leaf in leaves)


def test_certificates_name_where_their_status_is_served(demo: Path) -> None:
    """Below the URL that was asked for, at the paths of their own issuer."""
    for folder in (demo / "root", demo / "issuing"):
        issuer = issuer_of(folder)
        for entry in read_source(folder, issuer).entries:
            assert entry.certificate is not None
            extensions = x509.load_der_x509_certificate(entry.certificate).extensions
            (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
            assert point.full_name is not None
            assert [name.value for name in point.full_name] == [f"{URL}/{paths.crl_path(issuer.id, Scope.ALL)}"]
            access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
            assert [one.access_location.value for one in access] == [
                f"{URL}/ocsp",
                f"{URL}/{paths.issuer_path(issuer.id)}",
            ]
            key_identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
            assert key_identifier == issuer.key_identifier


@pytest.mark.judge("openssl")
def test_openssl_accepts_the_chains(demo: Path) -> None:
    """Every certificate, strictly, and the chain file beside them."""
    leaves = sorted((demo / "issuing" / "issued").iterdir())
    command = ["openssl", "verify", "-x509_strict", "-attime", f"{NOW.timestamp():.0f}"]
    command += ["-CAfile", demo / "root" / "ca.crt", "-untrusted", demo / "chain.pem"]
    result = subprocess.run([*command, *leaves], capture_output=True, text=True)
    assert (result.returncode, result.stdout.count(": OK")) == (0, 5), result.stderr


@pytest.mark.parametrize("file", ["issuing/ca.crt", "root/ca.crt", "issuing/issued/www.demo.example.crt"])
@pytest.mark.judge("lint_pkix_cert")
def test_pkilint_finds_nothing_in_the_certificates(demo: Path, file: str) -> None:
    """RFC 5280 by the word of pkilint."""
    command = ["lint_pkix_cert", "lint", "--severity", "WARNING", demo / file]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stdout


def test_command_says_what_it_made(tmp_path: Path) -> None:
    """With the URLs of the default port."""
    result = CliRunner().invoke(demo_pki, [str(tmp_path / "new")], catch_exceptions=False)
    assert result.exit_code == 0
    assert re.search(r"issuing CA +\S+/new/issuing +\(6 certificates, lost-laptop is revoked\)", result.output)
    (alice,) = load_certificates(tmp_path / "new" / "issuing" / "issued" / "alice.crt")
    access = alice.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access[0].access_location.value == "http://localhost:8889/ocsp"


def test_names_are_the_same_every_time(tmp_path: Path, demo: Path) -> None:
    """Scripts and documentation rely on them."""
    make_demo(tmp_path / "again", URL, NOW)
    names = [
        sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.parent.name != "certs_by_serial")
        for root in (demo, tmp_path / "again")
    ]
    assert names[0] == names[1]


def test_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """A second run does not replace keys; an empty folder is fine."""
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(InputError, match="is not empty, and nothing in it is overwritten"):
        make_demo(tmp_path, URL, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "empty").mkdir()
    make_demo(tmp_path / "empty", URL, NOW)
    assert (tmp_path / "empty" / "chain.pem").exists()


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        make_demo(tmp_path / "file" / "demo", URL, NOW)


@pytest.mark.parametrize("url", ["https://status.example", "status.example", ""])
def test_url_that_is_not_http_is_refused(tmp_path: Path, url: str) -> None:
    """The status of a certificate cannot wait for the status of another one."""
    with pytest.raises(InputError, match="is not where status is served"):
        make_demo(tmp_path / "demo", url, NOW)
    assert not (tmp_path / "demo").exists()
