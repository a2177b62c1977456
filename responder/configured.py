"""The application that a configuration describes, for `revocast respond` and for whoever mounts it in their own."""

import os
from threading import Lock
from typing import TYPE_CHECKING, Final, cast
from weakref import WeakValueDictionary

from flask import Flask

from responder.app import create_app
from responder.config import ResponderConfig
from responder.counts import Sheet
from responder.negative import Negatives
from responder.source import Source, Store
from revocation.config import PublicConfig

if TYPE_CHECKING:
    from pathlib import Path

    from responder.lmdbsource import LMDBSource

_OPEN: Final[WeakValueDictionary[str, "LMDBSource"]] = WeakValueDictionary()
"""By its real path the source of each LMDB store that an application of this process has: LMDB is open once in one."""
_ONE_AT_A_TIME: Final = Lock()


def store_of(settings: ResponderConfig) -> Store:
    """Where responses come from; only the library that is needed is loaded, and nothing is opened before it is asked.

    Applications over the same LMDB store share one, for as long as any of them is there.

    Raises:
        ConfigurationError: the password of the server is not there.
    """
    if settings.redis is not None:
        from responder.redissource import RedisSource

        settings.redis.require_secret()
        return RedisSource(settings.redis)
    from responder.lmdbsource import LMDBSource

    path = cast("Path", settings.store)
    with _ONE_AT_A_TIME:
        return _OPEN.setdefault(os.path.realpath(path), LMDBSource(path))


def source_of(settings: ResponderConfig, store: Store) -> Source:
    """The store as it is asked: over a server, what is unknown is remembered for a moment."""
    return Negatives(store) if settings.redis else store


def application(
    settings: ResponderConfig, public: PublicConfig, source: Source, prefix: str, sheet: Sheet | None = None
) -> Flask:
    """The application over that source.

    Args:
        prefix: the path before `/ocsp/`, as requests have it when they arrive here.
    """
    return create_app(source, files=settings.files, prefix=prefix, max_ages=settings.max_ages(public), sheet=sheet)
