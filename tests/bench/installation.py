"""An installation whose ledger holds many revoked certificates, written by the code that an import uses."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from revocation import serials
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from signer.ledger import pages
from signer.ledger.bulk import Change, apply_changes
from signer.ledger.facts import Origin
from tests.authority import NOW
from tests.estate import Estate
from tests.postgresql import Server

_BATCH = 5000
_REASONS = (Reason.unspecified, Reason.keyCompromise, Reason.superseded, Reason.cessationOfOperation)


@contextmanager
def installation(entries: int, ledger: str) -> Iterator[Estate]:
    """One with that many revoked certificates, in a folder of its own until the block ends.

    Args:
        ledger: `sqlite`, or `postgresql` for a server of its own that waits for the disk.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="revocast-bench-"))
        place = "signer/ledger.sqlite"
        if ledger == "postgresql":
            place = stack.enter_context(Server(durable=True)).database()
        estate = Estate.build(Path(folder), ledger=place)
        revoke(estate, entries, seed=1)
        signer = estate.signer()
        (profile,) = signer.public.profiles.values()
        with signer.ledger.write() as connection:
            pages.settle(connection, profile.issuer, NOW)  # an import ends so
        yield estate


@contextmanager
def registered(certificates: int, ledger: str, slices: int, one_signature: bool) -> Iterator[Estate]:
    """One with that many certificates, one in a hundred of them revoked, in a folder of its own."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="revocast-bench-"))
        place = "signer/ledger.sqlite"
        if ledger == "postgresql":
            place = stack.enter_context(Server(durable=True)).database()
        form = f"ocsp = {{ slices = {slices}, one_signature = {str(one_signature).lower()} }}"
        estate = Estate.build(Path(folder), ledger=place, public=form)
        signer = estate.signer()
        (profile,) = signer.public.profiles.values()
        chance, origin = random.Random(1), Origin("operator", "0" * 32, NOW)
        with signer.ledger.write() as connection:
            for start in range(0, certificates, _BATCH):
                batch = [_change(chance) for _ in range(min(_BATCH, certificates - start))]
                good = [replace(change, revocation=None) if n % 100 else change for n, change in enumerate(batch)]
                apply_changes(connection, profile.issuer, good, origin)
        yield estate


def revoke(estate: Estate, count: int, seed: int) -> None:
    """Register and revoke certificates: serials of 16 octets, expiring within a year, one in twelve per month."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    chance = random.Random(seed)
    origin = Origin("operator", "0" * 32, NOW)
    with signer.ledger.write() as connection:
        for start in range(0, count, _BATCH):
            batch = [_change(chance) for _ in range(min(_BATCH, count - start))]
            apply_changes(connection, profile.issuer, batch, origin)


def _change(chance: random.Random) -> Change:
    serial = serials.from_int(chance.getrandbits(127) | 1 << 126)
    not_after = NOW + timedelta(seconds=chance.randrange(86400 * 30, 86400 * 365))
    revocation = Revocation(NOW - timedelta(seconds=chance.randrange(86400 * 365)), chance.choice(_REASONS))
    entry = ImportEntry(serial, not_after, False, revocation, None, "a benchmark")
    return Change(entry, register=True, revocation=revocation)
