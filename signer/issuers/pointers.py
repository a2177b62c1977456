"""Which URLs stand in a certificate: those of `[public]` of who issues it, and the shard that its serial has."""

from revocation import paths
from revocation.artifacts import CRLName, Scope
from revocation.config import IssuerProfile
from revocation.crlprofile import CRLList
from revocation.errors import Refused
from signer.encoding.extensions import Places


def pointers(issuer: IssuerProfile, serial: int, *, is_ca: bool) -> Places:
    """For a certificate with that serial.

    Raises:
        Refused: no CRL of the issuer lists such certificates.
    """
    chosen = _crl_of(issuer, is_ca=is_ca)
    name = CRLName(chosen.name, chosen.shard_of(serial) if chosen.shards else 0)
    # RFC 6960 appendix A.1.1 puts a slash between the URL and a GET request.
    ocsp = issuer.url(paths.OCSP_PATH.removesuffix("/"))
    return Places(issuer.complete_crls[str(name)].url, ocsp, issuer.url(paths.issuer_path(issuer.issuer.id)))


def shard_in(issuer: IssuerProfile, serial: int, *, is_ca: bool) -> int | None:
    """The shard of the CRL that such a certificate names; None where that is not sharded.

    Raises:
        Refused: as above.
    """
    chosen = _crl_of(issuer, is_ca=is_ca)
    return chosen.shard_of(serial) if chosen.shards else None


def all_pointers(issuer: IssuerProfile, *, is_ca: bool) -> list[str]:
    """The URLs that may stand in one, whatever its serial is: of sharded CRLs those of all shards."""
    some = pointers(issuer, 0, is_ca=is_ca)
    lists = [issuer.complete_crls[str(name)].url for name in _crl_of(issuer, is_ca=is_ca).names]
    return [*lists, *(url for url in (some.ocsp, some.issuer) if url)]


def _crl_of(issuer: IssuerProfile, *, is_ca: bool) -> CRLList:
    """The CRL that lists certificates of that kind."""
    covering = [one for one in issuer.crl.crls.values() if one.scope.covers(is_ca=is_ca) and not one.only_some_reasons]
    if not covering:
        kind = "CA certificates" if is_ca else "certificates of end entities"
        raise Refused(
            f"none of its CRLs lists {kind}, so nobody could learn that this one is revoked",
            where=f"issuer {issuer.issuer.name}",
            advice=f"add `{'ca' if is_ca else 'user'}` or `all` to the `scopes` of its CRLs",
        )
    return min(covering, key=lambda one: one.scope is Scope.ALL)
