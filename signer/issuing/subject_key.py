"""Which keys are certified: of a kind that the profile has, not weak, and nobody else's."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from revocation.compliance import Compliance
from revocation.errors import Refused
from revocation.issuer import Issuer
from revocation.keykind import KeyKind, forbidden_key, kind_of
from revocation.refusalkind import RefusalKind
from signer.issuers.keyform import deviation
from signer.issuers.keyvalue import key_value
from signer.issuers.strength import ENCODE_ANEW, disclosed, weakness
from signer.issuing.blocklist import Blocklist
from signer.issuing.request import WHERE
from signer.refusal import refused_as

_CHECKS: Final = ("roca", "fermat", "rsainvalid", "rsapoly", "sharedprimes", "smalld", "smallfactors")
"""Of badkeys: how RSA keys turned out to be made badly."""

_AGAIN: Final = "have another key made, and another request"


@refused_as(RefusalKind.PUBLIC_KEY)
def require_certifiable(public_key_info: bytes, kinds: Sequence[KeyKind], compliance: Compliance) -> None:
    """Return if the key is of one of those kinds, in the form that certificates have, and neither weak nor forbidden.

    Raises:
        Refused: it is not.
    """
    found = weakness(public_key_info, WHERE) or forbidden_key(compliance, public_key_info)
    if found:
        raise Refused(f"its key: {found}", where=WHERE, advice=_AGAIN)
    kind = kind_of(public_key_info)
    if kind not in kinds:
        raise Refused(
            f"its key is {kind or 'of no kind that is certified'}, and the profile has {', '.join(kinds)}",
            where=WHERE,
            advice="have a key of one of these kinds made, or add it to `keys` of the profile",
        )
    if odd := deviation(public_key_info, compliance):
        raise Refused(f"its key: {odd}", where=WHERE, advice=ENCODE_ANEW)


@refused_as(RefusalKind.PUBLIC_KEY)
def require_well_made(public_key_info: bytes, weak_keys: Path | None) -> None:
    """Return if nobody knows how to find the private key: by how it was made, or because it is on a list.

    That takes some milliseconds: see first that its sender has it.

    Args:
        weak_keys: the folder of the list; None where there is none.

    Raises:
        Refused: somebody does.
        ConfigurationError: the list cannot be read.
    """
    key = load_der_public_key(public_key_info)
    found = disclosed(public_key_info) or (_badly_made(key) if isinstance(key, rsa.RSAPublicKey) else None)
    if not found and weak_keys is not None and (listed := _blocklist(weak_keys).find(_number(public_key_info))):
        found = f"is known to everybody ({listed})"
    if found:
        raise Refused(f"its key {found}", where=WHERE, advice=_AGAIN)


@refused_as(RefusalKind.PUBLIC_KEY)
def require_nobody_elses(public_key_info: bytes, cas: Iterable[Issuer]) -> None:
    """Return if it is the key of none of these CAs.

    Raises:
        Refused: it is: whoever has it could sign in the name of the CA.
    """
    value = key_value(public_key_info)
    for ca in cas:
        if key_value(ca.public_key_info) == value:
            raise Refused(f"its key is that of the CA {ca.name}", where=WHERE, advice=_AGAIN)


def _badly_made(key: rsa.RSAPublicKey) -> str | None:
    from badkeys.checks import checkrsa  # a fifth of a second, and only where certificates are issued

    numbers = key.public_numbers()
    found = sorted(checkrsa(numbers.n, e=numbers.e, checks=_CHECKS))
    return f"was made in a way by which others find it ({', '.join(found)})" if found else None


@cache
def _blocklist(folder: Path) -> Blocklist:
    return Blocklist(folder)


def _number(public_key_info: bytes) -> bytes:
    """What the list has of a key: the number that makes it, without leading zeros."""
    key = load_der_public_key(public_key_info)
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return key_value(public_key_info).lstrip(b"\0")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).lstrip(b"\0")
