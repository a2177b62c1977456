"""The table `[registrar.validation]`: whom validation asks, for how long, and where it may connect to."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from registrar.validation.hostname import is_hostname
from revocation.configfile import Table
from revocation.durations import Duration, show

_DNS_PORT: Final = 53
_LONGEST: Final = timedelta(minutes=1)


def _within_bounds(duration: timedelta) -> timedelta:
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError(f"{show(duration)} is not more than 0s and at most {show(_LONGEST)}")
    return duration


def _networks(value: object) -> object:
    if value in ("allow", "refuse"):
        return value
    try:
        return tuple(ip_network(one) for one in value) if isinstance(value, list | tuple) else ip_network("")
    except ValueError:
        raise ValueError('is "allow", "refuse", or a list of networks such as ["192.168.0.0/16", "fd00::/8"]') from None


def _identity(name: str) -> str:
    if not is_hostname(name):
        raise ValueError("an identity in CAA records is a domain name in lower case")
    return name


def split_address(text: str) -> tuple[str, int]:
    """Address and port of a resolver: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`.

    Raises:
        ValueError: it is of another form.
    """
    address, port = text, str(_DNS_PORT)
    if text.startswith("["):
        address, _, port = text[1:].partition("]:")
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise ValueError(f"{text!r} has no port of 1 to 65535: write 192.0.2.53:53 or [2001:db8::53]:53")
    try:
        return str(ip_address(address)), int(port)
    except ValueError:
        raise ValueError(f"{text!r} is the address of no resolver: write 192.0.2.53 or [2001:db8::53]:53") from None


def _resolver(text: str) -> str:
    split_address(text)
    return text


Bounded: TypeAlias = Annotated[Duration, AfterValidator(_within_bounds)]
Networks: TypeAlias = Literal["allow", "refuse"] | tuple[IPv4Network | IPv6Network, ...]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]


class Network(Table):
    """The table `[registrar.validation]`."""

    resolvers: tuple[Annotated[str, AfterValidator(_resolver)], ...] = Field(
        default=(),
        examples=[["192.0.2.53", "[2001:db8::53]:53"]],
        description="Recursive resolvers that are asked, by address. They should validate DNSSEC and keep nothing for "
        "long: what they say decides who gets a certificate. None: those of /etc/resolv.conf.",
    )
    dns_timeout: Bounded = Field(
        default=timedelta(seconds=5), description="For one question, with all resolvers and repetitions."
    )
    timeout: Bounded = Field(
        default=timedelta(seconds=10),
        description="For one try of a challenge as a whole: DNS, connecting, redirects and each octet of the answer. "
        "CAA has as long again.",
    )
    tries: int = Field(
        default=3, ge=1, le=10, description="How often a challenge is tried whose network fails, before it is invalid."
    )
    pause: Bounded = Field(
        default=timedelta(seconds=2), description="Between the first try and the second; then doubled each time."
    )
    at_once: int = Field(
        default=16, ge=1, le=256, description="Challenges that one worker validates at a time, each in a thread."
    )
    private_addresses: Annotated[Networks, BeforeValidator(_networks)] = Field(
        default="refuse",
        description='Whether http-01 and tls-alpn-01 connect to addresses that are not of the Internet: "refuse", '
        '"allow" for those of private networks, or a list of networks. "allow" lets who asks for a certificate find '
        "out which hosts of yours answer on these ports, and read the first characters of what they say. Addresses of "
        "this machine and link-local ones are refused unless a network that is named contains them, and those of "
        "clouds' metadata services unless they are named themselves (169.254.169.254/32).",
    )
    http_port: Port = Field(default=80, description="Of http-01: another one for tests and private networks alone.")
    tls_port: Port = Field(default=443, description="Of tls-alpn-01, and of redirects to https; likewise.")
    caa: bool = Field(
        default=True,
        description="Whether CAA records (RFC 8659) are asked for before a name is valid. Off only where no resolver "
        "answers for your names, as in some private networks.",
    )
    caa_identities: tuple[Annotated[str, AfterValidator(_identity)], ...] = Field(
        default=(),
        description="Domain names by which CAA records may mean this CA, where its issuer has no others. None: a name "
        "with an `issue` record gets no certificate.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.dns_timeout > self.timeout:
            raise ValueError(
                f"dns_timeout ({show(self.dns_timeout)}) is longer than timeout ({show(self.timeout)}), which a whole "
                "try may take"
            )
        return self
