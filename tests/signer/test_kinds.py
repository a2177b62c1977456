"""CRLs for users and CAs apart: what is imported without its certificate is on the one of its kind, or refused."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.importers.entry import ImportEntry
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials
from tests.whole.world import World

SECOND = timedelta(seconds=1)
APART = 'crl = { scopes = ["user", "ca"] }'


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An installation with a CRL for users and one for CAs."""
    return Estate.build(tmp_path / "estate", public=APART)


def line(number: int, reason: Reason | None = Reason.superseded, **more: object) -> ImportEntry:
    """What a list says that does not speak of kinds."""
    revocation = Revocation(NOW, reason) if reason is not None else None
    return replace(certificate(number, revocation=revocation), **{"says_kind": False, **more})  # type: ignore[arg-type]


def listed(signer: Signer) -> dict[str, list[int]]:
    return {label: crl_serials(signer, label) for label in ("user", "ca")}


@pytest.mark.parametrize("reason", [None, Reason.superseded])
def test_certificate_whose_kind_nobody_says_is_refused_where_crls_are_apart(
    estate: Estate, reason: Reason | None
) -> None:
    """On the CRL of users, a revoked CA would be good for who asks the CRL of CAs; also when it is revoked later."""
    with pytest.raises(
        InputError, match=r"nobody says whether serial 07 is a CA's .* CRL test/ca is for those"
    ) as caught:
        estate.import_(estate.signer(), [line(7, reason)])
    assert "`is_ca`" in (caught.value.advice or "")


def test_what_expired_unrevoked_is_taken_whatever_its_kind(estate: Estate) -> None:
    """It comes on no CRL."""
    summary = estate.import_(estate.signer(), [line(7, None, not_after=NOW)])
    assert "registered=1" in repr(summary)


def test_kind_that_a_list_says_decides_the_crl(estate: Estate) -> None:
    """A CSV vouches for it, and only a CA is revoked for cACompromise; a later list that is silent changes nothing."""
    signer = estate.signer()
    said = [line(1, is_ca=True, says_kind=True), line(2, is_ca=False, says_kind=True), line(3, Reason.cACompromise)]
    estate.import_(signer, said)
    summary = estate.import_(signer, [line(1), line(2), line(3, Reason.cACompromise)])
    assert "unchanged=3" in repr(summary)
    look(signer, fixed(NOW))
    assert listed(signer) == {"user": [2], "ca": [3, 1]}


def test_list_that_says_ca_moves_what_was_taken_for_a_user_s(tmp_path: Path) -> None:
    """Recorded before CRLs were apart, when nobody asked: its entry moves, and the gate is told where it went."""
    estate = Estate.build(tmp_path / "e")
    estate.import_(estate.signer(), [line(7, None)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]\n", f"[public]\n{APART}\n"))
    with World(estate) as world:
        world.revoke(7, "superseded")
        world.look()
        world.publish()
        assert listed(world.signer) == {"user": [7], "ca": []}
        world.now += SECOND
        estate.import_(world.signer, [line(7, is_ca=True, says_kind=True)], world.now)
        world.look()
        assert world.publish()[0].set_aside == []
        assert listed(world.signer) == {"user": [], "ca": [7]}
        again = estate.import_(world.signer, [line(7, says_kind=True)], world.now)
        assert "a user's certificate there, a CA's here" in str(again)


def test_kinds_need_not_be_said_for_one_crl_for_all(tmp_path: Path) -> None:
    """Whatever it is, it is on that one."""
    estate = Estate.build(tmp_path / "e")
    signer = estate.signer()
    estate.import_(signer, [line(7)])
    handle(signer, estate.revoke(7), fixed(NOW))
    look(signer, fixed(NOW))
    assert crl_serials(signer) == [7]
