"""Options that the commands of issuers share, and what they mean."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from cryptography import x509

from revocation.compliance import Compliance
from revocation.errors import InputError
from signer.encoding.ca_certificate import CAProfile
from signer.issuers.prospect import KeySource
from signer.issuers.rules import with_defaults
from signer.issuers.usages import USAGES
from signer.keys.passphrase import require_source

_Command = TypeVar("_Command", bound=Callable[..., Any])
_LONGEST_DAYS: Final = 36_525

days: Final = click.option(
    "--days", type=click.IntRange(1, _LONGEST_DAYS), required=True, help="How long the certificate is valid."
)
signs_responses: Final = click.option(
    "--signs-responses",
    is_flag=True,
    help="It may sign OCSP responses with its own key; where `signed_by` says so it may anyway.",
)
append: Final = click.option(
    "--append", is_flag=True, help="Put the issuer's tables behind the configuration; else they are printed."
)


def key_options(command: _Command) -> _Command:
    """`--key` and `--passphrase`, passed as `key` and `passphrase`."""
    key = click.option("--key", help="Its key, file:PATH, pkcs11:… or awskms:…; else as in [[signer.issuers]].")
    passphrase = click.option(
        "--passphrase",
        help="Passphrase or PIN of --key: file:PATH, env:NAME, credential:NAME or prompt, the default.",
    )
    return key(passphrase(command))


def profile_options(command: _Command) -> _Command:
    """`--path-length`, `--usage` and `--policy`, passed as `usages` and `policies`, and `--signs-responses`."""
    options = (
        click.option(
            "--path-length",
            metavar="N|any",
            help="How many CAs may stand below it in a chain. By default none below an intermediate, any below a root.",
        ),
        click.option(
            "--usage",
            "usages",
            multiple=True,
            help=f"Extended key usage: {', '.join(USAGES)}, or an OID. Again for more.",
        ),
        click.option("--policy", "policies", multiple=True, help="OID of a certificate policy. Again for more."),
        signs_responses,
    )
    for option in options:
        command = option(command)
    return command


def key_source(key: str | None, passphrase: str | None) -> KeySource:
    """Where `--key` and `--passphrase` say that the key is.

    Raises:
        InputError: a passphrase of no key, or what says no place of one.
    """
    if key is None:
        if passphrase is not None:
            raise InputError("is that of --key, which is not given", where="--passphrase")
        return KeySource()
    if passphrase is not None:
        require_source(passphrase)
    return KeySource(key, passphrase or (None if key.startswith("awskms:") else "prompt"))


def profile_of(
    path_length: str | None,
    usages: tuple[str, ...],
    policies: tuple[str, ...],
    *,
    signs_responses: bool,
    compliance: Compliance,
    is_root: bool,
) -> CAProfile:
    """What the CA may do, from the options.

    Raises:
        InputError: one of them says nothing that can be meant.
    """
    usual = None if is_root else 0
    profile = CAProfile(
        usual if path_length is None else path_length_of(path_length),
        signs_responses,
        tuple(dict.fromkeys(_oid(USAGES.get(one, one), "--usage") for one in usages)),
        tuple(dict.fromkeys(_oid(one, "--policy") for one in policies)),
    )
    return with_defaults(profile, compliance, is_root=is_root)


def path_length_of(text: str) -> int | None:
    """Of `--path-length`; None for any.

    Raises:
        InputError: it is neither a number nor `any`.
    """
    if text == "any":
        return None
    if text.isdecimal() and text.isascii() and len(text) < 3:
        return int(text)
    raise InputError(f"{text!r} is no number of CAs: 0 to 99, or any", where="--path-length")


def lasting(number: int) -> timedelta:
    """Of `--days`."""
    return timedelta(days=number)


def _oid(text: str, where: str) -> str:
    try:
        return x509.ObjectIdentifier(text).dotted_string
    except ValueError as error:
        raise InputError(f"{text!r} is no OID", where=where, advice="such as 1.3.6.1.5.5.7.3.1") from error


def beside(configuration: Path, name: str, suffix: str) -> Path:
    """Where the files of an issuer are by default."""
    return configuration.parent / "issuers" / f"{name}{suffix}"
