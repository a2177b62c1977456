"""What the BRs let be certified of names: those that are unique in the public DNS, and addresses of the Internet.

Which domains there are, and below which of them strangers have theirs, says the Public Suffix List.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from revocation.errors import ConfigurationError, Refused
from revocation.specialnames import is_reserved, why_special
from signer.issuing.names import Name, is_wildcard

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_MARKS: Final = tuple(f"// ==={which} DOMAINS===" for which in ("BEGIN ICANN", "END ICANN", "END PRIVATE"))


def require_public(names: Iterable[Name], suffixes: Path | None) -> None:
    """Return if the BRs let each name be certified.

    Args:
        suffixes: the file of a Public Suffix List; None for the one that the library brings.

    Raises:
        Refused: one is internal, reserved, of a type that no server's certificate has, or a wildcard over strangers.
        ConfigurationError: the list cannot be read.
    """
    for name in names:
        if why := _why_not(name, suffixes):
            raise Refused(f"{name} {why}", where="names")


def require_list(suffixes: Path | None) -> None:
    """Return if a Public Suffix List can be read.

    Args:
        suffixes: its file; None for the one that the library brings, which can be.

    Raises:
        ConfigurationError: it cannot, or is cut off.
    """
    if suffixes is not None:
        _known(suffixes)


def _why_not(name: Name, suffixes: Path | None) -> str:
    match name.type:
        case "dns":
            return _why_no_host(name.value.removeprefix("*."), suffixes, is_wildcard=is_wildcard(name))
        case "ip":
            return "is a reserved address (BRs section 4.2.2)" if is_reserved(name.address) else ""
    return "is of a type that stands in no certificate of a server (BRs section 7.1.2.7.12)"


def _why_no_host(host: str, suffixes: Path | None, *, is_wildcard: bool) -> str:
    if why := why_special(host):
        return f"is an internal name (BRs section 4.2.2): it {why}"
    known = _known(suffixes)
    if "." not in host or known.publicsuffix(host.rpartition(".")[2]) is None:
        return "is an internal name: it ends in no domain of the public DNS, or is one itself (BRs section 4.2.2)"
    if is_wildcard and known.is_public(host):
        return f"is a wildcard over {host}, below which strangers have their domains (BRs section 3.2.2.6)"
    return ""


@cache
def _known(suffixes: Path | None) -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # reads a list of ten thousand, and only where the BRs hold

    if suffixes is None:
        return PublicSuffixList(accept_unknown=False)
    try:
        return PublicSuffixList(_lines(suffixes), accept_unknown=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"cannot be read as a Public Suffix List: {reason}",
            where=str(suffixes),
            advice="have the file of publicsuffix.org there; or take `public_suffixes` out of [signer]",
        ) from error


def _lines(suffixes: Path) -> list[str]:
    lines = suffixes.read_text("utf-8").splitlines()
    if missing := [mark for mark in _MARKS if mark not in lines]:
        raise ValueError(f"it is none, or is cut off: it lacks `{missing[0]}`")
    return lines
