"""The table [publisher]: what is refused, and with which words."""

from pathlib import Path

import pytest

from publisher.config import PublisherConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError

RIGHT = """
[publisher]
exchange = "exchange"
state = "publisher"
[[publisher.targets]]
name = "files"
kind = "directory"
path = "public"
[[publisher.targets]]
name = "responses"
kind = "lmdb"
path = "store"
"""


def read(folder: Path, text: str) -> PublisherConfig:
    """The table of a file with that text."""
    (folder / "revocast.toml").write_text(text)
    return PublisherConfig.read(ConfigFile.read(folder / "revocast.toml"))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Whatever the working directory."""
    config = read(tmp_path, RIGHT)
    assert config.state == tmp_path / "publisher"
    assert [target.place for target in config.targets] == [str(tmp_path / "public"), str(tmp_path / "store")]
    assert config.queue is None


def test_two_publishers_of_one_redis_need_two_prefixes(tmp_path: Path) -> None:
    """Under one prefix each would take the other's responses for damage."""
    redis = '[[publisher.targets]]\nname = "{}"\nkind = "redis"\nurl = "redis://valkey.example"\n{}\n'
    config = read(tmp_path, RIGHT + redis.format("a", "") + redis.format("b", 'prefix = "b:"'))
    assert [target.name for target in config.targets] == ["files", "responses", "a", "b"]
    with pytest.raises(ConfigurationError, match=r"'a' and 'b' share 'redis://valkey\.example revocast:'"):
        read(tmp_path, RIGHT + redis.format("a", "") + redis.format("b", ""))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"responses"', '"files"', "share 'files'"),
        ('"store"', '"public"', "share '.*public'"),
        ('"lmdb"', '"s3"', "targets.1"),
        ('state = "publisher"', 'state = "public/state"', "state .* lies inside target 'files'"),
        ('exchange = "exchange"', 'exchange = "store"', "exchange .* lies inside target 'responses'"),
        ('exchange = "exchange"', 'exchange = "public/www/exchange"', "exchange .* lies inside target 'files'"),
        ('exchange = "exchange"', 'exchange = "aside/../public/x"', "exchange .* lies inside target 'files'"),
        ('kind = "directory"', 'kind = "directory"\nmap_size_gib = 1', "map_size_gib"),
        ('state = "publisher"', 'state = "publisher"\nsecret = "x"', "publisher.secret"),
        ('"files"', '"Files !"', "targets.0"),
    ],
)
def test_contradiction_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Two targets in one place, marks inside of what may be wiped, unknown kinds and keys."""
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path, RIGHT.replace(old, new, 1))


def test_exchange_that_is_a_link_into_a_target_is_refused(tmp_path: Path) -> None:
    """What is held for later lies in the exchange: nothing of it may be served, by whatever name."""
    (tmp_path / "public/www").mkdir(parents=True)
    (tmp_path / "exchange").symlink_to(tmp_path / "public/www")
    with pytest.raises(ConfigurationError, match=r"exchange .* lies inside target 'files'"):
        read(tmp_path, RIGHT)
