"""Delegated OCSP responder certificates: short-lived, renewed with overlap, their keys destroyed in the end."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from signer import selfcheck
from signer.encoding import responder_certificate
from signer.encoding.crl import assemble
from signer.keys import BytesTBS, SigningKey
from signer.ledger import audit, facts, responders
from signer.signer import Signer

BACKDATE: Final = timedelta(hours=1)
"""notBefore lies this far back, for clients whose clock is behind; but not before that of the CA."""

_SERIAL_OCTETS: Final = 16


def make_responder_certificate(signer: Signer, profile: IssuerProfile, now: datetime) -> None:
    """Make a responder key and have the CA key certify it.

    Raises:
        KeyUnavailable: the CA key cannot be used.
        Refused: the issuer has expired.
    """
    issuer = profile.issuer
    if now >= issuer.not_after:
        raise Refused(f"has expired at {iso(issuer.not_after)}", where=f"issuer {issuer.name}")
    ca_key = signer.keyring.key_of(issuer)
    name, key = signer.responder_keys.create(profile.ocsp.responder_key)
    try:
        _certify(signer, profile, ca_key, name, key, now)
    except BaseException:
        signer.responder_keys.destroy(name)
        raise


def _certify(
    signer: Signer, profile: IssuerProfile, ca_key: SigningKey, name: str, key: SigningKey, now: datetime
) -> None:
    issuer = profile.issuer
    not_before = min(max(now - BACKDATE, issuer.not_before), now)
    window = (not_before, min(now + profile.ocsp.responder_certificate_expires, issuer.not_after))
    serial = serials.from_int(secrets.randbits(_SERIAL_OCTETS * 8 - 2) | 1 << (_SERIAL_OCTETS * 8 - 2))
    frame = responder_certificate.ResponderCertificateFrame(issuer, serial, key.public_key_info, *window)
    tbs = responder_certificate.encode_tbs(frame, ca_key.algorithm_identifier)
    with signer.ledger.write() as connection:  # recorded before it is signed: no signature is without a record
        facts.ensure_issuer(connection, issuer)
        digest = hashlib.sha256(tbs).hexdigest()
        kind = {"responder_key": profile.ocsp.responder_key}
        what = {"serial": serials.to_hex(serial), "not_after": iso(window[1]), "tbs_sha256": digest}
        audit.record(connection, now, "sign responder certificate", issuer.id, **what, **kind)
    data = assemble(tbs, ca_key.algorithm_identifier, ca_key.sign(BytesTBS(tbs)))
    selfcheck.check_certificate(data, issuer.public_key_info)
    with signer.ledger.write() as connection:
        responders.add(connection, issuer, serial=serial, der=data, key=name, window=window)


def destroy_expired_keys(signer: Signer, now: datetime) -> None:
    """Delete the keys whose certificate has expired: nothing that they signed is valid any more.

    Only what the ledger names is deleted: other files in the folder are not ours.
    """
    with signer.ledger.read() as connection:
        expired = [responder for responder in responders.all_with_key(connection) if responder.not_after < now]
    for responder in expired:
        signer.responder_keys.destroy(responder.key)
        with signer.ledger.write() as connection:
            responders.mark_destroyed(connection, responder, now)
            audit.record(connection, now, "destroy responder key", responder.issuer, key=responder.key)
