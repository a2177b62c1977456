"""Durations as people write them in a configuration: `90s`, `15m`, `12h`, `7d`, `2w`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORM = re.compile(r"([0-9]{1,18})\s*([smhdw])")


def parse(text: object) -> object:
    """A timedelta from `12h`; what is not text passes through for pydantic to judge.

    Raises:
        ValueError: text of another form.
    """
    if not isinstance(text, str):
        return text
    match = _FORM.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration: write a number and s, m, h, d or w, such as 12h")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError(f"{text!r} is longer than a duration can be") from None


def show(duration: timedelta) -> str:
    """The shortest of these forms that is exact to the second."""
    seconds = int(duration.total_seconds())
    for letter, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


def spelled(duration: timedelta) -> str:
    """For people, where no unit of its size is exact: `499d 23h 59m 59s`, a second less than 500 days."""
    seconds = int(duration.total_seconds())
    if seconds < 3600 or seconds % 3600 == 0 or (seconds < 86400 and seconds % 60 == 0):
        return show(duration)
    parts = []
    for letter, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        parts += [f"{number}{letter}"] if number else []
    return " ".join(parts)


Duration = Annotated[timedelta, BeforeValidator(parse), PlainSerializer(show)]
