"""revocast.toml: found, read and anchored; and every combination that would hurt relying parties is refused."""

from datetime import timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.artifacts import Scope
from revocation.certid import CertIDHash
from revocation.config import PublicConfig, load_certificates
from revocation.configfile import ConfigFile, LocalPath, QueueURL, Table
from revocation.errors import ConfigurationError, InputError
from revocation.status import Reason
from signer.config import SignerConfig
from tests.authority import Authority

BASE = """
[public]
base_url = "http://pki.example"
"""
ISSUER = """
[[public.issuers]]
name = "demo"
certificates = ["demo.pem"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the certificate that the tests' configurations name."""
    Authority().write(tmp_path / "demo.pem")
    return tmp_path


def read(folder: Path, text: str) -> PublicConfig:
    """The `[public]` table of a configuration with this text."""
    (folder / "revocast.toml").write_text(text, encoding="utf-8")
    return PublicConfig.read(ConfigFile.read(folder / "revocast.toml"))


def refuse(folder: Path, text: str) -> str:
    """What is said when this text is refused."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    assert caught.value.where
    return str(caught.value)


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


def test_issuer_may_differ_from_the_installation_and_other_issuers(folder: Path) -> None:
    """Only in the keys that it names."""
    Authority("Other").write(folder / "other.pem")
    other = ISSUER.replace("demo", "other") + 'crl = { expires = "7d" }\nocsp = { slices = 2 }\n'
    config = read(folder, BASE + '[public.crl]\nrenewal = "6h"\n' + ISSUER + other)
    assert config.profile("other").crl.expires == timedelta(days=7)
    assert config.profile("demo").crl.expires == timedelta(days=1)
    assert {config.profile(name).crl.renewal for name in ("demo", "other")} == {timedelta(hours=6)}
    assert (config.profile("demo").ocsp.slices, config.profile("other").ocsp.slices) == (16, 2)


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        ('[public.crl]\nexpires = "12h"', "renewal (12h) must be at least 1m and shorter than expires (12h)"),
        ('[public.crl]\nlook = "7h"', "(1d - 12h) / 2 = 6h"),
        ('[public.crl]\nlook = "0s"', "look (0s)"),
        ('[public.crl]\nrenewal = "10s"\nlook = "1s"', "at least 1m"),
        ('[public.crl]\nmax_age = "653m"', "12h + 1h + 5m + 653m = 1438m must not exceed expires - skew = 1435m"),
        (
            '[public.crl]\nexpires = "3h"\nrenewal = "1h"\nlook = "10m"\nbackdate = "1h"',
            "renewal - backdate = 1h - 1h must be at least 1m",
        ),
        ('[public.crl]\ndelta = "2h"\nlook = "10m"\nbackdate = "1h"', "delta: renewal - backdate = 1h - 1h must be"),
        ("[public.crl]\nmax_age = -1", "must not be negative"),
        ("[public.crl]\nscopes = []", "crl.scopes"),
        ('[public.crl]\nscopes = ["everything"]', "crl.scopes"),
        ('[public.ocsp]\nexpires = "13h"\nlook = "31m"', "(13h - 12h) / 2 = 30m"),
        ('[public.ocsp]\nresponder_certificate_expires = "26h"', "(26h) must be longer than the renewal interval"),
        ("[public.ocsp]\nslices = 0", "ocsp.slices"),
        ('[public.ocsp]\nhashes = ["md5"]', "ocsp.hashes"),
        ('[public.ocsp]\nexpires = "soon"', "'soon' is not a duration"),
        ('[public.ocsp]\nexpires = "999999999999999999w"', "longer than a duration can be"),
        ('[public.ocsp]\nexipres = "1d"', "public.ocsp.exipres"),
    ],
)
def test_profile_that_would_leave_a_gap_is_refused_with_its_numbers(folder: Path, table: str, numbers: str) -> None:
    """The message can be acted on without a manual."""
    assert numbers in refuse(folder, BASE + table + ISSUER)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('renewal = "6h"\noverlap = "12h"', "renewal and overlap contradict each other"),
        ('overlap = "1h"', "(1d - 23h) / 2 = 30m"),
        ('only_some_reasons = ["keyCompromise"]', "scope `all` lacks"),
        ('scopes = ["user"]\nonly_some_reasons = ["keyCompromise"]', "no CRL for user certificates lists the others"),
        ('scopes = ["user"]\nonly_some_reasons = ["unspecified"]', "`unspecified` has no place"),
        ('scopes = ["user"]\nonly_some_reasons = ["removeFromCRL"]', "is not a revocation reason"),
        ('lists = { urgent = { expires = "2d" } }', "lists.urgent.scope"),
        ('lists = { "Urgent!" = { scope = "user" } }', "names no CRL"),
        ('lists = { "user.7" = { scope = "user" } }', "cannot name a CRL"),
        ('lists = { ca = { scope = "user" } }', "cannot have the scope user"),
        ('lists = { all = { look = "7h" } }', "(1d - 12h) / 2 = 6h"),
        ('lists = { all = { exipres = "7h" } }', "lists.all.exipres"),
    ],
)
def test_crl_that_cannot_be_meant_is_refused_with_its_name_and_numbers(folder: Path, table: str, said: str) -> None:
    """Whichever of an issuer's CRLs it is, and wherever the settings come from."""
    assert said in refuse(folder, BASE + "[public.crl]\n" + table + ISSUER)


