"""What a ledger believes of what was published: the rules alone."""

from datetime import datetime, timedelta

import pytest

from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from signer.recovery.evidence import Said
from signer.recovery.history import Standing, learn
from tests.authority import NOW

HOUR = timedelta(hours=1)
FINAL = Revocation(NOW, Reason.superseded)
COMPROMISED = Revocation(NOW - HOUR, Reason.keyCompromise)
UNSAID = Revocation(NOW)
HOLD = Revocation(NOW, Reason.certificateHold)


def said(revocation: Revocation, at: datetime) -> Said:
    return Said(ImportEntry(b"\x01", None, False, revocation, None, "a CRL"), revocation, at)


@pytest.mark.parametrize(
    ("known", "since", "history", "good", "facts"),
    [
        (None, None, [(FINAL, 1)], None, [FINAL]),
        (None, None, [(HOLD, 1)], None, [HOLD]),
        (None, None, [(HOLD, 1), (FINAL, 2)], None, [HOLD, FINAL]),
        (None, None, [(HOLD, 1)], 2, [HOLD, None]),
        (None, 3, [(HOLD, 1)], None, []),
        (None, 3, [(FINAL, 1)], None, [FINAL]),
        (HOLD, 1, [(HOLD, 2)], 3, [None]),
        (HOLD, 1, [(HOLD, 2)], 2, []),
        (HOLD, 3, [], 2, []),
        (HOLD, 1, [(FINAL, 2)], None, [FINAL]),
        (FINAL, 1, [(HOLD, 2)], 3, []),
        (FINAL, 1, [(FINAL, 2)], None, []),
        (FINAL, 9, [(COMPROMISED, 2)], None, [COMPROMISED]),
        (COMPROMISED, 1, [(FINAL, 2)], None, []),
        (UNSAID, 9, [(FINAL, 2)], None, [FINAL]),
        (FINAL, 1, [(UNSAID, 2)], None, []),
        (FINAL, 1, [(Revocation(NOW + HOUR, Reason.keyCompromise), 2)], None, []),
    ],
)
def test_ledger_learns_what_it_lacks_and_takes_nothing_back(
    known: Revocation | None,
    since: int | None,
    history: list[tuple[Revocation, int]],
    good: int | None,
    facts: list[Revocation | None],
) -> None:
    """Final stays final, the later word holds between hold and good, a date moves back alone."""
    standing = Standing(known, NOW + since * HOUR if since is not None else None)
    told = [said(revocation, NOW + at * HOUR) for revocation, at in history]
    assert learn(standing, told, NOW + good * HOUR if good is not None else None).facts == facts


def test_what_is_published_later_and_not_believed_is_told() -> None:
    """An operator decides what nobody else can."""
    learned = learn(Standing(COMPROMISED, NOW), [said(FINAL, NOW + HOUR)], None)
    assert learned.facts == []
    (line,) = learned.contradictions
    assert "published as revoked since" in line
    assert "(superseded)" in line
    assert "(keyCompromise)" in line
