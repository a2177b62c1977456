"""ACME and the API behind one address: what lies below /api/ is the API's, where it is served."""

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""Of WSGI."""


def together(acme: Application, api: Application | None) -> Application:
    """Both as one."""
    if api is None:
        return acme

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return (api if str(environ.get("PATH_INFO", "")).startswith("/api/") else acme)(environ, start)

    return application
