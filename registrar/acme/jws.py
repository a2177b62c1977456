"""Requests as JWS (RFC 8555 section 6.2): flattened JSON, all headers protected, one signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from registrar.acme.keys import AccountKey
from registrar.acme.strict_json import decode, malformed, read_object
from registrar.problem import Problem, ProblemType

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "RS256", "EdDSA", "Ed25519")
"""Those of accounts. `Ed25519` is what RFC 9864 calls EdDSA with such a key."""

LARGEST: Final = 1 << 16
"""Octets of a request: a CSR with a hundred names and an RSA key of 4096 bits has a quarter of it."""

_MEMBERS: Final = {"protected", "payload", "signature"}
_LONGEST_HEADER: Final = 4096
_LONGEST_SIGNATURE: Final = 1024


class _Registry(JWSRegistry):
    """Which algorithms there are. EdDSA is the one of Ed25519 and no other: joserfc would take Ed448 too."""

    max_header_length = _LONGEST_HEADER
    max_signature_length = _LONGEST_SIGNATURE

    def get_alg(self, name: str) -> Any:
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY: Final = _Registry(algorithms=ALGORITHMS, strict_check_header=False)
_HMAC_REGISTRY: Final = _Registry(algorithms=("HS256",), strict_check_header=False)


@dataclass(frozen=True)
class Signed:
    """A JWS whose form is right, and whose signature nobody has looked at yet.

    Attributes:
        header: the protected one.
        payload: octets; none in a POST-as-GET.
        compact: all of it, as it was signed.
    """

    header: Mapping[str, Any]
    payload: bytes
    compact: str

    def verify(self, key: AccountKey) -> None:
        """Return if that key signed it.

        Raises:
            Problem: it did not, or the algorithm is not the key's.
        """
        try:
            jws.deserialize_compact(self.compact, key.key, registry=_REGISTRY)
        except (JoseError, ValueError) as error:
            raise malformed("the signature of the JWS is not that of its key and algorithm") from error

    def verify_hmac(self, key: bytes) -> None:
        """Return if the key of an external account signed it.

        Raises:
            Problem: it did not.
        """
        try:
            jws.deserialize_compact(self.compact, OctKey.import_key(key), registry=_HMAC_REGISTRY)
        except (JoseError, ValueError) as error:
            what = "the external account binding is not signed by the key of that kid"
            raise Problem(ProblemType.UNAUTHORIZED, what, status=403) from error


def read_jws(text: bytes) -> Signed:
    """The JWS that a body is.

    Raises:
        Problem: another serialization, an unprotected header, an algorithm that is not accepted.
    """
    return of_object(read_object(text, "the body"), "the JWS", ALGORITHMS)


def of_object(found: object, what: str, algorithms: tuple[str, ...]) -> Signed:
    """The same of an object within another one's payload.

    Raises:
        Problem: the same.
    """
    if not isinstance(found, dict) or set(found) != _MEMBERS or not all(isinstance(one, str) for one in found.values()):
        raise malformed(
            f"{what} has to be flattened JSON with protected, payload and signature, and without an unprotected header"
        )
    header = read_object(decode(found["protected"], "protected"), f"the protected header of {what}")
    payload = decode(found["payload"], "payload")
    decode(found["signature"], "signature")
    if "crit" in header or "b64" in header:
        raise malformed(f"{what} has an extension in its header that is not known here")
    algorithm = header.get("alg")
    if algorithm not in algorithms:
        raise Problem(
            ProblemType.BAD_SIGNATURE_ALGORITHM,
            f"the algorithm of {what} is none that is accepted here",
            algorithms=algorithms,
        )
    return Signed(header, payload, f"{found['protected']}.{found['payload']}.{found['signature']}")
