"""Signatures of a CA key through Revocast, of every kind where it may lie, beside the bare call of its library.

Ours is what a slice of responses goes through that the CA key signs: the keyring's key, with limits that the ledger
counts, and blocks of messages. The bare call gets each digest as the library wants it, in the same process and session.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from revocation import clock
from revocation.issuer import Issuer
from signer.config import SignerIssuer
from signer.keys import BytesTBS
from signer.keys.keyring import Keyring
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.limits import KeyLimits
from signer.keys.purpose import Purpose
from signer.ledger.ledger import Ledger
from tests.bench.bare_keys import bare_sign
from tests.building.ca_places import CAKind, KeyPlaces, PlacedKey, key_places
from tests.building.kms import PROGRAM
from tests.building.s3server import S3Server

_SIZE: Final = 250
_BLOCK: Final = 128
"""Messages that are signed at once, as of a slice."""

_SLICE: Final = 4096
"""Signatures that are permitted at once, if they do not take too long."""

_SECONDS: Final = 0.6
_TURNS: Final = 12
_Way = Callable[[slice], object]

_ALGORITHMS: Final = {
    "file": ("p256", "p384", "p521", "rsa2048", "rsa3072", "ed25519", "mldsa44", "mldsa65", "mldsa87"),
    "token": ("p256", "p384", "p521", "rsa2048", "rsa3072", "ed25519"),
    "kms": ("p256", "p384", "p521", "rsa2048", "rsa3072"),
}


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: of each kind the rates, and Revocast's part of the time.

    `worst_overhead` is that of `sign_many`, by which responses are signed; `sign` is for CRLs and certificates.
    """
    kinds = [CAKind(place, algorithm) for place, names in _ALGORITHMS.items() for algorithm in names]
    with _places() as places:
        ledger = Ledger(places.folder / "ledger.sqlite")
        measured = {kind.name: _measured(places, kind, ledger, arguments.runs) for kind in kinds}
    figures = {name: one.figures() for name, one in measured.items()}
    worst = max(figures, key=lambda name: figures[name]["sign_many_overhead"])
    return {
        **figures,
        "worst": worst,
        "worst_overhead": figures[worst]["sign_many_overhead"],
        "worst_sign_overhead": max(one["sign_overhead"] for one in figures.values()),
    }


@dataclass(frozen=True)
class _Rounds:
    """Seconds of each round, for as many signatures: the bare call, `sign` and `sign_many`."""

    number: int
    bare: Sequence[float]
    one_by_one: Sequence[float]
    many: Sequence[float]

    def figures(self) -> dict[str, float]:
        """Signatures per second, and which part of the time is ours, by medians over the rounds."""
        rates = {"bare": self.bare, "sign": self.one_by_one, "sign_many": self.many}
        parts = {"sign_overhead": self.one_by_one, "sign_many_overhead": self.many}
        return {
            **{name: round(self.number / median(seconds), 1) for name, seconds in rates.items()},
            **{name: round(self._part(seconds), 3) for name, seconds in parts.items()},
        }

    def _part(self, ours: Sequence[float]) -> float:
        return 1 - median(bare / own for bare, own in zip(self.bare, ours, strict=True))


@contextmanager
def _places() -> Iterator[KeyPlaces]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="revocast-bench-")))
        server = stack.enter_context(S3Server(folder, program=PROGRAM))
        yield stack.enter_context(key_places(folder, server.endpoint))


def _measured(places: KeyPlaces, kind: CAKind, ledger: Ledger, runs: int) -> _Rounds:
    placed = places.generate(kind)
    issuer = placed.write_pki(places.folder / "pki" / kind.name, clock.now().replace(microsecond=0)).issuer
    key, bare = _limited(placed, issuer), bare_sign(placed, places.kms)
    messages = [number.to_bytes(_SIZE, "big") for number in range(_SLICE)]
    number = _worth(bare, messages)
    ready = [BytesTBS(message) for message in messages]
    ways: tuple[_Way, ...] = (
        lambda part: [bare(message) for message in messages[part]],
        lambda part: [key.sign(tbs) for tbs in ready[part]],
        lambda part: key.sign_many(messages[part]),
    )
    rounds = []
    for _ in range(1 + runs):
        with ledger.write() as connection:  # which records what is signed, whether there are limits or none
            begun = time.perf_counter()
            key.permit(connection, Use(number, timedelta(days=1)), clock.now())
            permitted = time.perf_counter() - begun
            key.permit(connection, Use(number, timedelta(days=1)), clock.now())  # both of ours sign
        bare_, one_by_one, many = _round(ways, number)
        rounds.append((bare_, one_by_one + permitted, many + permitted))
    return _Rounds(number, *zip(*rounds[1:], strict=True))  # the first one warms everything up


def _round(ways: Sequence[_Way], number: int) -> list[float]:
    """Seconds of each way for so many: they take turns block by block, whatever else the machine is at."""
    size, seconds = min(_BLOCK, -(-number // _TURNS)), [0.0] * len(ways)
    for turn, start in enumerate(range(0, number, size)):
        for place in range(len(ways)):
            which = (place + turn) % len(ways)
            begun = time.perf_counter()
            ways[which](slice(start, min(start + size, number)))
            seconds[which] += time.perf_counter() - begun
    return seconds


def _limited(placed: PlacedKey, issuer: Issuer) -> LimitedKey:
    """As the signer has it, with a limit that has the ledger count and is never reached."""
    entry = SignerIssuer(
        name=issuer.name,
        key=placed.uri,
        passphrase=f"file:{placed.secret}" if placed.secret else None,
        limits=KeyLimits(signatures_per_hour=1_000_000_000),
    )
    return Keyring((entry,)).key_of(issuer, Purpose.OCSP)


def _worth(bare: Callable[[bytes], object], messages: Sequence[bytes]) -> int:
    """How many signatures a round is about."""
    ends, made = time.perf_counter() + _SECONDS, 0
    while time.perf_counter() < ends and made < len(messages):
        bare(messages[made])
        made += 1
    return made
