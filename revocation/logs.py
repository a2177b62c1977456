"""What the services that run on say on standard error: a line for each thing, with its time in UTC, which its Z says.

For people as text; for machines, where $REVOCAST_LOG is `json`, as a JSON object a line (`time`, `level`, `service`,
`logger`, `message`, and what the line is about). No secret is ever handed to a logger.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

from revocation.errors import RevocastError

VARIABLE: Final = "REVOCAST_LOG"
"""What names the form: `json`, or else text."""

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_ABOUT: Final = "about"
_LONGEST: Final = 4000
_LOG: Final = logging.getLogger("revocast")


def about(**fields: object) -> Mapping[str, object]:
    """What a line is about, for `extra` of a logger: `message_id`, `bundle`, `target`; what is empty is left out.

    The id of a message is what `revoke` prints, and a bundle's that which it has in the exchange: by these two a
    revocation is followed through the logs of all services.
    """
    return {_ABOUT: {name: value for name, value in fields.items() if value not in (None, "", [], ())}}


def log_to_stderr(service: str, level: int = logging.INFO) -> None:
    """From that level on; for a process whose log is its own.

    Args:
        service: what every line of it says that it is.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSON(service) if is_structured() else _Text())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)  # which tells each time what kind of database it has
    if is_structured():
        logging.captureWarnings(capture=True)
        sys.excepthook = _ended
        threading.excepthook = _thread_ended


def is_structured() -> bool:
    """Whether lines are to be JSON."""
    return os.environ.get(VARIABLE) == "json"


def ended_with(error: RevocastError) -> bool:
    """Say what ended this process, where it is a service whose log is JSON; else false: it is to be said otherwise."""
    is_ours = any(isinstance(handler.formatter, _JSON) for handler in logging.getLogger().handlers)
    if is_ours:
        _LOG.critical("%s", error)
    return is_ours


class _Text(logging.Formatter):
    """RFC 3339, as all times that are shown, with milliseconds; behind the message what it is about."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line = super().formatMessage(record)
        fields = _about(record)
        return f"{line} [{' '.join(f'{name}={_shown(value)}' for name, value in fields.items())}]" if fields else line


class _JSON(_Text):
    """One object a line, in ASCII: nothing in it ends the line or moves a cursor."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage()[:_LONGEST],
            **_about(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-_LONGEST:]
        return json.dumps(line, default=str)


def _about(record: logging.LogRecord) -> Mapping[str, object]:
    fields: Mapping[str, object] = getattr(record, _ABOUT, {})
    return fields


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _LOG.critical("ended by %s", kind.__name__, exc_info=(kind, error, trace))


def _thread_ended(arguments: Any) -> None:
    if arguments.exc_value is not None:
        _ended(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
