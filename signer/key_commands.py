"""`revocast key generate` and `key show`: CA keys by themselves, before any configuration names them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from revocation import cli
from revocation.errors import InputError, KeyUnavailable
from signer.keys import Locked, SigningKey
from signer.keys.generating import KINDS, generate_key
from signer.keys.kind import name_of_kind
from signer.keys.logins import Logins
from signer.keys.opening import open_key
from signer.keys.passphrase import obtain, obtain_new, require_source
from signer.keys.rsa_signature import RSASignature
from signer.keys.shown import shown
from signer.keys.token.uri import SCHEME, TokenURI, with_module
from signer.keys.trial import require_own_public_key

_ELSEWHERE: Final = "[[signer.issuers]]"
_passphrase: Final = click.option(
    "--passphrase",
    "source",
    default="prompt",
    show_default=True,
    callback=lambda _, __, source: require_source(source),
    help="Passphrase of the file, or PIN of the token: file:PATH, env:NAME, credential:NAME or prompt.",
)
_module: Final = click.option("--module", help="The PKCS #11 module of a URI without module-path.")


@click.command(short_help="Make a CA key: in a file, encrypted, or on a token.")
@click.argument("uri")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What key to make.")
@_passphrase
@_module
@cli.json_option
def generate(uri: str, kind: str, source: str, module: str | None, as_json: bool) -> None:
    """Make a CA key at URI, file:PATH or pkcs11:…, sign with it once, and show its public key.

    Nothing that is there is written over. On a token the private key cannot be read, by nobody, and there is no copy.
    """
    uri = _complete(uri, module)
    encrypts = uri.startswith("file:")
    with _as_options_say(uri):
        secret = obtain_new(source, shown(uri)) if encrypts else obtain(source, shown(uri))
        key = generate_key(uri, kind, secret, Logins(again=True))
        require_own_public_key(key, f"key {shown(uri)}")
    _show(uri, key, [], as_json)


@click.command(short_help="Show the public key of a CA key, and how it can sign.")
@click.argument("uri")
@_passphrase
@_module
@cli.json_option
def show(uri: str, source: str, module: str | None, as_json: bool) -> None:
    """Open the key at URI, and show its public key, its kind and how it can sign.

    It signs once, a text that is nothing: only so it is seen whether the public key that lies beside it is its own.

    A passphrase or PIN is looked for, or asked for, only where the key needs one.
    """
    uri = _complete(uri, module)
    logins, secret = Logins(again=True), None
    with _as_options_say(uri):
        try:
            key = open_key(uri, None, None, logins)
        except Locked:
            secret = obtain(source, shown(uri))
            key = open_key(uri, secret, None, logins)
        require_own_public_key(key, f"key {shown(uri)}")
    schemes = _schemes(uri, secret, logins) if key_is_rsa(key) else []
    _show(uri, key, schemes, as_json)


@contextmanager
def _as_options_say(uri: str) -> Iterator[None]:
    """Within, no configuration says where the key and its passphrase are: what is wrong is told of options."""
    try:
        yield
    except KeyUnavailable as error:
        error.where = f"key {shown(uri)}"
        if error.advice and _ELSEWHERE in error.advice:
            error.advice = "see --passphrase: file:PATH, env:NAME, credential:NAME or prompt, at a terminal"
        raise


def key_is_rsa(key: SigningKey) -> bool:
    """Whether a scheme can be chosen for it."""
    return isinstance(load_der_public_key(key.public_key_info), rsa.RSAPublicKey)


def _schemes(uri: str, secret: bytes | None, logins: Logins) -> list[str]:
    """Those that can be had where the key is."""
    found = []
    for scheme in RSASignature:
        try:
            open_key(uri, secret, scheme, logins)
        except KeyUnavailable:
            continue
        found.append(str(scheme))
    return found


def _complete(uri: str, module: str | None) -> str:
    """The URI with its module, and refused before anybody is asked for a PIN.

    Raises:
        InputError: it is no URI of a token's key, or holds a PIN.
    """
    if not uri.startswith(SCHEME):
        return uri
    try:
        TokenURI.parse(uri)
    except ValueError as error:
        raise InputError(str(error), where=f"key {shown(uri)}") from error
    return with_module(uri, module) if module else uri


def _show(uri: str, key: SigningKey, schemes: list[str], as_json: bool) -> None:
    digest = hashlib.sha256(key.public_key_info).hexdigest()
    public = load_der_public_key(key.public_key_info)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    kind = name_of_kind(key.public_key_info)
    if as_json:
        cli.print_json({"uri": uri, "kind": kind, "signatures": schemes, "spki_sha256": digest, "public_key": pem})
        return
    click.echo(f"key          {uri}")
    click.echo(f"kind         {kind}")
    if schemes:
        click.echo(f"signature    {' or '.join(schemes)}")
    click.echo(f"spki sha256  {digest}")
    click.echo(pem, nl=False)
