"""A series in the configuration: what would leave a gap, or is signed by no ceremony, is refused at the start."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from tests.authority import Authority
from tests.estate import Estate

DAY = timedelta(days=1)
SERIES = 'series = { count = 12, every = "30d" }'
OFFLINE = ('key = "file:ca.key"\npassphrase = "file:ca.passphrase"\n', "offline = true\n")


def read(folder: Path, crl: str, public: str = "", issuer: str = "") -> PublicConfig:
    """The `[public]` table of a configuration with these settings of CRLs."""
    Authority().write(folder / "ca.pem")
    text = f'[public]\nbase_url = "http://crl.example"\n{public}\ncrl = {{ {crl} }}\n'
    text += f'[[public.issuers]]\nname = "root"\ncertificates = ["ca.pem"]\n{issuer}\n'
    (folder / "revocast.toml").write_text(text)
    return PublicConfig.read(ConfigFile.read(folder / "revocast.toml"))


def test_one_of_a_series_is_renewed_by_the_next(tmp_path: Path) -> None:
    """Nobody says the same thing twice; where an issuer has a series, `renewal` of all others is not meant."""
    (profile,) = read(tmp_path, f'expires = "40d", {SERIES}').profiles.values()
    spec = profile.crls["all"]
    assert spec.settings.renewal == 30 * DAY
    assert spec.settings.series is not None
    assert spec.settings.series.ahead == 330 * DAY
    own = f'crl = {{ expires = "40d", {SERIES} }}'
    (profile,) = read(tmp_path, 'renewal = "6h"', issuer=own).profiles.values()
    assert profile.crls["all"].settings.renewal == 30 * DAY
    (profile,) = read(tmp_path, f'expires = "40d", lists = {{ all = {{ {SERIES} }} }}').profiles.values()
    assert profile.crls["all"].settings.series is not None


@pytest.mark.parametrize(
    ("crl", "told"),
    [
        (f'expires = "30d", {SERIES}', r"renewal \(30d\) must be .* shorter than expires \(30d\)"),
        (f'expires = "721h", {SERIES}', r"look \(1h\) must be at most"),
        (f'expires = "30d", look = "1m", max_age = "0s", {SERIES}', "shorter than expires"),
        ('expires = "43215m", look = "5m", ' + SERIES, "caches could hand out an expired object"),
        (f'expires = "40d", renewal = "29d", {SERIES}', "contradict each other"),
        (f'expires = "40d", overlap = "5d", {SERIES}', "contradict each other"),
        (f'expires = "40d", delta = "4d", {SERIES}', "series and delta exclude each other"),
        ('expires = "40d", series = { count = 14, every = "30d" }', "the last one would end 430d after .* for 400d"),
        ('expires = "40d", series = { count = 1, every = "30d" }', "count"),
        ('expires = "40d", series = { count = 2, every = "59m" }', "at least 1h"),
        ('expires = "40d", series = { count = 2 }', "every"),
    ],
)
def test_series_that_would_leave_a_gap_or_makes_no_sense_is_refused(tmp_path: Path, crl: str, told: str) -> None:
    """With the numbers: a look may fail, and a cache may hold the one before, and nobody has an expired CRL."""
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, crl)


def test_series_under_the_baseline_requirements_or_after_a_last_crl_is_refused(tmp_path: Path) -> None:
    """The one says that thisUpdate is the date of issue, the other that nothing follows."""
    with pytest.raises(ConfigurationError, match="no series under `br`: thisUpdate is the date of issue"):
        read(tmp_path, f'scopes = ["ca"], expires = "40d", {SERIES}', public='compliance = "br"')
    with pytest.raises(ConfigurationError, match="last_crl is followed by nothing"):
        read(tmp_path, f'expires = "40d", {SERIES}', issuer='last_crl = "expiry"')


def built(folder: Path, *, ahead: str = "330d", offline: bool = False, ceremony: str = "") -> Estate:
    """A signer of an issuer with a series."""
    signer = f'limits = {{ crl_validity = "40d" }}\n{ceremony}'
    estate = Estate.build(folder, public=f'crl = {{ expires = "40d", {SERIES} }}', signer=signer)
    file, (key, elsewhere) = estate.folder / "revocast.toml", OFFLINE
    text = file.read_text()
    assert key in text
    limits = f'limits = {{ crl_ahead = "{ahead}" }}\n'
    file.write_text(text.replace(key, elsewhere if offline else key + limits))
    return estate


def test_series_of_a_key_that_signs_by_itself_is_refused(tmp_path: Path) -> None:
    """A year of CRLs is signed while people look on."""
    with pytest.raises(ConfigurationError, match="its key does not sign at ceremonies"):
        built(tmp_path / "online").signer()
    built(tmp_path / "elsewhere", offline=True).signer()
    built(tmp_path / "offline", ceremony="ceremony = {}").signer()


def test_series_that_the_key_may_not_sign_is_refused_at_the_start(tmp_path: Path) -> None:
    """Whatever [public] says; the numbers are told."""
    with pytest.raises(ConfigurationError, match=r"begins 329d after it is signed at most, .* would begin 330d after"):
        built(tmp_path, ahead="329d", ceremony="ceremony = {}").signer()
