"""What caches of a CDN may hold although something else is published: noted before it is put, until it is invalidated.

The notes survive a crash, and a CDN that cannot be reached: every look asks for what is left. They are a convenience:
without them caches hold what they have until its max-age has run out, which is the stated delay of a revocation.
"""

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from publisher.targets.protocol import StaticObject, StaticTarget
from revocation.durable import replace_content
from revocation.errors import RevocastError, TargetError
from revocation.paths import OCSP_PATH, number_in
from revocation.wire.cloudfront import MOST_PATHS, invalidate

_MODE: Final = 0o600
_LOG: Final = logging.getLogger("revocast.publisher")


class Outdated:
    """The paths of one target.

    Args:
        file: where they are kept.
        distribution: of CloudFront.
        above: what stands before public paths in a URL: a slash, or the prefix between two.
    """

    def __init__(self, file: Path, distribution: str, above: str) -> None:
        self._file = file
        self._distribution = distribution
        self._above = above
        self._paths = self._read()
        self._has_failed = False

    def add(self, paths: Iterable[str]) -> None:
        """Note public paths whose content is about to change.

        Raises:
            TargetError: they cannot be kept.
        """
        found = self._paths | {form for path in paths for form in _forms(self._above + path)}
        if len(found) > MOST_PATHS:
            found = {f"{self._above}*"}
        self._keep(found)

    def invalidate(self) -> list[str]:
        """Ask the CDN to forget them; a line for people. What cannot be asked now is asked at the next look."""
        if not self._paths or self._has_failed:
            return []
        try:
            invalidation = invalidate(self._distribution, self._paths)
        except RevocastError as error:
            self._has_failed = True
            _LOG.warning("%s: it is tried again at the next look", error)
            return [f"{error.what}; it is tried again at the next look"]
        count = len(self._paths)
        self._keep(set())
        return [f"{count} paths are being invalidated ({invalidation})"]

    def _keep(self, paths: set[str]) -> None:
        if paths == self._paths:
            return
        try:
            replace_content(self._file, json.dumps(sorted(paths)).encode(), _MODE)
        except OSError as error:
            raise TargetError(
                f"cannot be written: {error.strerror}", where=str(self._file), advice="see to room and rights"
            ) from error
        self._paths = paths

    def _read(self) -> set[str]:
        """What was kept; everything where that cannot be read."""
        try:
            return set(map(str, json.loads(self._file.read_bytes())))
        except FileNotFoundError:
            return set()
        except (OSError, ValueError):
            return {f"{self._above}*"}


class Invalidating:
    """A static target whose current objects a CDN holds: what takes the place of another is noted."""

    def __init__(self, target: StaticTarget, outdated: Outdated) -> None:
        self._target = target
        self._outdated = outdated
        self.load_status, self.save_status = target.load_status, target.save_status
        self.digest, self.get, self.paths, self.remove = target.digest, target.get, target.paths, target.remove

    def put(self, thing: StaticObject) -> None:
        """See `StaticTarget`; copies that stay are never outdated."""
        if number_in(thing.path) is None and thing.path in self._target.paths():
            self._outdated.add([thing.path])
        self._target.put(thing)


def _forms(path: str) -> set[str]:
    """As clients send a path: what RFC 9919 section 6 has escaped is so, in either case, or in part, or not at all."""
    before, ocsp, request = path.partition(f"/{OCSP_PATH}")
    escaped = quote(request, safe="")
    lower = re.sub("%..", lambda match: match[0].lower(), escaped)
    return {before + ocsp + form for form in (request, quote(request), escaped, lower)}
