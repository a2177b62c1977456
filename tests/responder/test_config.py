"""The `[responder]` table: what it takes over from `[public]`, and what it refuses."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.caching import MaxAges
from responder.config import ResponderConfig
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from tests.authority import Authority

PUBLIC = """
[public]
base_url = "http://pki.example"
[[public.issuers]]
name = "one"
certificates = ["one.pem"]
[[public.issuers]]
name = "other"
certificates = ["other.pem"]
"""


def read(folder: Path, responder: str, issuer: str = "") -> tuple[ResponderConfig, PublicConfig]:
    """Both tables; `issuer` are lines for the second issuer."""
    for name in ("one", "other"):
        Authority(name).write(folder / f"{name}.pem")
    (folder / "revocast.toml").write_text(f"{PUBLIC}{issuer}\n[responder]\n{responder}")
    file = ConfigFile.read(folder / "revocast.toml")
    return file.table("responder", ResponderConfig), PublicConfig.read(file)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Wherever the process was started."""
    settings, _ = read(tmp_path, 'store = "store"\nfiles = "public/www"')
    assert (settings.store, settings.files) == (tmp_path / "store", tmp_path / "public" / "www")
    assert (settings.host, settings.port) == ("127.0.0.1", 8889)


def test_ages_are_those_of_the_profiles(tmp_path: Path) -> None:
    """The defaults of the design: 300 s for CRLs, an hour for responses, a day for certificates."""
    settings, public = read(tmp_path, 'store = "store"')
    assert settings.max_ages(public) == MaxAges()


def test_ages_are_the_shortest_of_all_issuers(tmp_path: Path) -> None:
    """A constant has to hold for the issuer in the greatest hurry: else caches would keep what has expired."""
    hurried = "crl = { max_age = '2m' }\nocsp = { max_age = '10m' }"
    settings, public = read(tmp_path, 'store = "store"\nissuer_max_age = "1h"', hurried)
    assert settings.max_ages(public) == MaxAges(
        ocsp=timedelta(minutes=10), crl=timedelta(minutes=2), issuer=timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("", "responder.store"),
        ('store = "s"\nport = 70000', "responder.port"),
        ('store = "s"\nport = -1', "responder.port"),
        ('store = "s"\nhost = ""', "responder.host"),
        ('store = "s"\nissuer_max_age = "soon"', "responder.issuer_max_age"),
        ('store = "s"\ncache = true', "responder.cache"),
    ],
)
def test_wrong_table_is_refused_with_the_key(tmp_path: Path, table: str, key: str) -> None:
    """Missing, out of range, not a duration, unknown."""
    with pytest.raises(ConfigurationError, match=key):
        read(tmp_path, table)
