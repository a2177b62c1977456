"""What the registrar does by itself for clients that never ask again, and what is known then."""

from typing import Any

from sqlalchemy import select

from registrar.api.open_requests import OpenRequests
from registrar.database.schema import requests
from registrar.pursuing import Pursuing
from tests.registrar.api.desk import Desk

KEY = "0123456789abcdef" * 2
LIST = "/issuers/home/certificates"


def look(desk: Desk, *, silent: bool = False) -> None:
    """What the server does by itself once its clients waited long enough."""
    desk.signer.silent = silent
    seconds = iter((0.0, *[10.0] * 100))
    pursuing = Pursuing(OpenRequests(desk.services), 5.0, lambda: next(seconds))
    pursuing.look()
    pursuing.look()


def listed(desk: Desk, token: str) -> list[dict[str, Any]]:
    """All certificates of the issuer, as a client sees them."""
    found: list[dict[str, Any]] = desk.ask("GET", LIST, token=token).json["certificates"]
    return found


def is_open(desk: Desk) -> list[bool]:
    """Of each request whether the signer is asked again."""
    with desk.services.database.read() as connection:
        return [row.body is not None for row in connection.execute(select(requests))]
