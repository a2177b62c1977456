"""Registering certificates that the issuer signed elsewhere, one by one: from then on their status is published.

Nothing is believed of who asks: each has the issuer's own signature, or the message is refused as a whole.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from sqlalchemy import Connection

from revocation import serials
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.messages import Register
from signer.importers.certificate import any_serial, issued_by, owns
from signer.importers.entry import ImportEntry
from signer.ledger import facts
from signer.ledger.bulk import Change, Known, apply_changes, known_certificates
from signer.ledger.facts import Origin
from signer.namesakes import serials_of_namesakes
from signer.shards import shard_of
from signer.signer import Signer
from signer.statuses import Done
from signer.synchronise import Disagreements, compare


def register(connection: Connection, signer: Signer, profile: IssuerProfile, body: Register, origin: Origin) -> Done:
    """Record certificates that are not known yet, and those themselves whose serials alone are.

    Raises:
        Refused, InputError: one is not the issuer's, or on none of its CRLs, or one of its name has its serial.
    """
    if signer.is_offline(profile.issuer):
        raise Refused("its key is offline", where=profile.issuer.name, advice="`revocast import`, on this machine")
    entries = _entries(profile, body)
    namesakes = serials_of_namesakes(connection, signer.public, profile.issuer)
    known = dict(known_certificates(connection, profile.issuer, [one.serial for one in entries]))
    changes: list[Change] = []
    for entry in entries:
        if other := namesakes.get(entry.serial):
            raise Refused(f"{other}, which has the same name and another key, has its serial", where=entry.place)
        changes.append(_change(profile, entry, known, origin.now))
    new = [serials.to_hex(one.entry.serial) for one in changes if one.register]
    apply_changes(connection, profile.issuer, [one for one in changes if not one.nothing], origin)
    detail = f"{len(new)} of {len(entries)} certificates of {profile.issuer.name} are new, and registered"
    return Done(facts.revision_of(connection, profile.issuer), detail, (), serials=tuple(new))


def _change(profile: IssuerProfile, entry: ImportEntry, known: Mapping[bytes, Known], now: datetime) -> Change:
    found = Disagreements()
    change = compare(entry, known.get(entry.serial), shard_of(profile, entry), now, found)
    if found.contradictions and not change.learn:
        raise Refused(found.contradictions[0], where=entry.place, advice="nothing of this message was done")
    return change


def _entries(profile: IssuerProfile, body: Register) -> list[ImportEntry]:
    """Each certificate once."""
    found: dict[bytes, ImportEntry] = {}
    for number, text in enumerate(body.certificates, 1):
        place = f"certificate {number}"
        certificate = _read(text, place)
        issued = issued_by(certificate, profile.issuer, place)
        if owns(profile.issuer, certificate):
            raise Refused(
                "is a certificate of the issuer itself",
                where=place,
                advice="who certified its key publishes its status: register it there",
            )
        found[issued.serial] = ImportEntry(issued.serial, issued.not_after, issued.is_ca, None, issued.der, place)
    return list(found.values())


def _read(text: str, place: str) -> x509.Certificate:
    try:
        with any_serial():
            return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, x509.InvalidVersion):
        raise InputError("is no certificate that can be read", where=place) from None
