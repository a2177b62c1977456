"""The table `[public]`: what it says when left alone, and what cannot be meant, told with its place."""

from datetime import timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.artifacts import Scope
from revocation.certid import CertIDHash
from revocation.config import load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from signer.config import SignerConfig
from tests.authority import Authority
from tests.revocation.configuring import BASE, ISSUER, read, refuse


def test_smallest_configuration_has_the_defaults_of_the_design(folder: Path) -> None:
    """One CRL without IDP, a day long, renewed after half; responses under both hashes."""
    config = read(folder, BASE + ISSUER)
    profile = config.profile("demo")
    assert profile is config.profile(profile.issuer.id)
    assert (profile.crl.scopes, profile.crl.expires, profile.crl.renewal) == (
        (Scope.ALL,),
        timedelta(days=1),
        timedelta(hours=12),
    )
    assert profile.ocsp.hashes == (CertIDHash.SHA256, CertIDHash.SHA1)
    assert config.url("crl/x.crl") == "http://pki.example/crl/x.crl"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE, "public.issuers: is missing: fill in [[public.issuers]]"),
        (BASE + "issuers = []", "public.issuers"),
        (BASE + ISSUER + ISSUER, "configured twice"),
        (BASE.replace("http:", "https:") + ISSUER, "public.base_url"),
        (BASE.replace("example", "example/") + ISSUER, "public.base_url"),
        (BASE + 'prefix = "pki/"\n' + ISSUER, "public.prefix"),
        (BASE.replace("example", "exämple") + ISSUER, "public.base_url"),
        (BASE + 'prefix = "/pkí"\n' + ISSUER, "public.prefix"),
        *((BASE + f'prefix = "/a{sign}b"\n' + ISSUER, "public.prefix") for sign in ("%20", "?", "#")),
        (BASE + '[public.crl]\ndistribution_point = "http://crl.exämple/a.crl"' + ISSUER, "crl.distribution_point"),
        (BASE + ISSUER.replace('"demo"', '"../demo"'), "public.issuers.0.name"),
        (BASE + ISSUER + "password = 1", "public.issuers.0.password"),
        (BASE + ISSUER.replace("demo.pem", "none.pem"), "none.pem: cannot be read"),
        (BASE + ISSUER + "[responders]", "unknown table [responders]"),
        ("[signer]", "the table [public] is missing"),
        ("public = 1", "public: "),
        ("[public", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_configuration_that_cannot_be_meant_is_refused_with_its_place(folder: Path, text: str, said: str) -> None:
    """Unknown, missing, doubled or malformed: with the key or the file."""
    assert said in refuse(folder, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE + ISSUER + "password = 1", "public.issuers.0.password: unknown key"),
        (BASE + ISSUER + 'ocsp = { exipres = "1d" }', "issuer demo: ocsp.exipres: unknown key"),
        (BASE + "[public.crl.lists.ca]\nexipres = 1\n" + ISSUER, "lists.ca.exipres: unknown key"),
        (BASE + ISSUER.replace("certificates", "# "), "public.issuers.0.certificates: is missing"),
        (
            BASE.replace("http:", "https:") + ISSUER,
            "' is not of the form that is wanted: http://HOST or http://HOST:PORT (no https: the objects are signed)",
        ),
        (
            BASE + ISSUER.replace('"demo"', '"Demo"'),
            "name: 'Demo' is not of the form that is wanted: lower-case",
        ),
    ],
)
def test_mistake_is_told_in_the_words_of_the_file(folder: Path, text: str, said: str) -> None:
    """Which key, and what is wanted there: nobody has to know what an input, an extra or a pattern is."""
    assert said in refuse(folder, text)


def test_value_that_may_be_a_secret_in_the_wrong_place_is_not_shown(folder: Path) -> None:
    """What is wanted is said in the words of the field, for tables in lists as well."""
    (folder / "revocast.toml").write_text('[signer]\n[[signer.issuers]]\nname = "demo"\npassphrase = "hunter2"')
    with pytest.raises(ConfigurationError, match=r"issuers\.0\.passphrase: is not .*: file:PATH, env:NAME") as caught:
        ConfigFile.read(folder / "revocast.toml").table("signer", SignerConfig)
    assert "hunter2" not in str(caught.value)


def test_two_issuers_cannot_share_a_name(folder: Path) -> None:
    """A re-keyed CA is another issuer, and needs another name."""
    Authority().write(folder / "other.pem")
    assert "two issuers" in refuse(folder, BASE + ISSUER + ISSUER.replace("demo.pem", "other.pem"))


def test_all_problems_are_reported_at_once(folder: Path) -> None:
    """Nobody should have to start a service five times."""
    said = refuse(folder, '[public]\nbase_url = "pki"\nprefix = "x"\ncolour = 1')
    assert all(place in said for place in ("public.base_url", "public.prefix", "public.colour", "public.issuers"))


def test_issuer_that_is_not_configured_is_an_error_with_those_that_are(folder: Path) -> None:
    """For `--issuer` on a command line."""
    with pytest.raises(InputError) as caught:
        read(folder, BASE + ISSUER).profile("dmeo")
    assert "demo" in (caught.value.advice or "")


def test_certificate_that_is_not_there_is_named_with_what_to_do(folder: Path) -> None:
    """As where the files of `infra/config` were put in place, and the issuer's certificate was not."""
    (folder / "demo.pem").unlink()
    assert "put the issuer's certificate there" in refuse(folder, BASE + ISSUER)


def test_certificates_are_read_from_pem_and_der(folder: Path) -> None:
    """Several in one PEM file are all taken."""
    one, two = Authority(), Authority()
    (folder / "both.pem").write_bytes(b"".join(a.certificate.public_bytes(Encoding.PEM) for a in (one, two)))
    (folder / "one.der").write_bytes(one.certificate.public_bytes(Encoding.DER))
    assert load_certificates(folder / "both.pem") == [one.certificate, two.certificate]
    assert load_certificates(folder / "one.der") == [one.certificate]


VERSION_8 = Path(cryptography_vectors.__path__[0], "x509/custom/invalid_version.pem").read_bytes()


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30", VERSION_8]
)
def test_certificate_file_without_one_is_an_error(folder: Path, data: bytes) -> None:
    """Also a PEM block that holds something else, or a version that does not exist."""
    (folder / "demo.pem").write_bytes(data)
    assert "holds no readable certificate" in refuse(folder, BASE + ISSUER)
