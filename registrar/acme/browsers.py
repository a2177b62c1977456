"""Clients in browsers, on pages from elsewhere (RFC 8555 section 6.1, CORS): they may ask and read all of ACME.

Nothing here depends on cookies or other credentials of a browser: each request is signed with a key of its client.
"""

from typing import Final

from flask import Response, request

_READ: Final = "Link, Location, Replay-Nonce, Retry-After"
_KEPT: Final = "86400"
"""Seconds for which a browser need not ask again whether it may."""


def let_in(response: Response) -> Response:
    """Say so in an answer of ACME; what else is served here is no page's from elsewhere."""
    if not request.path.startswith("/acme/"):
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _READ
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(response.allow))
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = _KEPT
    return response
