"""`pkcs11:` URIs (RFC 7512): which token, which key on it, and the module that reaches it. No secret stands in one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

SCHEME: Final = "pkcs11:"
_TEXT: Final = frozenset({"token", "manufacturer", "model", "serial", "object"})
_MODULE: Final = "module-path"
_SECRETS: Final = {
    "pin-value": "a PIN stands in no configuration: name where it is in `passphrase`",
    "pin-source": "where the PIN is stands in `passphrase`: file:PATH, env:NAME, credential:NAME or prompt",
}
_REFUSED: Final = {**_SECRETS, "module-name": "name the file of the module: ?module-path=/usr/lib/…"}


@dataclass(frozen=True)
class TokenURI:
    """What a URI says; None where it says nothing, and then anything fits.

    Attributes:
        token: the label of the token.
        object: the label of the key.
        id: its CKA_ID.
        module: the path of the module's library.
    """

    token: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    slot: int | None = None
    object: str | None = None
    id: bytes | None = None
    module: str | None = None

    @classmethod
    def parse(cls, uri: str) -> "TokenURI":
        """The parts of a URI, percent-decoded (RFC 7512 section 2.3).

        Raises:
            ValueError: not such a URI, or with attributes that are unknown, doubled or not for a configuration.
        """
        if not uri.startswith(SCHEME):
            raise ValueError(f"{uri!r} does not begin with {SCHEME}")
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        said: dict[str, bytes] = {}
        for name, value in (*_attributes(path, ";"), *_attributes(query, "&")):
            if name in said:
                raise ValueError(f"{name} stands there twice")
            said[name] = value
        if said.pop("type", b"private") != b"private":
            raise ValueError("type is not `private`: only a private key signs")
        slot, module, id_ = said.pop("slot-id", None), said.pop(_MODULE, None), said.pop("id", None)
        unknown = said.keys() - _TEXT
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: not known here; known are {', '.join(_known())}")
        if slot is not None and not slot.isdigit():
            raise ValueError("slot-id is no number")
        return cls(
            **{name: _text(name, value) for name, value in said.items()},
            slot=None if slot is None else int(slot),
            id=id_,
            module=None if module is None else _path(module),
        )


def with_module(uri: str, module: str) -> str:
    """The same URI, with the path of a module if it names none."""
    if TokenURI.parse(uri).module is not None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{_MODULE}={quote(module)}"


def _attributes(text: str, separator: str) -> Iterator[tuple[str, bytes]]:
    for attribute in filter(None, text.split(separator)):
        name, equals, value = attribute.partition("=")
        if not equals:
            raise ValueError(f"{attribute!r} is no attribute: NAME=VALUE")
        if name in _SECRETS:  # whose value is not shown
            raise ValueError(f"{name}: {_SECRETS[name]}")
        if name in _REFUSED:
            raise ValueError(f"{name}: {_REFUSED[name]}")
        yield name, unquote_to_bytes(value)


def _known() -> list[str]:
    return sorted({*_TEXT, "slot-id", "id", "type", _MODULE})


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8") from error


def _path(value: bytes) -> str:
    path = _text(_MODULE, value)
    if not path.startswith("/"):
        raise ValueError(f"{_MODULE} is not absolute: {path}")
    return path
