"""Two signers on one ledger, each with a folder of responder keys of its own, as on machines of their own."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from revocation.clock import fixed
from revocation.messages import Verb
from signer.ledger.schema import audit
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYS = (Verb.GENERATE_OCSP_KEYS,)


@pytest.fixture
def signers(tmp_path: Path) -> tuple[Signer, Signer]:
    """Both of them; the second has another folder, `signer/other`, and the rest in common."""
    estate = Estate.build(tmp_path)
    first = estate.signer()
    config = tmp_path / "revocast.toml"
    config.write_text(config.read_text().replace('keys = "signer/keys"', 'keys = "signer/other"'))
    return first, estate.signer()


def keys(folder: Path, of: str) -> set[str]:
    """The names of the keys in a folder."""
    return {file.name for file in (folder / "signer" / of).glob("*.pem")}


def destroyed(signer: Signer) -> int:
    """How many keys the audit log calls destroyed."""
    with signer.ledger.read() as connection:
        return len(connection.execute(select(audit).where(audit.c.action == "destroy responder key")).all())


def test_each_signer_makes_a_delegate_for_itself(tmp_path: Path, signers: tuple[Signer, Signer]) -> None:
    """Neither signs with a key that it has not, nor makes another one at each look."""
    for hours in range(3):
        for signer in signers:
            assert look(signer, fixed(NOW + hours * HOUR), KEYS).problems == []
    assert (len(keys(tmp_path, "keys")), len(keys(tmp_path, "other"))) == (1, 1)
    assert not keys(tmp_path, "keys") & keys(tmp_path, "other")


def test_key_of_another_signer_is_destroyed_by_that_one(tmp_path: Path, signers: tuple[Signer, Signer]) -> None:
    """The other notes nothing of it, however often it looks first, and the key's own signer does both."""
    first, second = signers
    for signer in signers:
        look(signer, fixed(NOW), KEYS)
    (old,) = keys(tmp_path, "keys")
    late = NOW + 8 * DAY
    for hours in range(3):
        look(second, fixed(late + hours * HOUR), KEYS)
    assert destroyed(first) == 1, "its own, and not the one that still lies there"
    assert old in keys(tmp_path, "keys")
    look(first, fixed(late + 3 * HOUR), KEYS)
    assert old not in keys(tmp_path, "keys")
    assert destroyed(first) == 2


def test_key_in_a_folder_that_signers_share_is_destroyed_by_either(tmp_path: Path) -> None:
    """As over a network file system."""
    estate = Estate.build(tmp_path)
    first, second = estate.signer(), estate.signer()
    look(first, fixed(NOW), KEYS)
    (old,) = keys(tmp_path, "keys")
    look(second, fixed(NOW + 8 * DAY), KEYS)
    assert old not in keys(tmp_path, "keys")
    assert destroyed(first) == 1
