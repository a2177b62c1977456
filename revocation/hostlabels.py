"""Labels of host names that nobody certifies: reserved ones, and those that stand for no name in another script."""

import re
from typing import Final

import idna

_RESERVED: Final = re.compile(r"..--.*")
_A_LABEL: Final = "xn--"


def unfit_label(host: str) -> str:
    """Why a host name is not certified, for one of its labels; empty where all are fit.

    Two hyphens in the third and fourth place are reserved, and only `xn--` is in use: what follows it has to be the one
    form of a name that IDNA knows (RFC 5890 section 2.3.2.1, RFC 5891 section 5.4), or two programs see two names.

    Args:
        host: in lower case, its labels of letters, digits and hyphens; it may begin with `*.`.
    """
    for label in host.split("."):
        if _RESERVED.fullmatch(label) and not label.startswith(_A_LABEL):
            return f"has the label {label}, which is reserved (RFC 5890 section 2.3.1)"
        if label.startswith(_A_LABEL) and not _is_a_label(label):
            return f"has the label {label}, which stands for no name (RFC 5890 section 2.3.2.1)"
    return ""


def _is_a_label(label: str) -> bool:
    try:
        return idna.alabel(idna.ulabel(label)) == label.encode()
    except UnicodeError:
        return False
