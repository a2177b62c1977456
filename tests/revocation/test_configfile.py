"""revocast.toml as a file: found, read as UTF-8, and its paths anchored."""

from pathlib import Path

import pytest

from revocation.configfile import ConfigFile, LocalPath, QueueURL, Table
from revocation.errors import ConfigurationError
from tests.revocation.configuring import BASE, ISSUER, refuse


class Service(Table):
    """A service's table as a room might model it."""

    state: LocalPath = Path("state")
    key: LocalPath = Path("/etc/key")
    queue: QueueURL | None = None


def test_relative_paths_start_at_the_file_that_names_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the working directory, and defaults no less than what is written."""
    (folder / "revocast.toml").write_text('[signer]\nqueue = "unix://run/q"\n[jobs]\nstate = "elsewhere/s"\n')
    monkeypatch.chdir(folder)
    file = ConfigFile.read()
    monkeypatch.chdir("/")
    assert file.table("jobs", Service).state == folder / "elsewhere/s"
    assert file.table("signer", Service).state == folder / "state"
    assert file.table("signer", Service).key == Path("/etc/key")
    assert file.table("signer", Service).queue == f"unix://{folder}/run/q"


@pytest.mark.parametrize("url", ["run/q", "http://host", "unix://", "unix://" + "x" * 108, "tcp://host:1"])
def test_queue_that_cannot_be_reached_that_way_is_refused(folder: Path, url: str) -> None:
    """A scheme of another kind, or a socket path longer than the kernel takes."""
    (folder / "revocast.toml").write_text(f'[jobs]\nqueue = "{url}"\n')
    with pytest.raises(ConfigurationError, match=r"jobs\.queue"):
        ConfigFile.read(folder / "revocast.toml").table("jobs", Service)


def test_configuration_is_found_in_the_order_that_the_help_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then $REVOCAST_CONFIG, then ./revocast.toml, then ./revocast-data/revocast.toml."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("REVOCAST_CONFIG", raising=False)
    places = [folder / name for name in ("revocast-data/revocast.toml", "revocast.toml", "env.toml", "named.toml")]
    for place in places:
        place.parent.mkdir(exist_ok=True)
    for place in places[:2]:
        place.write_text("")
        assert ConfigFile.read().path == place
    monkeypatch.setenv("REVOCAST_CONFIG", str(places[2]))
    places[2].write_text("")
    assert ConfigFile.read().path == places[2]
    places[3].write_text("")
    assert ConfigFile.read(places[3]).path == places[3]


def test_configuration_that_is_nowhere_is_an_error_with_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with the command that writes one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REVOCAST_CONFIG", raising=False)
    with pytest.raises(ConfigurationError, match=r"no revocast\.toml was found") as caught:
        ConfigFile.read()
    assert "revocast init" in (caught.value.advice or "")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ConfigFile.read(tmp_path)


def test_configuration_is_utf8_whatever_the_locale(folder: Path) -> None:
    """TOML is UTF-8 by definition; other bytes are an error and not a guess."""
    assert "réponse" in refuse(folder, BASE + ISSUER + '[public."réponse"]')
    (folder / "revocast.toml").write_bytes(b'[public]\nbase_url = "\xe9"')
    with pytest.raises(ConfigurationError, match="is not TOML"):
        ConfigFile.read(folder / "revocast.toml")
