"""The profile of an issuer: what it inherits and says itself, and every combination that would hurt relying parties."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.artifacts import Scope
from revocation.status import Reason
from tests.authority import Authority
from tests.revocation.configuring import BASE, ISSUER, read, refuse


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
