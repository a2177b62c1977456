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
from signer.ledger import facts, issuances
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
        if entry.serial in known and known[entry.serial].has_certificate:
            stored = issuances.certificate_of(connection, profile.issuer.id, entry.serial)
            _require_same(entry.certificate, stored, entry.serial, f"{entry.place} and one in the ledger")
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
    """Each certificate once.

    Raises:
        InputError: one is not the issuer's.
        Refused: two have one serial.
    """
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
        if (other := found.get(issued.serial)) is not None:
            _require_same(issued.der, other.certificate, issued.serial, f"{place} and {other.place}")
        found[issued.serial] = ImportEntry(issued.serial, issued.not_after, issued.is_ca, None, issued.der, place)
    return list(found.values())


def _require_same(one: bytes | None, other: bytes | None, serial: bytes, which: str) -> None:
    """Return if they are one certificate: what is revoked by its serial would be both."""
    if one != other:
        raise Refused(
            f"are two certificates of one issuer with the serial {serials.to_hex(serial)}",
            where=which,
            advice="a CA that gives a serial twice has had an incident: find out why before it signs more",
        )


def _read(text: str, place: str) -> x509.Certificate:
    try:
        with any_serial():
            return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, x509.InvalidVersion):
        raise InputError("is no certificate that can be read", where=place) from None
