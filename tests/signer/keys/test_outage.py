"""A token that is away uses up nothing of what its key may sign in an hour."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from revocation.clock import fixed
from revocation.messages import Verb
from signer.handle import handle
from signer.ledger.schema import key_uses
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.building.softhsm import SoftHSM
from tests.estate import Estate

pytestmark = pytest.mark.judge("softhsm2-util")

MINUTE = timedelta(minutes=1)
DIRECT = 'ocsp = { signed_by = "issuer", expires = "360d", renewal = "1d", look = "170d" }'


def limited(folder: Path, token: SoftHSM, public: str) -> Estate:
    """An installation whose CA key is on the token, and may sign a few times an hour."""
    authority = Authority(days=7300)
    estate = Estate.build(folder, authority=authority, public=public)
    file = estate.folder / "revocast.toml"
    limits = "limits = { signatures_per_hour = 12, reserved_for_revocations = 6 }"
    lines = f'key = "{token.put(authority.key, "ca")}"\npassphrase = "file:{token.pin_file}"\n{limits}'
    text = file.read_text()
    assert 'key = "file:ca.key"\npassphrase = "file:ca.passphrase"' in text
    file.write_text(text.replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"', lines))
    return estate


def counted(signer: Signer) -> int:
    """All that the ledger has counted of the key."""
    with signer.ledger.read() as connection:
        return int(connection.execute(select(func.sum(key_uses.c.number))).scalar() or 0)


@pytest.mark.parametrize(("verb", "public"), [(Verb.GENERATE_CRLS, ""), (Verb.PRESIGN, DIRECT)])
def test_revocation_is_signed_as_soon_as_a_token_is_back_after_many_looks(
    tmp_path: Path, token: SoftHSM, verb: Verb, public: str
) -> None:
    """Each look without it was permitted a signature, and made none."""
    estate = limited(tmp_path / "e", token, public)
    signer = estate.signer()
    estate.register(signer, [1], not_after=NOW + timedelta(days=3000))
    assert look(signer, fixed(NOW), [verb]).problems == []
    before = counted(signer)
    assert handle(signer, estate.revoke(1, now=NOW + MINUTE), fixed(NOW + MINUTE)).revision
    token.take_out()
    for minute in range(2, 22):
        report = look(signer, fixed(NOW + minute * MINUTE), [verb])
        assert (report.made, len(report.problems)) == ([], 1)
    assert counted(signer) == before
    token.put_back()
    report = look(signer, fixed(NOW + 22 * MINUTE), [verb])
    assert (len(report.made), report.problems) == (1, [])
    assert counted(signer) > before
