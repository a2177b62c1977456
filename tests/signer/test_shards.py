"""Sharded CRLs: a certificate is in the shard that it names, and what is revoked is on its shard and nowhere else."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.clock import fixed
from revocation.errors import ConfigurationError, InputError
from signer.handle import handle
from signer.importers import crl
from signer.importers.entry import ImportEntry
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials, newest_crl
from tests.signer.sharded import SECOND, SHARDED, URGENT, authority, estate, issued, listed

__all__ = ["authority", "estate"]


def test_every_shard_exists_from_the_first_day_with_its_own_point(estate: Estate) -> None:
    """Also when it is empty: a critical IDP with the URL that certificates name, for users alone."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    (profile,) = signer.public.profiles.values()
    for shard in range(1, 5):
        point = newest_crl(signer, f"user.{shard}").extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        (name,) = point.value.full_name or ()
        assert (point.critical, point.value.only_contains_user_certs) == (True, True)
        assert name.value == f"http://crl.example/crl/{profile.issuer.id}/user.{shard}.crl"
    assert list(profile.crls) == ["user.1", "user.2", "user.3", "user.4", "ca"]


def test_certificate_is_in_the_shard_that_it_names_whatever_its_serial(estate: Estate, authority: Authority) -> None:
    """Revoked, it is on the CRL of that shard; no other CRL is made anew."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    entries = [issued(authority, number, profile.crls[f"user.{number % 3 + 1}"].url) for number in range(1, 10)]
    estate.import_(signer, entries)
    look(signer, fixed(NOW))
    reply = handle(signer, estate.revoke(5, now=NOW + SECOND), fixed(NOW + SECOND))
    assert reply.data["crls"] == ["user.3"]
    made = look(signer, fixed(NOW + SECOND)).made
    assert [one for one in made if "crl" in one] == ["test: crl user.3 (covers revision 9, a status changed at 10)"]
    assert [crl_serials(signer, f"user.{shard}") for shard in range(1, 5)] == [[], [], [5], []]


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ((), r"distribution point of serial 07 .none. is no CRL of test"),
        (
            ("http://crl.example/crl/other.crl",),
            "is no CRL of test: those are the 4 shards of `user` at http://crl.example/.*user.1.crl to .*user.4.crl",
        ),
    ],
)
def test_certificate_that_names_no_known_shard_is_refused(
    estate: Estate, authority: Authority, urls: tuple[str, ...], said: str
) -> None:
    """Its relying parties look elsewhere: nothing is imported, and the message says where our CRLs are."""
    signer = estate.signer()
    with pytest.raises(InputError, match=said) as caught:
        estate.import_(signer, [issued(authority, 7, *urls)])
    assert "distribution_point" in (caught.value.advice or "")


def test_certificate_that_names_no_known_shard_is_told_what_shards_there_are(
    tmp_path: Path, authority: Authority
) -> None:
    """How many of each list and where: a CRL that is not sharded, at another URL, is no end of their range."""
    public = """
