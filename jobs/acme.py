"""What `--acme` asks for: where a registrar is reached, and the names that its issuer certifies."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from revocation.errors import InputError

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOME: Final = "home.arpa"
"""The domain of homes, which nobody can own (RFC 8375)."""
_URL: Final = "https://localhost:8890"
_PORT: Final = 443


@dataclass(frozen=True)
class ACME:
    """A registrar to begin with.

    Attributes:
        url: how clients reach it.
        domains: what is certified, with all below it.
        networks: of addresses that are certified.
        says_url, says_names: whether an option says so, and it is not what is taken without one.
    """

    url: str
    domains: tuple[str, ...]
    networks: tuple[str, ...]
    says_url: bool = True
    says_names: bool = True

    @classmethod
    def of(cls, url: str, names: Sequence[str]) -> "ACME":
        """From the options.

        Raises:
            InputError: the URL is none that a registrar has, or a name is neither a domain nor a network.
        """
        host = urlsplit(url).hostname
        if url != f"https://{urlsplit(url).netloc}" or not host or not (_is_address(host) or _DOMAIN.fullmatch(host)):
            raise InputError("is not https://HOST or https://HOST:PORT", where=f"--acme-url {url}")
        networks = tuple(name for name in names if _is_network(name))
        domains = tuple(name for name in names if name not in networks)
        for name in domains:
            if not _DOMAIN.fullmatch(name):
                raise InputError(
                    "is neither a domain in lower case, such as home.arpa, nor a network, such as 192.168.1.0/24",
                    where=f"--names {name}",
                )
        return cls(url, domains, networks)

    @property
    def host(self) -> str:
        """That of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host == "localhost" or (_is_address(self.host) and ip_address(self.host).is_loopback)

    @property
    def everywhere(self) -> str:
        """The address to listen on so that whoever reaches the URL's host is heard, and nobody without need."""
        if self.is_local:
            return "::1" if ":" in self.host else "127.0.0.1"
        return "::" if ":" in self.host else "0.0.0.0"  # noqa: S104 - the clients are on other machines

    @property
    def listen(self) -> str:
        """Where the registrar listens."""
        address = f"[{self.everywhere}]" if ":" in self.everywhere else self.everywhere
        return f"{address}:{urlsplit(self.url).port or _PORT}"

    def status_url(self, port: int) -> str:
        """Where relying parties ask for CRLs and OCSP: it stands in the certificates."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"


def acme_options(command: _Command) -> _Command:
    """The options of a command that can set up a registrar."""
    for option in (
        click.option(
            "--names",
            multiple=True,
            help="With --acme: a domain that is certified, with all below it, or a network of addresses; again for "
            f"more.  [default: {_HOME}]",
        ),
        click.option("--acme-url", help=f"With --acme: how clients reach the registrar.  [default: {_URL}]"),
        click.option("--acme", is_flag=True, help="Issue certificates too, to ACME clients such as certbot."),
    ):
        command = option(command)
    return command


def asked_for(*, acme: bool, acme_url: str | None, names: Sequence[str]) -> ACME | None:
    """What these options ask for; None where it is not.

    Raises:
        InputError: they contradict each other, or cannot be.
    """
    if not acme:
        if acme_url or names:
            raise InputError("go with --acme", where="--acme-url, --names", advice="add --acme")
        return None
    wanted = ACME.of(acme_url or _URL, tuple(dict.fromkeys(names)) or (_HOME,))
    return replace(wanted, says_url=acme_url is not None, says_names=bool(names))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_network(name: str) -> bool:
    try:
        ip_network(name)
    except ValueError:
        return False
    return True
