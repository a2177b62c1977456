"""Delegated OCSP responder certificates: short-lived, renewed with overlap, their keys destroyed in the end.

The order of steps is that of a crash in mind: the ledger names a key before there is one, says of a certificate that it
is signed before it is, has it before it signs, and forgets a key after it is gone.
"""

import hashlib
from datetime import datetime

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.validity import BACKDATE
from signer import selfcheck
from signer.encoding import responder_certificate
from signer.encoding.crl import assemble
from signer.encoding.responder_certificate import ResponderCertificateFrame
from signer.keys import BytesTBS
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.purpose import Purpose
from signer.ledger import audit, facts, responders
from signer.random_serial import random_serial
from signer.signer import Signer
from signer.unsigned import given_back


def make_responder_certificate(signer: Signer, profile: IssuerProfile, now: datetime) -> None:
    """Make a responder key and have the CA key certify it.

    Raises:
        KeyUnavailable: the CA key cannot be used.
        LimitReached: or not for this, or not now.
        Refused: the issuer has expired.
    """
    issuer = profile.issuer
    if now >= issuer.not_after:
        raise Refused(f"has expired at {iso(issuer.not_after)}", where=f"issuer {issuer.name}")
    ca_key = signer.keyring.key_of(issuer, Purpose.RESPONDER_CERTIFICATE)
    name = signer.responder_keys.new_name()
    not_before = min(max(now - BACKDATE, issuer.not_before), now)
    window = (not_before, min(now + profile.ocsp.responder_certificate_expires, issuer.not_after))
    serial = random_serial()
    with signer.ledger.write() as connection:  # a key that a crash leaves behind is named here, and destroyed
        facts.ensure_issuer(connection, issuer)
        responders.add(connection, issuer, serial=serial, key=name, window=window)
    try:
        key = signer.responder_keys.create(name, profile.ocsp.responder_key)
        frame = ResponderCertificateFrame(issuer, serial, key.public_key_info, *window)
        _certify(signer, frame, ca_key, now, {"key": name, "kind": profile.ocsp.responder_key})
    except BaseException:
        signer.responder_keys.destroy(name)  # the next look says so in the ledger
        raise


def _certify(
    signer: Signer, frame: ResponderCertificateFrame, ca_key: LimitedKey, now: datetime, what: dict[str, str]
) -> None:
    issuer = frame.issuer
    tbs = responder_certificate.encode_tbs(frame, ca_key.algorithm_identifier)
    window = {"not_before": iso(frame.not_before), "not_after": iso(frame.not_after)}
    said = {"serial": serials.to_hex(frame.serial), **window, **what}
    with signer.ledger.write() as connection:  # recorded before it is signed: no signature is without a record
        ca_key.permit(connection, Use(lasts=frame.not_after - frame.not_before), now)
        said["tbs_sha256"] = hashlib.sha256(tbs).hexdigest()
        act = "sign responder certificate"
        audit.record_signing(connection, now, act, issuer.id, ca_key, Purpose.RESPONDER_CERTIFICATE, **said)
    with given_back(signer.ledger, ca_key):
        data = assemble(tbs, ca_key.algorithm_identifier, ca_key.sign(BytesTBS(tbs)))
    selfcheck.check_certificate(data, issuer.public_key_info)
    with signer.ledger.write() as connection:
        responders.set_certificate(connection, issuer, frame.serial, data)


def destroy_useless_keys(signer: Signer, now: datetime) -> None:
    """Delete the keys whose certificate has expired, was taken back, or never signed since something went wrong.

    No response outlives the certificate of its signer, so nothing that they signed is valid any more. Only what the
    ledger names is deleted: other files in the folder are not ours. A crash between the two steps leaves a row
    whose key is gone, and the next look takes the second one. To be called while nobody else signs.

    One that lies in the folder of another signer is left to that one, which is the one that can say it is gone.

    Raises:
        OSError: one cannot be deleted.
    """
    with signer.ledger.read() as connection:
        useless = [one for one in responders.all_with_key(connection) if one.not_after < now or not one.der]
    useless = [one for one in useless if signer.responder_keys.has_place_of(one.key)]
    for responder in useless:
        signer.responder_keys.destroy(responder.key)
        with signer.ledger.write() as connection:
            responders.mark_destroyed(connection, responder, now)
            what = {"key": responder.key, "serial": serials.to_hex(responder.serial)}
            audit.record(connection, now, "destroy responder key", responder.issuer, **what)
