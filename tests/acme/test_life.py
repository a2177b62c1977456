"""The whole life of certificates with certbot and aioacme, from `revocast up --acme` to their revocation."""

import json
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import aioacme
import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.acme.home import BIN, Home, found_by_pkilint, home, names_in, seconds_until_refused, seconds_until_taken
from tests.acme.web import web_server
from tests.conftest import MEASURED
from tests.registrar.site import csr_for

pytestmark = [pytest.mark.judge("openssl", "pebble-challtestsrv", "curl"), pytest.mark.timeout(300)]
Tell = Callable[[str, object], None]

_HOOK = """#!/bin/sh
curl -sf -d "{{\\"host\\": \\"_acme-challenge.$CERTBOT_DOMAIN.\\", \\"value\\": \\"$CERTBOT_VALIDATION\\"}}" \\
    http://127.0.0.1:{port}/set-txt
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all."""
    with home(tmp_path_factory.mktemp("home"), issuer='external_accounts = "optional"') as found:
        yield found


@pytest.fixture
def certbot(place: Home, tmp_path: Path) -> "Certbot":
    """certbot on a machine of its own."""
    return Certbot(place, tmp_path)


class Certbot:
    """certbot with folders of its own."""

    def __init__(self, place: Home, folder: Path) -> None:
        self.place, self.folder = place, folder

    def __call__(self, *options: str | Path) -> str:
        folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", self.folder / name)]
        return self.place.client(BIN / "certbot", *options, "-n", *folders)

    def certonly(self, name: str, *options: str | Path) -> Path:
        """A certificate with its chain."""
        account = ("--server", self.place.directory, "--agree-tos", "--register-unsafely-without-email")
        self("certonly", *account, "--cert-name", "it", "-d", name, *options)
        return self.chain

    def standalone(self, name: str) -> Path:
        return self.certonly(name, "--standalone", "--http-01-port", str(self.place.http_port))

    @property
    def chain(self) -> Path:
        return self.folder / "config/live/it/fullchain.pem"

    @property
    def serial(self) -> int:
        return x509.load_pem_x509_certificates(self.chain.read_bytes())[0].serial_number


def test_standalone_certificate_is_taken_until_its_account_revokes_it(certbot: Certbot, record_property: Tell) -> None:
    """By openssl with CRL and OCSP, and by pkilint; within two seconds of the revocation no more."""
    chain = certbot.standalone("www.home.arpa")
    assert names_in(chain) == ["www.home.arpa"]
    assert found_by_pkilint(chain) == ""
    seconds = seconds_until_taken(certbot.place, chain)
    record_property(MEASURED, f"certbot has its certificate -> CRL and OCSP accept: {seconds:.2f} s")
    assert seconds < 2.0
    certbot("revoke", "--cert-name", "it", "--reason", "superseded", "--no-delete-after-revoke")
    seconds = seconds_until_refused(certbot.place, chain)
    record_property(MEASURED, f"certbot revoke -> CRL and OCSP refuse: {seconds:.2f} s")
    assert seconds < 2.0


def test_webroot_certificate_is_revoked_by_its_own_key(certbot: Certbot, tmp_path: Path, record_property: Tell) -> None:
    """A web server that is there serves the challenge; the one who revokes has no account."""
    root = tmp_path / "www"
    root.mkdir()
    with web_server(root, certbot.place.http_port):
        chain = certbot.certonly("shop.home.arpa", "--webroot", "-w", root)
    assert seconds_until_taken(certbot.place, chain) < 2.0
    key = chain.with_name("privkey.pem")
    stranger = Certbot(certbot.place, tmp_path / "elsewhere")
    where = ("--server", certbot.place.directory, "--no-delete-after-revoke")
    stranger(
        "revoke", "--cert-path", chain.with_name("cert.pem"), "--key-path", key, "--reason", "keycompromise", *where
    )
    seconds = seconds_until_refused(certbot.place, chain)
    record_property(MEASURED, f"certbot revoke by the certificate's key -> CRL and OCSP refuse: {seconds:.2f} s")
    assert seconds < 2.0


