"""Certificates that no configured CRL would list: what is refused at the start, and what every look tells."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import serials
from revocation.clock import fixed
from revocation.errors import ConfigurationError
from revocation.status import Reason
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import crl_serials
from tests.signer.sharded import BY_SERIAL, LIST_OF_URGENT, SECOND, SHARDED, URGENT, listed

LATER = NOW + timedelta(days=2)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An installation with four shards for users."""
    return Estate.build(tmp_path / "estate", public=SHARDED)


def test_what_is_revoked_and_on_no_crl_is_a_problem_until_one_is_configured(tmp_path: Path) -> None:
    """Shards that came later, or a scope that was left out: nobody must find that out by an accident."""
    estate = Estate.build(tmp_path / "e", public='crl = { scopes = ["user"] }')
    signer = estate.signer()
    estate.register(signer, [7], is_ca=True)
    reply = handle(signer, estate.revoke(7), fixed(NOW))
    assert "no CRL is configured that lists it" in reply.detail
    assert "CA certificates without a shard are revoked" in str(look(signer, fixed(NOW)).problems)
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('["user"]', '["user", "ca"]'))
    signer = estate.signer()
    assert look(signer, fixed(NOW + SECOND)).problems == []
    assert crl_serials(signer, "ca") == [7]


def listed_before(estate: Estate, configured: str) -> None:
    """Certificates 1 to 3 are known, and 9 that has expired; then something else is configured."""
    before = [listed(1, reason=Reason.keyCompromise), listed(2), listed(3)]
    estate.import_(estate.signer(), [*before, replace(listed(9, reason=Reason.superseded), not_after=NOW)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('crl = { scopes = ["user", "ca"] }', configured))


@pytest.fixture
def whole(tmp_path: Path) -> Estate:
    """An installation without shards."""
    return Estate.build(tmp_path / "whole", public='crl = { scopes = ["user", "ca"] }')


@pytest.mark.parametrize("lists", ["", f", {LIST_OF_URGENT}"])
def test_shards_are_refused_while_certificates_of_before_would_be_on_no_crl(whole: Estate, lists: str) -> None:
    """They name the CRL that would be gone; one for some reasons does not list them. It is said how many."""
    listed_before(whole, f'crl = {{ scopes = ["user", "ca"], lists = {{ user = {{ shards = 4 }}{lists} }} }}')
    said = "crl user: `shards` is 4, and the ledger has user certificates in no shard, which no CRL would list: 3"
    with pytest.raises(ConfigurationError, match=said) as caught:
        whole.signer()
    assert 'add one beside it: `lists = { NAME = { scope = "user", shards = 4 } }`' in (caught.value.advice or "")


def test_shards_beside_the_crl_of_before_lose_nothing_and_replace_it_one_day(whole: Estate) -> None:
    """As the refusal advises: what was in no shard stays on the CRL that it names, until all of it has expired."""
    beside = 'crl = { scopes = ["user", "ca"], lists = { many = { scope = "user", shards = 4, assign = "serial" } } }'
    listed_before(whole, beside)
    signer = whole.signer()
    whole.import_(signer, [listed(5)])
    for number in (2, 5):
        handle(signer, whole.revoke(number), fixed(NOW))
    assert look(signer, fixed(NOW)).problems == []
    assert [sorted(crl_serials(signer, label)) for label in ("user", "many.2")] == [[1, 2, 5, 9], [5]]
    look(signer, fixed(NOW + timedelta(days=364, hours=12)))
    config = whole.folder / "revocast.toml"
    config.write_text(config.read_text().replace('scopes = ["user", "ca"]', 'scopes = ["ca"]'))
    with pytest.raises(ConfigurationError, match=r"which no CRL would list: 3"):
        whole.signer(NOW + timedelta(days=365) - SECOND)
    assert whole.signer(NOW + timedelta(days=365))


@pytest.mark.parametrize("hours", [2, 40])
def test_whole_crl_of_a_name_of_its_own_is_not_given_up_while_certificates_are_on_it_alone(
    tmp_path: Path, hours: int
) -> None:
    """Whether it was made again beside the shards or not."""
    people = 'people = { scope = "user" }'
    estate = Estate.build(tmp_path / "e", public=f'crl = {{ scopes = ["ca"], lists = {{ {people} }} }}')
    estate.import_(estate.signer(), [listed(1, reason=Reason.superseded), listed(2)])
    look(estate.signer(), fixed(NOW))
    config = estate.folder / "revocast.toml"
    many = 'many = { scope = "user", shards = 2, assign = "serial" }'
    config.write_text(config.read_text().replace(people, f"{people}, {many}"))
    signer = estate.signer()
    for hour in range(0, hours + 1, 2):
        look(signer, fixed(NOW + SECOND + timedelta(hours=hour)))
    config.write_text(config.read_text().replace(f"{people}, {many}", many))
    with pytest.raises(ConfigurationError, match=r"which no CRL would list: 2"):
        estate.signer(NOW + timedelta(hours=hours, minutes=1))


def test_whole_crl_is_not_given_up_by_leaving_it_for_some_reasons_alone(tmp_path: Path) -> None:
    """Under its name and while it is valid: what is revoked for others would be on none."""
    people = 'people = { scope = "user" }'
    many = 'many = { scope = "user", shards = 2, assign = "serial" }'
    estate = Estate.build(tmp_path / "e", public=f'crl = {{ scopes = ["ca"], lists = {{ {people} }} }}')
    estate.import_(estate.signer(), [listed(1, reason=Reason.superseded), listed(2)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace(people, f"{people}, {many}"))
    look(estate.signer(), fixed(NOW))
    narrowed = 'people = { scope = "user", only_some_reasons = ["keyCompromise"] }'
    config.write_text(config.read_text().replace(people, narrowed))
    with pytest.raises(ConfigurationError, match=r"which no CRL would list: 2"):
        estate.signer(NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    ("crls", "said"),
    [
        ('["ca"], lists = { folk = { scope = "user", shards = 2 } }', "crl folk: `shards` is 2, and .* of shard 4"),
        ('["user", "ca"]', "crl user: `shards` is 0, and certificates name the CRL of shard 4"),
        ('["all"]', "crl all: `shards` is 0, and certificates name the CRL of shard 4"),
        ('["ca"]', "no CRL for user certificates is configured, and certificates name the CRL of shard 4"),
    ],
)
def test_list_of_another_name_has_no_fewer_shards(estate: Estate, crls: str, said: str) -> None:
    """Or what is revoked of the shards above would be on no CRL; also before the first CRL was made."""
    estate.import_(estate.signer(), [listed(3, shard=4)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('["user", "ca"], lists = { user = { shards = 4 } }', crls))
    with pytest.raises(ConfigurationError, match=said) as caught:
        estate.signer()
    assert "set `shards` to 4 again, or more" in (caught.value.advice or "")


def test_list_of_another_name_may_have_more_shards(estate: Estate) -> None:
    """Every certificate is in one of them."""
    estate.import_(estate.signer(), [listed(3, shard=4)])
    config = estate.folder / "revocast.toml"
    more = '["ca"], lists = { folk = { scope = "user", shards = 5 } }'
    config.write_text(config.read_text().replace('["user", "ca"], lists = { user = { shards = 4 } }', more))
    signer = estate.signer()
    handle(signer, estate.revoke(3), fixed(NOW))
    look(signer, fixed(NOW))
    assert crl_serials(signer, "folk.4") == [3]


@pytest.mark.parametrize(
    "public",
    [
        SHARDED,
        'crl = { scopes = ["user"], lists = { user = { shards = 4 } } }',
        'crl = { scopes = ["ca"], lists = { many = { scope = "user", shards = 4 } } }',
    ],
)
def test_shard_of_a_kind_that_never_was_in_shards_does_not_count(tmp_path: Path, public: str) -> None:
    """An installation of before opens; once that kind is put in shards, fewer than such a shard are refused."""
    estate = Estate.build(tmp_path / "e", public=public)
    signer = estate.signer()
    estate.import_(signer, [listed(2, shard=3), listed(3, shard=1)])
    look(signer, fixed(NOW))
    with sqlite3.connect(estate.folder / "signer/ledger.sqlite") as ledger:  # as earlier versions left it
        ledger.execute("UPDATE certificates SET is_ca = 1 WHERE serial = ?", (serials.from_int(2),))
    assert estate.signer()
    config = estate.folder / "revocast.toml"
    fewer = 'crl = { scopes = ["user", "ca"], lists = { ca = { shards = 2 }, user = { shards = 2 } } }'
    config.write_text(config.read_text().replace(public, fewer))
    with pytest.raises(ConfigurationError, match="crl ca: `shards` is 2, and certificates name the CRL of shard 3"):
        estate.signer()


def test_fewer_shards_under_another_name_are_refused_when_crls_were_made(tmp_path: Path) -> None:
    """Nothing configured says any more whom the list of before was for; its certificates do."""
    people = 'crl = { scopes = ["ca"], lists = { people = { scope = "user", shards = 4 } } }'
    estate = Estate.build(tmp_path / "e", public=people)
    signer = estate.signer()
    estate.import_(signer, [listed(3, shard=4)])
    look(signer, fixed(NOW))
    config, before = estate.folder / "revocast.toml", people
    for after in (people.replace("people", "folk").replace("4", "2"), 'crl = { scopes = ["user", "ca"] }'):
        config.write_text(config.read_text().replace(before, after))
        with pytest.raises(ConfigurationError, match="and certificates name the CRL of shard 4"):
            estate.signer()
        before = after


@pytest.fixture
def switched(whole: Estate, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """An installation that an earlier version let put `user` in shards, with 1 to 3 in none; 11 to 14 are in them.

    Nobody relies any more on the CRL of before.
    """
    whole.import_(whole.signer(), [listed(1), listed(2, reason=Reason.superseded), listed(3)])
    look(whole.signer(), fixed(NOW))
    config = whole.folder / "revocast.toml"
    config.write_text(config.read_text().replace('crl = { scopes = ["user", "ca"] }', BY_SERIAL))
    with monkeypatch.context() as patch:
        patch.setattr("signer.signer.require_every_shard", lambda *_: None)
        signer = whole.signer()
    whole.import_(signer, [listed(number) for number in range(11, 15)])
    look(signer, fixed(NOW + SECOND))
    return whole


def test_certificates_in_no_shard_are_told_where_shards_are_in_use(switched: Estate) -> None:
    """Also before one is revoked. A refusal would keep out the import that gives them their shard."""
    signer = switched.signer(LATER)
    said = [str(problem) for problem in look(signer, fixed(LATER)).problems]
    assert "`shards` is 4, and the ledger has user certificates in no shard, which no CRL would list: 3" in said[0]
    assert "user certificates without a shard are revoked for superseded, and no CRL is configured" in said[1]
    switched.import_(signer, [listed(1), listed(2, reason=Reason.superseded), listed(3)])
    assert look(signer, fixed(LATER + SECOND)).problems == []
    assert crl_serials(signer, "user.3") == [2]


def test_certificates_in_no_shard_are_told_also_where_a_crl_for_some_reasons_is_made(switched: Estate) -> None:
    """It is not the CRL of before, so it is not given up: the signer starts again after it was made."""
    config = switched.folder / "revocast.toml"
    config.write_text(config.read_text().replace("lists = { ", f"lists = {{ {LIST_OF_URGENT}, "))
    for second in range(2):
        look(switched.signer(LATER + second * SECOND), fixed(LATER + second * SECOND))
    assert crl_serials(switched.signer(LATER + SECOND), "urgent") == []


def test_list_without_shards_beside_those_in_use_lists_what_is_in_none(switched: Estate) -> None:
    """As is advised; no CRL that certificates name is gone for it."""
    (problem, _) = look(switched.signer(LATER), fixed(LATER)).problems
    advised = 'NAME = { scope = "user", shards = 0 }'
    assert f"`lists = {{ {advised} }}`" in (problem.advice or "")
    config = switched.folder / "revocast.toml"
    before = config.read_text()
    config.write_text(before.replace("lists = { ", f"lists = {{ {advised.replace('NAME', 'old')}, "))
    signer = switched.signer(LATER + SECOND)
    handle(signer, switched.revoke(12, now=LATER + SECOND), fixed(LATER + SECOND))
    assert look(signer, fixed(LATER + SECOND)).problems == []
    assert (crl_serials(signer, "old"), crl_serials(signer, "user.1")) == ([2, 12], [12])


def test_what_only_a_crl_for_other_reasons_could_list_is_a_problem(tmp_path: Path) -> None:
    """What had expired before the shards is on the CRL for its reason, and for another reason on none."""
    estate = Estate.build(tmp_path / "e", public='crl = { scopes = ["user", "ca"] }')
    before = [listed(1, reason=Reason.keyCompromise), listed(2, reason=Reason.superseded), listed(3)]
    estate.import_(estate.signer(), [replace(one, not_after=NOW) for one in before])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('crl = { scopes = ["user", "ca"] }', URGENT))
    signer = estate.signer()
    (problem,) = look(signer, fixed(NOW)).problems
    assert "user certificates without a shard are revoked for superseded, and no CRL" in str(problem)
    assert crl_serials(signer, "urgent") == [1]
    reply = handle(signer, estate.revoke(3, "superseded"), fixed(NOW))
    assert "no CRL is configured that lists it" in reply.detail
