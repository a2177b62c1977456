"""Certificates as the registrar knows them: issued through it, over ACME or the API, or imported. Not the ledger's."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.chains import chains_of
from registrar.api.asked import Answer, Asked
from registrar.api.models import CertificateAnswer, ListQuery, Page, State
from registrar.api.problems import APIProblem, Kind
from registrar.api.scopes import READ
from registrar.api.seen import seen
from registrar.database import certificates
from registrar.database.certificates import Position, Wanted
from registrar.database.rows import Certificate
from revocation.clock import epoch, from_epoch
from revocation.status import Reason

_TIME_OCTETS: Final = 8  # and 16 of the id: 32 characters
_LATEST: Final = 253402300799
"""The end of the year 9999, seconds since 1970."""


def list_(asked: Asked) -> Answer:
    """Some of an issuer's, the newest first."""
    asked.caller.require(READ)
    tenant, query = asked.tenant, asked.query
    if not isinstance(query, ListQuery):
        raise TypeError("a list has its query")
    wanted = Wanted(query.name, query.state, query.expires_before, query.expires_after)
    after = _position(query.cursor) if query.cursor else None
    with asked.services.database.read() as connection:
        found = certificates.search(connection, tenant.name, wanted, after, query.limit + 1, asked.now)
    more = found[query.limit - 1] if len(found) > query.limit else None
    page = [shown(asked, one) for one in found[: query.limit]]
    return Answer(Page(certificates=page, next=_cursor(more) if more else None))


def show(asked: Asked) -> Answer:
    """One."""
    asked.caller.require(READ)
    one = seen(asked.services, find(asked))
    answer = shown(asked, one)
    return Answer(answer, headers={"ETag": etag(answer, one.revision)})


def find(asked: Asked) -> Certificate:
    """The certificate that the URL names.

    Raises:
        APIProblem: the registrar knows none of that serial.
    """
    found = known(asked)
    if found is None:
        raise APIProblem(
            Kind.NOT_FOUND,
            "the registrar knows no certificate of that serial",
            advice="it lists what it issued or was told; `revocast cert list`, where the signer runs, lists all",
        )
    return found


def known(asked: Asked) -> Certificate | None:
    """The same; None where there is none. It may still be one that the signer knows.

    Of a serial that the issuer used with a former key too, it is the certificate of the key that it has now.
    """
    with asked.services.database.read() as connection:
        found = certificates.of_serial(connection, asked.tenant.name, asked.serial_hex)
    return next((one for one in found if one.ca == asked.tenant.issuer.id), found[0] if found else None)


def require_unchanged(asked: Asked, one: Certificate | None) -> None:
    """Return if it is as If-Match says, where that is there, or the same was done under its key (RFC 9110 13.1.1).

    Raises:
        APIProblem: it is not.
    """
    if asked.if_match is None or (asked.if_match == "*" and one is not None) or asked.is_done:
        return
    tags = {tag.strip() for tag in asked.if_match.split(",")}
    if one is None or etag(shown(asked, one), one.revision) not in tags:
        raise APIProblem(Kind.CHANGED, "the certificate has changed since", advice="look at it again")


def etag(answer: CertificateAnswer, revision: int | None) -> str:
    """Another state, another tag; and the same one whoever looked at what is published, and saw a truer date there."""
    said = answer.model_dump(mode="json", exclude={"seen_at", "revoked_at", "held_at"})
    said["reason"] = said["reason"] or Reason.unspecified.name  # which responses leave out
    digest = hashlib.sha256(json.dumps([said, revision]).encode()).hexdigest()
    return f'"{digest[:32]}"'


def shown(asked: Asked, one: Certificate) -> CertificateAnswer:
    """A certificate for who may read it."""
    chain = chains_of(asked.tenant, asked.services.public, one.ca)[0]
    by = f"account {asked.tenant.url('account', one.account)}" if one.account else one.asked_by
    return CertificateAnswer(
        issuer=one.issuer,
        serial=one.serial,
        profile=one.profile,
        names=one.names,
        not_before=one.not_before,
        not_after=one.not_after,
        state=_state(one, asked.now),
        revoked_at=one.revoked_at,
        held_at=one.held_at,
        reason=one.reason,
        seen_at=one.seen_at,
        asked_by=by,
        certificate=x509.load_der_x509_certificate(one.der).public_bytes(Encoding.PEM).decode(),
        chain=[above.public_bytes(Encoding.PEM).decode() for above in chain],
    )


def _state(one: Certificate, now: datetime) -> State:
    if one.revoked_at:
        return "revoked"
    if one.not_after <= now:
        return "expired"
    return "held" if one.held_at else "live"


def _cursor(one: Certificate) -> str:
    octets = max(0, epoch(one.not_before)).to_bytes(_TIME_OCTETS, "big") + bytes.fromhex(one.id)
    return base64.urlsafe_b64encode(octets).decode()


def _position(cursor: str) -> Position:
    """Where a page went on; any text of the form of a cursor is some position."""
    octets = base64.urlsafe_b64decode(cursor)
    seconds = min(int.from_bytes(octets[:_TIME_OCTETS], "big"), _LATEST)
    return from_epoch(seconds), octets[_TIME_OCTETS:].hex()
