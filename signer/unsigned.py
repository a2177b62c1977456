"""What becomes of the signatures that a key was permitted where it cannot be used: they do not count."""

from collections.abc import Iterator
from contextlib import contextmanager

from revocation.errors import KeyUnavailable
from signer.keys.limited_key import LimitedKey
from signer.ledger.ledger import Ledger


@contextmanager
def given_back(ledger: Ledger, key: LimitedKey | None) -> Iterator[None]:
    """Within, something is signed that was permitted and recorded before.

    Else a token that is away would use up the signatures of an hour look by look, those for revocations too.
    """
    try:
        yield
    except KeyUnavailable:
        if key is not None:
            with ledger.write() as connection:
                key.give_back(connection)
        raise
