"""`--acme`: what it writes is read by the services that it is for, and what it cannot do it says before it writes."""

from pathlib import Path

import pytest

from jobs.acme import ACME, asked_for
from jobs.acme_tables import add_registrar
from jobs.first_start import prepare
from jobs.init import Setup, initialise
from jobs.registrar_fit import misfits, not_used
from registrar.configured import read_registrar
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from revocation.messages import RequesterKey, Verb
from signer.config import SignerConfig
from tests.authority import Authority

ROOT = Path(__file__).parents[2]


def config_of(folder: Path, *names: str, base_url: str = "http://ca.home.arpa:8889") -> Path:
    """A configuration as `init` writes it, with these CAs."""
    pkis = []
    for name in names:
        pki = folder / name
        (pki / "private").mkdir(parents=True)
        (pki / "issued").mkdir()
        (pki / "index.txt").touch()
        Authority(name).write(pki / "ca.crt")
        (pki / "private/ca.key").write_bytes(b"-----BEGIN PRIVATE KEY-----")
        pkis.append(pki)
    initialise(Setup(folder / "data", tuple(pkis), base_url))
    return folder / "data/revocast.toml"


def test_tables_are_read_by_signer_and_registrar(tmp_path: Path) -> None:
    """Of the first of two issuers: its policy, and the key between them with no more rights than it needs."""
    config = config_of(tmp_path, "one", "two")
    acme = ACME.of("https://ca.home.arpa:8890", ("home.arpa", "192.168.1.0/24"))
    assert add_registrar(config, "one", acme)
    file = ConfigFile.read(config)
    settings, _ = read_registrar(file)
    signer = file.table("signer", SignerConfig)
    signer.check(PublicConfig.read(file))
    (tenant,) = settings.acme_issuers
    (requester,) = [one for one in signer.requesters if one.name == "registrar"]
    assert requester.public_key == RequesterKey.load(tenant.requester_key).public
    assert (set(requester.verbs), tuple(requester.issuers)) == ({Verb.ISSUE, Verb.REVOKE}, ("one",))
    one, two = signer.issuers
    assert two.issuance is None
    assert one.issuance
    assert one.issuance.names_of("server").dns == ("home.arpa",)
    assert one.issuance.names_of("registrar").dns == ("ca.home.arpa",)
    assert "registrar" not in tenant.profiles
    assert settings.listen == "0.0.0.0:8890"
    assert (tmp_path / "data/registrar").stat().st_mode & 0o777 == 0o700
    assert tenant.requester_key.stat().st_mode & 0o777 == 0o600


def test_verbs_of_the_api_stand_there_as_a_comment(tmp_path: Path) -> None:
    """Those that docs/api.md names; the registrar has them where somebody takes the other line away."""
    config = config_of(tmp_path, "one")
    assert add_registrar(config, "one", ACME.of("https://ca.home.arpa:8890", ("home.arpa",)))
    text = config.read_text().replace('verbs = ["issue", "revoke"]\n# verbs', "verbs")
    config.write_text(text)
    settings = ConfigFile.read(config).table("signer", SignerConfig)
    operator, registrar = settings.requesters
    assert set(registrar.verbs) == {Verb.ISSUE, Verb.REVOKE, Verb.RELEASE, Verb.REGISTER}
    assert Verb.REGISTER not in operator.verbs
    line = next(line for line in text.splitlines() if '"register"' in line)
    assert line.partition("  #")[0] in (ROOT / "docs/api.md").read_text()


def test_configuration_that_has_a_registrar_stays_as_it_is(tmp_path: Path) -> None:
    """Whatever is asked for again."""
    config = config_of(tmp_path, "one")
    assert add_registrar(config, "one", ACME.of("https://localhost:8890", ("home.arpa",)))
    text = config.read_text()
    assert not add_registrar(config, "one", ACME.of("https://localhost:1234", ("lan.example",)))
    assert config.read_text() == text


def test_options_that_a_configured_registrar_does_not_use_are_said(tmp_path: Path) -> None:
    """With the lines to change; those that were not given, or say the same, are not."""
    config = config_of(tmp_path, "one")
    assert add_registrar(config, "one", ACME.of("https://ca.home.arpa:8890", ("home.arpa", "192.168.1.0/24")))

    def said(url: str | None, *names: str) -> list[str]:
        asked = asked_for(acme=True, acme_url=url, names=names)
        assert asked
        return [line.partition(":")[0] for line in not_used(config, asked)]

    assert said(None) == said("https://ca.home.arpa:8890", "192.168.1.0/24", "home.arpa") == []
    assert said("https://ca.lan:8890") == ["--acme-url https"]
    assert said(None, "lan.example") == ["--names lan.example is not used"]