def test_wildcard_is_validated_by_dns_with_hooks(certbot: Certbot, tmp_path: Path) -> None:
    """Which put the record where it is looked for. pkilint knows names as RFC 5280 has them, and so no wildcard."""
    hook = tmp_path / "hook"
    hook.write_text(_HOOK.format(port=certbot.place.dns[1]))
    hook.chmod(0o755)
    manual = ("--manual", "--preferred-challenges", "dns", "--manual-auth-hook", hook)
    chain = certbot.certonly("*.lab.home.arpa", *manual)
    assert names_in(chain) == ["*.lab.home.arpa"]
    (finding,) = found_by_pkilint(chain).splitlines()
    assert "pkix.invalid_domain_name_syntax" in finding
    assert seconds_until_taken(certbot.place, chain) < 2.0


def test_certbot_renews_at_once_what_an_operator_revoked(certbot: Certbot) -> None:
    """By renewal information (RFC 9773): before that it is not due."""
    place = certbot.place
    certbot.standalone("nas.home.arpa")
    first = certbot.serial
    done = place.system.revocast("revoke", f"{first:X}", "--issuer", "home", "--reason", "superseded", "--json")
    assert done.returncode == 0, done.stderr
    assert "renewals succeeded" in certbot("renew", "--no-random-sleep-on-renew")
    assert certbot.serial != first
    assert seconds_until_taken(place, certbot.chain) < 2.0
    assert "not yet due" in certbot("renew", "--no-random-sleep-on-renew")


def test_account_is_bound_to_a_key_of_the_operator(certbot: Certbot) -> None:
    """External account binding: the key is used up then."""
    place = certbot.place
    made = json.loads(place.system.revocast("eab", "create", "--issuer", "home", "--json").stdout)
    binding = ("--eab-kid", made["kid"], "--eab-hmac-key", made["hmac_key"])
    account = ("--server", place.directory, "--agree-tos", "--register-unsafely-without-email")
    certbot("register", *account, *binding)
    listed = json.loads(place.system.revocast("eab", "list", "--issuer", "home", "--json").stdout)
    (bound,) = [one for one in listed if one["kid"] == made["kid"]]
    assert re.fullmatch(r"\S+", bound["account"])
    certbot("unregister", "--server", place.directory)


def test_name_of_others_is_refused_in_words_that_say_why(certbot: Certbot) -> None:
    """certbot shows them."""
    with pytest.raises(AssertionError, match=r"home\.arpa"):
        certbot.standalone("www.example.com")


def test_aioacme_gets_a_wildcard_changes_its_key_and_revokes(
    place: Home, tmp_path: Path, record_property: Tell
) -> None:
    """Another client, by dns-01: its account has a new key by then, and is bound to none."""
    chain = tmp_path / "chain.pem"
    seconds = anyio.run(by_aioacme, place, chain)
    record_property(MEASURED, f"aioacme's revocation -> CRL and OCSP refuse: {seconds:.2f} s")
    assert seconds < 2.0


async def by_aioacme(place: Home, chain: Path) -> float:
    """The whole life of a certificate; the seconds from its revocation to its refusal."""
    trust = ssl.create_default_context(cafile=str(place.root))
    key = ec.generate_private_key(ec.SECP256R1())
    async with aioacme.Client(account_key=key, directory_url=place.directory, ssl=trust) as client:
        order = await client.new_order([aioacme.Identifier("*.pool.home.arpa")])
        authorization = await client.get_authorization(order.authorizations[0])
        (challenge,) = [one for one in authorization.challenges if one.type is aioacme.ChallengeType.dns01]
        host = client.get_dns_challenge_domain(authorization.identifier.value)
        place.say_in_dns("set-txt", host=f"{host}.", value=client.get_dns_challenge_validation(challenge.token))
        await client.answer_challenge(challenge.url)
        while authorization.status is aioacme.AuthorizationStatus.pending:
            await anyio.sleep(0.2)
            authorization = await client.get_authorization(order.authorizations[0])
        assert authorization.status is aioacme.AuthorizationStatus.valid, authorization
        done = await client.finalize_order(order.finalize, csr_for("*.pool.home.arpa"))
        while done.status is aioacme.OrderStatus.processing:
            await anyio.sleep(0.2)
            done = await client.get_order(order.uri)
        assert done.certificate
        chain.write_bytes(await client.get_certificate(done.certificate))
        assert names_in(chain) == ["*.pool.home.arpa"]
        assert seconds_until_taken(place, chain) < 2.0
        await client.change_key(ec.generate_private_key(ec.SECP256R1()))
        await client.revoke_certificate(x509.load_pem_x509_certificates(chain.read_bytes())[0])
        return seconds_until_refused(place, chain)
