"""CRL numbers: unique and rising per issuer name and CRL, above those of other systems too (RFC 5280, 5.2.3)."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, desc, func, insert, select, update

from revocation.artifacts import CRLName, Kind
from revocation.clock import epoch
from revocation.issuer import Issuer
from revocation.part import Part
from signer.ledger.schema import crl_floors, issued


def next_crl_number(connection: Connection, issuer: Issuer, part: Part, this_update: datetime) -> int:
    """max(last + 1, time-based): above every number of that name and CRL, ours or imported (RFC 5280, 5.2.3)."""
    subject = subject_of(issuer)
    mine = (issued.c.subject == subject, issued.c.kind == str(Kind.CRL), issued.c.part.in_(numbered_with(part)))
    by_value = (desc(func.length(issued.c.crl_number)), desc(issued.c.crl_number))  # decimal text of up to 20 octets
    numbers = select(issued.c.crl_number).where(*mine).order_by(*by_value).limit(1)
    last = int(connection.execute(numbers).scalar() or -1)
    floor = int(connection.execute(select(crl_floors.c.number).where(crl_floors.c.subject == subject)).scalar() or -1)
    return max(last + 1, floor + 1, epoch(this_update))


def crl_floor(connection: Connection, issuer: Issuer) -> int | None:
    """The highest number that another system, or a ceremony, is known to have used; None where none is known."""
    query = select(crl_floors.c.number).where(crl_floors.c.subject == subject_of(issuer))
    found = connection.execute(query).scalar()
    return int(found) if found is not None else None


def highest_crl_number(connection: Connection, issuer: Issuer) -> int:
    """The highest number of any CRL of that name, ours or imported; -1 where there is none."""
    mine = (issued.c.subject == subject_of(issuer), issued.c.crl_number.is_not(None))
    by_value = (desc(func.length(issued.c.crl_number)), desc(issued.c.crl_number))
    last = connection.execute(select(issued.c.crl_number).where(*mine).order_by(*by_value).limit(1)).scalar()
    floor = crl_floor(connection, issuer)
    return max(int(last) if last is not None else -1, floor if floor is not None else -1)


def raise_crl_floor(connection: Connection, issuer: Issuer, number: int) -> None:
    """Remember that another system used `number`; never lowers what is known."""
    subject = subject_of(issuer)
    known = connection.execute(select(crl_floors.c.number).where(crl_floors.c.subject == subject)).scalar()
    if known is None:
        connection.execute(insert(crl_floors).values(subject=subject, number=str(number)))
    elif int(known) < number:
        connection.execute(update(crl_floors).where(crl_floors.c.subject == subject).values(number=str(number)))


def subject_of(issuer: Issuer) -> bytes:
    """What CRL numbers are unique for: the name, also when a CA was re-keyed under it."""
    return hashlib.sha256(issuer.subject).digest()


def numbered_with(part: Part) -> list[str]:
    """The labels that share a sequence of numbers: a complete CRL and its delta (RFC 5280, 5.2.3)."""
    if part.kind is not Kind.CRL:
        return [part.label]
    name = CRLName.parse(part.label)
    return [str(name.complete), str(name.of_delta)]
