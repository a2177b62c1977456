"""The responses of one bundle after the other, verified while those before them are made durable.

While the last of a bundle are put, the first of the next one are verified already. Which one that is is a guess: where
another turns out to be more urgent, what was begun is dropped.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from types import TracebackType
from typing import Final, NoReturn, TypeAlias

from publisher.gate import Checks, opened, pieces_in, profile_of
from publisher.verified import Verified
from publisher.verifying import WORTH, Verifying
from revocation.abreast import abreast
from revocation.clock import Clock
from revocation.config import PublicConfig
from revocation.wire.exchange import Exchange

_AHEAD: Final = 32
"""Pieces that are verified while those before them are made durable."""

_Checked: TypeAlias = list[Verified] | None
"""The responses of a piece; None behind the last piece of a bundle."""


class Incoming:
    """The bundles of one target in one publication.

    Args:
        clock: asked for each bundle when it is begun.
    """

    def __init__(self, exchange: Exchange, public: PublicConfig, verifying: Verifying, clock: Clock) -> None:
        self._exchange, self._public, self._verifying, self._clock = exchange, public, verifying, clock
        self._expected: Sequence[str] = ()
        self._begun: list[str] = []
        self._checked: Generator[_Checked, None, None] | None = None

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def expect(self, bundles: Sequence[str]) -> None:
        """The bundles that are probably asked for next, in this order."""
        self._expected = bundles

    def responses(self, bundle: str) -> Generator[list[Verified], None, None]:
        """The responses of a bundle that may be published now, some at a time.

        Raises:
            BundleError: it cannot be read, or a file is not as the manifest lists it.
            GateError: a response did not pass; those before it did.
        """
        if self._checked is None or self._begun[:1] != [bundle]:
            self._drop()
            self._begun = [bundle, *(other for other in self._expected if other != bundle)]
            self._checked = abreast(_done, self._work(self._begun), ahead=_AHEAD, each=2)
        behind, self._begun = self._begun[1:], []  # one that is not taken to its end is begun anew
        for responses in self._checked:
            if responses is None:
                self._begun = behind
                return
            yield responses

    def _drop(self) -> None:
        if self._checked is not None:
            self._checked.close()
        self._begun, self._checked = [], None

    def _work(self, bundles: Sequence[str]) -> Generator[Callable[[], _Checked], None, None]:
        """What a thread has to do, piece by piece; what is wrong with a bundle is told when its turn has come."""
        for name in bundles:
            try:
                yield from self._pieces_of(name)
            except Exception as error:
                yield partial(_raise, error)
            yield _end

    def _pieces_of(self, name: str) -> Generator[Callable[[], _Checked], None, None]:
        with opened(self._exchange, name) as reader:
            if sum(entry.size for entry in reader.manifest.entries) >= WORTH:
                self._verifying.start()
            check = Checks(profile_of(reader.manifest, self._public), self._clock(), self._verifying)
            for piece in pieces_in(reader):
                yield partial(check, piece)


def _done(work: Callable[[], _Checked]) -> _Checked:
    return work()


def _end() -> None:
    """Nothing comes any more."""


def _raise(error: Exception) -> NoReturn:
    raise error
