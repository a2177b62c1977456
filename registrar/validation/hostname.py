"""What may be looked up in DNS as the name of a host, and what only looks like one."""

import re
from typing import Final

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST: Final = 253


def is_hostname(text: str) -> bool:
    """Whether it is a DNS name in lower case without a dot at its end, and no address in disguise.

    Some programs take `127.1`, `0x7f.1` and `2130706433` for addresses, so no name ends in a number.
    """
    last = text.rpartition(".")[2]
    return len(text) <= _LONGEST and bool(_NAME.fullmatch(text)) and not _NUMBER.fullmatch(last)
