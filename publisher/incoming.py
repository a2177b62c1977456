"""The responses of one bundle after the other, verified while those before them are made durable.

While the last of a large bundle are put, the first of the next one are verified already. Which one that is is a guess,
and what lies in it then may be another thing at its turn: so what was begun counts only where the manifest is the same,
and what went wrong with it does not count.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain, takewhile
from types import TracebackType
from typing import Final, NoReturn, TypeAlias

from publisher.gate import Checks, opened, pieces_in, profile_of
from publisher.verified import Verified
from publisher.verifying import WORTH, Verifying
from revocation.abreast import abreast
from revocation.bundle import BundleReader, Manifest
from revocation.clock import Clock
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import BundleError, Unreadable
from revocation.wire.exchange import Exchange, Stored

_AHEAD: Final = 32
"""Pieces that are verified while those before them are made durable."""

_Found: TypeAlias = Manifest | list[Verified] | None
"""Of a bundle that was begun ahead its manifest; of each then the responses of its pieces, and None at the end."""

_Work: TypeAlias = Callable[[], _Found]
_LOG: Final = logging.getLogger("revocast.publisher")


class Incoming:
    """The bundles of one target in one publication.

    Args:
        clock: asked for each bundle when it is begun.
    """

    def __init__(self, exchange: Exchange, public: PublicConfig, verifying: Verifying, clock: Clock) -> None:
        self._exchange, self._public, self._verifying, self._clock = exchange, public, verifying, clock
        self._expected: Sequence[Stored] = ()
        self._ahead: list[Stored] = []
        self._found: Generator[_Found, None, None] | None = None

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def expect(self, bundles: Sequence[Stored]) -> None:
        """The bundles that are probably asked for next, in this order."""
        self._expected = bundles

    def responses(
        self, bundle: Stored, reader: BundleReader, profile: IssuerProfile
    ) -> Generator[list[Verified], None, None]:
        """The responses of a bundle that may be published now, some at a time.

        Raises:
            BundleError: a file is not as the manifest lists it.
            Unreadable: it is, or was not when it was begun.
            GateError: a response did not pass; those before it did.
        """
        begun = self._begun(bundle, reader.manifest)
        found = begun or self._begin(bundle, reader, profile)
        ahead, self._ahead = self._ahead, []  # one that is not taken to its end is begun anew
        try:
            for responses in found:
                if not isinstance(responses, list):
                    self._ahead = ahead
                    return
                yield responses
        except BundleError as error:
            if begun is None:
                raise
            raise Unreadable(f"was changed while it was read: it {error.what}", where=error.where) from error

    def _begun(self, bundle: Stored, manifest: Manifest) -> Iterator[_Found] | None:
        """What was found out ahead about what the bundle is now; None where that is nothing."""
        if self._found is None or self._ahead[:1] != [bundle]:
            return None
        del self._ahead[0]
        try:
            if next(self._found) == manifest:
                return chain((next(self._found),), self._found)
        except Exception as error:  # it may be another one by now: what is wrong with that shows where it begins anew
            _LOG.debug("%s, ahead of its turn: %r", bundle.name, error)
        return None

    def _begin(self, bundle: Stored, reader: BundleReader, profile: IssuerProfile) -> Iterator[_Found]:
        """Of large bundles alone those behind it too: what is urgent is small, and does not wait for others."""
        self._drop()
        behind = (one for one in self._expected if one != bundle)
        self._ahead = list(takewhile(_is_large, behind)) if _is_large(bundle) else []
        work = chain(self._work(reader, profile), self._work_ahead(list(self._ahead)))
        self._found = abreast(_done, work, ahead=_AHEAD, each=2)
        return self._found

    def _drop(self) -> None:
        if self._found is not None:
            self._found.close()
        self._ahead, self._found = [], None

    def _work(self, reader: BundleReader, profile: IssuerProfile) -> Generator[_Work, None, None]:
        """What a thread has to do for a bundle, piece by piece; what is wrong with it is told at its turn."""
        try:
            if sum(entry.size for entry in reader.manifest.entries) >= WORTH:
                self._verifying.start()
            check = Checks(profile, self._clock(), self._verifying)
            for piece in pieces_in(reader):
                yield partial(check, piece)
        except Exception as error:
            yield partial(_raise, error)
        yield _end

    def _work_ahead(self, bundles: Sequence[Stored]) -> Generator[_Work, None, None]:
        for bundle in bundles:
            try:
                with opened(self._exchange, bundle.name) as reader:
                    manifest = reader.manifest
                    yield partial(_same, manifest)
                    yield from self._work(reader, profile_of(manifest, self._public))
            except Exception as error:
                yield partial(_raise, error)


def _is_large(bundle: Stored) -> bool:
    return bundle.size >= WORTH


def _done(work: _Work) -> _Found:
    return work()


def _same(manifest: Manifest) -> Manifest:
    return manifest


def _end() -> None:
    """Nothing comes any more."""


def _raise(error: Exception) -> NoReturn:
    raise error
