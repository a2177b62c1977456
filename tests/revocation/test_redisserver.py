"""The table of a Redis server: what is refused in it, and that no secret gets into a message."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from revocation.redisserver import RedisServer, trouble
from revocation.secret import obtain


def read(tmp_path: Path, text: str) -> RedisServer:
    """The table out of a file."""
    file = tmp_path / "revocast.toml"
    file.write_text(f"[responder]\n{text}\n")
    return ConfigFile.read(file).table("responder", RedisServer)


@pytest.mark.parametrize(
    "url", ["redis://valkey.example", "redis://192.0.2.1:6379/0", "rediss://[2001:db8::1]:6380/3", "unix://run/v.sock"]
)
def test_place_of_a_server(tmp_path: Path, url: str) -> None:
    """Names, addresses, a database, TLS; a relative socket is beside the file."""
    server = read(tmp_path, f'url = "{url}"')
    assert server.url == (f"unix://{tmp_path}/run/v.sock" if url.startswith("unix") else url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:hunter2@valkey.example",
        "redis://:hunter2@valkey.example/0",
        "redis://user:hunter2",
        "redis://valkey.example/0?password=hunter2",
        "rediss://valkey.example?ssl_cert_reqs=none&x=hunter2",
        "redis://valkey.example/hunter2",
        "redis:///hunter2",
        "http://hunter2",
    ],
)
def test_url_with_more_than_a_place_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    """Credentials in it would be shown wherever the place is; options could turn the check of TLS off."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, f'url = "{url}"')
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ('password = "hunter2"', "does not stand in the configuration"),
        ('password = "file:"', "does not stand in the configuration"),
        ('user = "reader"', "needs a `password`"),
        ('tls_ca = "ca.pem"', "rediss://"),
        ('prefix = "a b"', "not of the form"),
        ('prefix = ""', "not of the form"),
    ],
)
def test_keys_that_contradict_are_refused(tmp_path: Path, keys: str, word: str) -> None:
    """A password in the file, a user without one, TLS that nobody uses."""
    with pytest.raises(ConfigurationError, match=word) as caught:
        read(tmp_path, f'url = "redis://valkey.example"\n{keys}')
    assert "hunter2" not in str(caught.value)


def test_certificate_without_its_key_is_refused() -> None:
    """Neither is of use alone."""
    with pytest.raises(ValidationError, match="go together"):
        RedisServer(url="rediss://valkey.example", tls_certificate=Path("client.pem"))


def test_secret_is_found_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the configuration, in the environment, in systemd's folder; a file without its line end."""
    (tmp_path / "password").write_text("secret\n")
    server = read(tmp_path, 'url = "redis://valkey.example"\npassword = "file:password"')
    monkeypatch.setenv("VALKEY_PASSWORD", "secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert server.password == f"file:{tmp_path}/password"
    assert {obtain(source) for source in (server.password, "env:VALKEY_PASSWORD", "credential:password")} == {"secret"}


@pytest.mark.parametrize("source", ["file:/nowhere/password", "env:NO_SUCH_VARIABLE", "credential:password"])
def test_secret_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Before a service starts that would get no answer."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    server = RedisServer(url="redis://valkey.example", password=source)
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        server.require_secret()
    assert caught.value.where == source


def test_what_a_server_says_is_not_repeated() -> None:
    """Some repeat what they were sent: `unknown command AUTH, with args beginning with: hunter2`."""
    assert "hunter2" not in trouble(ValueError("ERR unknown command `AUTH`, with args beginning with: `hunter2`"))
    assert trouble(ValueError("MISCONF Redis is configured to save snapshots")) == "it answers MISCONF"