@pytest.mark.parametrize("base_url", ["http://localhost:8889", "http://127.0.0.1:8889"])
def test_registrar_for_others_is_not_added_where_certificates_would_name_this_machine_alone(
    tmp_path: Path, base_url: str
) -> None:
    """Their CRLs and OCSP could never be asked for; the lines to change are said, and nothing is written."""
    config = config_of(tmp_path, "one", base_url=base_url)
    text = config.read_text()
    with pytest.raises(ConfigurationError, match=r"base_url = \"http://ca.home.arpa:8889\".*host = \"0.0.0.0\""):
        add_registrar(config, "one", ACME.of("https://ca.home.arpa:8890", ("home.arpa",)))
    assert config.read_text() == text
    assert add_registrar(config, "one", ACME.of("https://localhost:8890", ("home.arpa",)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", []),
        ("http://ca.home.arpa:8889", "http://localhost:8889", ["certificates name http://localhost:8889 for CRLs"]),
        ("acme = true", "acme = false", []),
        (
            "acme = true",
            'acme = true\nprofiles = { nope = "x" }',
            ["`profiles` of [registrar] names nope, which is"],
        ),
        ('profile = "registrar"', 'profile = "nope"', ["`own_certificate.profile` of [registrar] names nope, which"]),
        ("acme = true", 'acme = true\nrequester = "nobody"', ["`requester` of one in [[registrar.issuers]] is nobody"]),
    ],
)
def test_what_of_a_registrar_does_not_go_with_the_rest_is_said(
    tmp_path: Path, before: str, after: str, said: list[str]
) -> None:
    """At each start, before a client is refused."""
    config = config_of(tmp_path, "one")
    assert not list(misfits(config))
    assert add_registrar(config, "one", ACME.of("https://ca.home.arpa:8890", ("home.arpa",)))
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after) if before else text)
    found = list(misfits(config))
    assert len(found) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(found, said, strict=True)), found


def test_demonstration_is_not_made_the_ca_of_a_home(tmp_path: Path) -> None:
    """It is there where `make up` was tried first: what to do is said, and nothing is written."""
    config = config_of(tmp_path, "one", base_url="http://localhost:8889")
    (config.parent / "demo").mkdir()
    text = config.read_text()
    acme = ACME.of("https://localhost:8890", ("home.arpa",))
    with pytest.raises(ConfigurationError, match=r"demonstration PKI is here.*--data"):
        prepare(config.parent, (), "http://localhost:8889", None, acme)
    assert config.read_text() == text


def test_issuer_that_issues_by_other_tables_is_left_alone(tmp_path: Path) -> None:
    """They are an operator's choice, and who asks is told what to do."""
    config = config_of(tmp_path, "one")
    text = config.read_text() + "[signer.issuers.issuance.profiles.server]\n"
    config.write_text(text)
    with pytest.raises(ConfigurationError, match="issues by message already"):
        add_registrar(config, "one", ACME.of("https://localhost:8890", ("home.arpa",)))
    assert config.read_text() == text


def test_registrar_of_this_machine_alone_listens_there_alone() -> None:
    """And one that others reach at all addresses."""
    assert ACME.of("https://localhost:8890", ()).listen == "127.0.0.1:8890"
    assert ACME.of("https://[::1]:8890", ()).listen == "[::1]:8890"
    assert ACME.of("https://ca.home.arpa", ()).listen == "0.0.0.0:443"
    assert ACME.of("https://ca.home.arpa", ()).status_url(8889) == "http://ca.home.arpa:8889"


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("http://ca.home.arpa", ()),
        ("https://ca.home.arpa/acme", ()),
        ("https://CA.home.arpa\n", ()),
        ("https://", ()),
        (None, ("*.home.arpa",)),
        (None, ("home arpa",)),
        (None, ("192.168.1.1/24",)),
    ],
)
def test_option_that_cannot_be_is_refused_by_name(url: str | None, names: tuple[str, ...]) -> None:
    """Before anything is written."""
    with pytest.raises(InputError, match=r"--acme-url|--names"):
        asked_for(acme=True, acme_url=url, names=names)


def test_options_of_a_registrar_without_it_are_refused() -> None:
    """Nobody thinks that they did something."""
    with pytest.raises(InputError, match="add --acme"):
        asked_for(acme=False, acme_url=None, names=("home.arpa",))
