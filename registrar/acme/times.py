"""Times in requests: RFC 3339 with a zone (RFC 8555 section 7.4)."""

import re
from datetime import UTC, datetime
from typing import Final, NoReturn

from registrar.acme.strict_json import malformed

_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_time(text: object, what: str) -> datetime | None:
    """A time in UTC, whole seconds; None where nothing is said.

    Raises:
        Problem: it is no time.
    """
    if text is None:
        return None
    try:
        if not isinstance(text, str) or not _FORM.fullmatch(text):
            return _no_time(what)
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return _no_time(what)


def _no_time(what: str) -> NoReturn:
    raise malformed(f"{what} is no time of RFC 3339 with a zone, such as 2026-03-01T12:00:00Z")