def test_crls_of_an_issuer_may_differ_from_each_other(folder: Path) -> None:
    """In window and reasons, each in the keys that it names; a further one has a name of its own."""
    table = """
[public.crl]
scopes = ["user", "ca"]
expires = "2d"
[public.crl.lists.ca]
expires = "30d"
overlap = "15d"
[public.crl.lists.urgent]
scope = "user"
only_some_reasons = ["keyCompromise", "CACompromise"]
renewal = "1h"
"""
    crls = read(folder, BASE + table + ISSUER).profile("demo").crls
    assert list(crls) == ["user", "ca", "urgent"]
    windows = {name: (spec.settings.expires, spec.settings.renewal) for name, spec in crls.items()}
    days = timedelta(days=1)
    assert windows == {"user": (2 * days, days / 2), "ca": (30 * days, 15 * days), "urgent": (2 * days, days / 24)}
    assert crls["urgent"].settings.only_some_reasons == (Reason.keyCompromise, Reason.cACompromise)
    assert crls["urgent"].settings.scope is Scope.USER
    assert crls["urgent"].url == f"http://pki.example/crl/{crls['urgent'].issuer.id}/urgent.crl"


def test_issuer_says_renewal_or_overlap_over_what_it_inherits(folder: Path) -> None:
    """What is said last holds, in either way of saying it."""
    other = ISSUER + 'crl = { overlap = "18h" }\n'
    assert read(folder, BASE + '[public.crl]\nrenewal = "10h"' + other).profile("demo").crl.renewal == timedelta(
        hours=6
    )
    other = ISSUER + 'crl = { renewal = "5h" }\n'
    assert read(folder, BASE + '[public.crl]\noverlap = "20h"' + other).profile("demo").crl.renewal == timedelta(
        hours=5
    )


def test_profile_of_one_issuer_is_checked_like_the_others(folder: Path) -> None:
    """The combination counts, and the message names the issuer, in one line."""
    said = refuse(folder, BASE + ISSUER + 'crl = { renewal = "23h" }')
    assert "issuer demo" in said
    assert "(1d - 23h) / 2 = 30m" in said
    assert "\n" not in said
    assert "exipres" in refuse(folder, BASE + ISSUER + 'ocsp = { exipres = "1d" }')


def test_responder_certificate_is_renewed_before_it_would_cut_a_response_short(folder: Path) -> None:
    """Whatever is configured: at least the validity of a response and two looks."""
    text = BASE + '[public.ocsp]\nexpires = "3d"\nresponder_certificate_renewal = "1h"\nlook = "2h"\n' + ISSUER
    assert read(folder, text).profile("demo").ocsp.responder_renewal == timedelta(days=3, hours=4)


@pytest.mark.parametrize(
    ("lists", "url", "twins"),
    [
        (
            'user = { distribution_point = "http://a.example/a" }, ca = { distribution_point = "http://a.example/a" }',
            "http://a.example/a",
            ("demo/user", "demo/ca"),
        ),
        (
            'user = { distribution_point = "http://pki.example/crl/{id}/ca.crl" }',
            "http://pki.example/crl/{id}/ca.crl",
            ("demo/user", "demo/ca"),
        ),
    ],
)
def test_url_of_two_crls_is_refused_with_both(folder: Path, lists: str, url: str, twins: tuple[str, str]) -> None:
    """One of them would be fetched for the other: also where it is the place of ours at which another is served."""
    id_ = read(folder, BASE + ISSUER).profile("demo").issuer.id
    lists, url = lists.replace("{id}", id_), url.replace("{id}", id_)
    said = refuse(folder, f'{BASE}crl = {{ scopes = ["user", "ca"], lists = {{ {lists} }} }}\n{ISSUER}')
    assert f"{url} is the URL of CRL {twins[0]} and of CRL {twins[1]}" in said


def test_url_of_the_crls_of_two_issuers_is_refused_with_both(folder: Path) -> None:
    """As when `distribution_point` stands in [public.crl], for all of them."""
    Authority("Another CA").write(folder / "other.pem")
    table = '[public.crl]\ndistribution_point = "http://old.example/a.crl"'
    said = refuse(folder, BASE + table + ISSUER + ISSUER.replace("demo", "other"))
    assert "http://old.example/a.crl is the URL of CRL demo/all and of CRL other/all" in said


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
