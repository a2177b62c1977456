"""Other clients than certbot, each with its whole life: lego by two challenges, and dehydrated."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acme.home import Home, found_by_pkilint, home, names_in, seconds_until_refused, seconds_until_taken
from tests.acme.web import web_server
from tests.conftest import MEASURED

pytestmark = [
    pytest.mark.judge("lego", "dehydrated", "openssl", "pebble-challtestsrv"),
    pytest.mark.timeout(300),
    pytest.mark.long,
]
Tell = Callable[[str, object], None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all."""
    with home(tmp_path_factory.mktemp("home")) as found:
        yield found


def require_taken(place: Home, chain: Path, *names: str) -> None:
    """Return if it is for these names, well made, and accepted."""
    assert set(names_in(chain)) == set(names)
    assert found_by_pkilint(chain) == ""
    assert seconds_until_taken(place, chain) < 2.0


@pytest.mark.parametrize("challenge", ["http", "tls"])
def test_lego_gets_renews_and_revokes(place: Home, tmp_path: Path, record_property: Tell, challenge: str) -> None:
    """By http-01, and by tls-alpn-01."""
    name = f"{challenge}.home.arpa"
    port = place.http_port if challenge == "http" else place.tls_port
    account = ("--server", place.directory, "--email", "me@home.arpa", "--accept-tos", "--path", tmp_path)
    lego = ("lego", *account, "--domains", name, f"--{challenge}", f"--{challenge}.port", f"127.0.0.1:{port}")
    place.client(*lego, "run")
    chain = tmp_path / "certificates" / f"{name}.crt"
    require_taken(place, chain, name)
    first = chain.read_bytes()
    place.client(*lego, "renew", "--days", "365", "--no-random-sleep")
    assert chain.read_bytes() != first
    require_taken(place, chain, name)
    place.client(*lego, "revoke", "--keep", "--reason", "4")
    seconds = seconds_until_refused(place, chain)
    record_property(MEASURED, f"lego revoke -> CRL and OCSP refuse: {seconds:.2f} s")
    assert seconds < 2.0


def test_dehydrated_gets_renews_and_revokes(place: Home, tmp_path: Path, record_property: Tell) -> None:
    """A client in the shell, with a web server that is there, for two names."""
    served = tmp_path / "www/.well-known/acme-challenge"
    served.mkdir(parents=True)
    config = tmp_path / "config"
    config.write_text(
        f"CA={place.directory}\nBASEDIR={tmp_path}\nWELLKNOWN={served}\nCURL_OPTS='--cacert {place.root}'\n"
    )
    dehydrated = ("dehydrated", "--config", config)
    names = ("--cron", "--domain", "a.home.arpa b.home.arpa")
    folder = tmp_path / "certs/a.home.arpa"
    with web_server(tmp_path / "www", place.http_port):
        place.client(*dehydrated, "--register", "--accept-terms")
        place.client(*dehydrated, *names)
        first = (folder / "fullchain.pem").read_bytes()
        require_taken(place, folder / "fullchain.pem", "a.home.arpa", "b.home.arpa")
        place.client(*dehydrated, *names, "--force")
    chain = tmp_path / "chain.pem"
    chain.write_bytes((folder / "fullchain.pem").read_bytes())
    assert chain.read_bytes() != first
    require_taken(place, chain, "a.home.arpa", "b.home.arpa")
    place.client(*dehydrated, "--revoke", (folder / "cert.pem").resolve())
    seconds = seconds_until_refused(place, chain)
    record_property(MEASURED, f"dehydrated --revoke -> CRL and OCSP refuse: {seconds:.2f} s")
    assert seconds < 2.0