[public.crl]
scopes = ["user"]
[public.crl.lists]
user = { shards = 4, distribution_point = "http://crl.example/int-{shard}.crl" }
urgent = { scope = "user", only_some_reasons = ["keyCompromise"], distribution_point = "http://u/u.crl" }
"""
    estate = Estate.build(tmp_path / "e", public=public, authority=authority)
    with pytest.raises(InputError) as caught:
        estate.import_(estate.signer(), [issued(authority, 7, "http://crl.example/int-9.crl")])
    assert (
        "(http://crl.example/int-9.crl) is no CRL of test: those are the 4 shards of `user` at "
        "http://crl.example/int-1.crl to http://crl.example/int-4.crl; `urgent` at http://u/u.crl"
    ) in str(caught.value)


def test_list_may_name_the_shard_and_must_not_name_one_that_is_not(estate: Estate) -> None:
    """For a CSV: somebody vouches for it. Without any word the import is refused, unless serials are to decide."""
    signer = estate.signer()

    def entry(number: int, shard: int | None) -> ImportEntry:
        one = certificate(number)
        return ImportEntry(one.serial, one.not_after, False, None, None, one.place, shard)

    for shard in (0, 5):
        with pytest.raises(InputError, match=f"said to be in shard {shard}, and test has the shards 1 to 4"):
            estate.import_(signer, [entry(1, shard)])
    with pytest.raises(InputError, match="nobody says in which of the 4 shards"):
        estate.import_(signer, [entry(1, None)])
    estate.import_(signer, [entry(1, 4)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("shards = 4", 'shards = 4, assign = "serial"'))
    signer = estate.signer()
    summary = estate.import_(signer, [entry(1, None), entry(2, None), entry(3, 2)])
    assert "01 (line 1): in shard 2 there, in shard 4 here" in str(summary)
    for number in (1, 2, 3):
        handle(signer, estate.revoke(number), fixed(NOW))
    look(signer, fixed(NOW))
    assert [crl_serials(signer, f"user.{shard}") for shard in range(1, 5)] == [[], [3], [2], [1]]


def test_urls_of_certificates_may_be_others_than_our_paths(tmp_path: Path, authority: Authority) -> None:
    """A PKI that had shards before keeps its URLs, byte for byte."""
    lists = '{ user = { shards = 2, distribution_point = "http://old.example/g1/{shard}.crl" } }'
    estate = Estate.build(
        tmp_path / "old", authority=authority, public=f'crl = {{ scopes = ["user"], lists = {lists} }}'
    )
    signer = estate.signer()
    estate.import_(signer, [issued(authority, 9, "http://old.example/g1/2.crl")])
    handle(signer, estate.revoke(9), fixed(NOW))
    look(signer, fixed(NOW))
    assert crl_serials(signer, "user.2") == [9]
    point = newest_crl(signer, "user.2").extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    assert [name.value for name in point.full_name or ()] == ["http://old.example/g1/2.crl"]


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ("{ all = { shards = 4 } }", "in shards has an IDP"),
        ("{ user = { shards = -1 } }", "shards"),
        ('{ user = { shards = 2 }, urgent = { scope = "user", shards = 3 } }', r"in \[2, 3\] shards"),
        ('{ user = { shards = 2, distribution_point = "http://x.example/a.crl" } }', "contain {shard}"),
        ('{ user = { distribution_point = "http://x.example/{shard}.crl" } }', "contain {shard}"),
        ('{ user = { distribution_point = "https://x.example/a.crl" } }', "distribution_point"),
    ],
)
def test_shards_that_cannot_be_are_refused_at_start(tmp_path: Path, lists: str, said: str) -> None:
    """With what contradicts what."""
    scopes = '["all"]' if "all" in lists else '["user"]'
    estate = Estate.build(tmp_path / "e", public=f"crl = {{ scopes = {scopes}, lists = {lists} }}")
    with pytest.raises(ConfigurationError, match=said):
        estate.signer()


def test_shard_must_be_said_beside_a_crl_for_some_reasons(tmp_path: Path, authority: Authority) -> None:
    """That one lists few: a certificate of no shard, revoked for another reason, would be on no CRL at all."""
    estate = Estate.build(tmp_path / "e", authority=authority, public=URGENT)
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    for entry in (listed(1), issued(authority, 2, profile.crls["urgent"].url)):
        with pytest.raises(InputError, match="nobody says in which of the 4 shards"):
            estate.import_(signer, [entry])
    estate.import_(signer, [issued(authority, 3, profile.crls["urgent"].url, profile.crls["user.2"].url)])
    handle(signer, estate.revoke(3, "superseded"), fixed(NOW))
    look(signer, fixed(NOW))
    assert (crl_serials(signer, "user.2"), crl_serials(signer, "urgent")) == ([3], [])


def test_crl_of_a_shard_says_the_shard_of_what_it_lists(tmp_path: Path, authority: Authority) -> None:
    """Our own CRL brings back what a ledger that was lost knew."""
    estate = Estate.build(tmp_path / "e", authority=authority, public=SHARDED)
    signer = estate.signer()
    estate.import_(signer, [listed(1, shard=4)])
    handle(signer, estate.revoke(1), fixed(NOW))
    look(signer, fixed(NOW))
    file = tmp_path / "user.4.crl"
    file.write_bytes(newest_crl(signer, "user.4").public_bytes(Encoding.DER))
    lost = Estate.build(tmp_path / "lost", authority=authority, public=SHARDED)
    signer = lost.signer()
    (profile,) = signer.public.profiles.values()
    lost.import_(signer, list(crl.read(file, profile.issuer).entries))
    look(signer, fixed(NOW))
    assert crl_serials(signer, "user.4") == [1]
