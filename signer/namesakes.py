"""Issuers of one name: a CA that was re-keyed. Its serials are to be unique all the same (RFC 5280 section 4.1.2.2).

CRLs and responses are told apart by the key, so one serial in two of them is no harm to who looks at keys. Who goes by
the name alone takes the certificate of one for that of the other.
"""

from sqlalchemy import Connection, select

from revocation.config import PublicConfig
from revocation.issuer import Issuer
from signer.ledger.schema import certificates


def serials_of_namesakes(connection: Connection, public: PublicConfig, issuer: Issuer) -> dict[bytes, str]:
    """The serials that other issuers of the same name have, each with what such an issuer is called."""
    names = {
        profile.issuer.id: profile.issuer.name
        for profile in public.profiles.values()
        if profile.issuer.subject == issuer.subject and profile.issuer.id != issuer.id
    }
    mine = select(certificates.c.serial, certificates.c.issuer).where(certificates.c.issuer.in_(names))
    return {row.serial: names[row.issuer] for row in connection.execute(mine)} if names else {}
