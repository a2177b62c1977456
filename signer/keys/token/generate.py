"""Making a key pair on a token: it can sign, it cannot be read, and it carries the label and id of its URI."""

import secrets
from typing import Any, Final

import pkcs11
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.util.ec import encode_named_curve_parameters

from revocation.errors import InputError
from signer.keys.logins import Logins
from signer.keys.shown import shown
from signer.keys.token.session import TokenSession
from signer.keys.token.uri import TokenURI

_CURVES: Final = {
    "p256": ("secp256r1", KeyType.EC, Mechanism.EC_KEY_PAIR_GEN),
    "p384": ("secp384r1", KeyType.EC, Mechanism.EC_KEY_PAIR_GEN),
    "p521": ("secp521r1", KeyType.EC, Mechanism.EC_KEY_PAIR_GEN),
    "ed25519": ("1.3.101.112", KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
}
_RSA: Final = {"rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096}
_ID_OCTETS: Final = 20


def generate_on_token(uri: str, kind: str, pin: bytes, logins: Logins) -> None:
    """Make a key pair that the URI means from then on.

    Raises:
        InputError: the URI has no label, a key of it is there, or a token makes no such kind.
        KeyUnavailable: the token cannot be used.
    """
    where = f"key {shown(uri)}"
    try:
        asked = TokenURI.parse(uri)
    except ValueError as error:
        raise InputError(str(error), where=where) from error
    if asked.object is None:
        raise InputError("says no label for the new key", where=where, advice="add object=NAME to the URI")
    if kind not in _CURVES and kind not in _RSA:
        raise InputError(
            f"a key of the kind {kind} is made on no token here", where=where, advice=", ".join((*_CURVES, *_RSA))
        )
    token = TokenSession(asked, pin, logins, where)
    if token.run(lambda session: _is_there(session, asked)):
        raise InputError("is there already, and no other is made beside it", where=where)
    token.run(lambda session: _require_free(session, asked.id, where))
    token.run(lambda session: _generate(session, asked, kind))


def _is_there(session: pkcs11.Session, uri: TokenURI) -> bool:
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: uri.object}
    return bool(list(session.get_objects(wanted)))


def _require_free(session: pkcs11.Session, id_: bytes | None, where: str) -> None:
    """Return if nothing on the token has that CKA_ID: keys, and what belongs to them, are found by it.

    Raises:
        InputError: something has.
    """
    if not id_:
        return
    found: list[Any] = list(session.get_objects({Attribute.ID: id_}))
    if not found:
        return
    free = next((one for one in range(1, 256) if not list(session.get_objects({Attribute.ID: bytes((one,))}))), None)
    name = "" if free is None else f"take id=%{free:02x}, which is free, or "
    raise InputError(
        f"the id %{id_.hex('%')} is in use there, by {_said(found[0])}",
        where=where,
        advice=f"{name}leave id= out of the URI, and it gets one of its own",
    )


def _said(thing: Any) -> str:
    """What it is, and its label where it has one; a certificate of a token has no attribute of that name here."""
    kind = thing.object_class.name.lower().replace("_", " ")
    try:
        label = thing[Attribute.LABEL]
    except PKCS11Error:
        label = ""
    return f"the {kind} {label!r}" if label else f"a {kind} without a label"


def _generate(session: pkcs11.Session, uri: TokenURI, kind: str) -> None:
    """On a session of its own that may write; the login is that of the process."""
    what: dict[str, Any] = {
        "store": True,
        "label": uri.object,
        "id": uri.id or secrets.token_bytes(_ID_OCTETS),
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    }
    writing = session.token.open(rw=True)
    try:
        if kind in _RSA:
            writing.generate_keypair(KeyType.RSA, _RSA[kind], **what)
            return
        curve, type_, mechanism = _CURVES[kind]
        parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        domain = writing.create_domain_parameters(type_, parameters, local=True)
        domain.generate_keypair(mechanism=mechanism, **what)
    finally:
        writing.close()
