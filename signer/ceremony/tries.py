"""Each time that people agreed to a request: kept before anything is signed, so that no crash takes it away."""

from collections.abc import Sequence

from sqlalchemy import Connection

from signer.ceremony.approvals import Approval
from signer.ceremony.plan import Plan
from signer.ceremony.request import Request
from signer.ceremony.transcript import ApprovedBy, Try
from signer.ledger import ceremonies
from signer.ledger.ceremonies import Ceremony, Step


def note_try(
    connection: Connection, request: Request, agreed: Plan, operators: Sequence[str], approvals: Sequence[Approval]
) -> None:
    """Remember that these people agreed to what was shown."""
    header, approved = (
        request.header,
        tuple(ApprovedBy(name=one.name, fingerprint=one.fingerprint) for one in approvals),
    )
    begun = Try(at=agreed.at, operators=tuple(operators), approvals=approved, shown=tuple(agreed.lines()))
    detail = begun.model_dump(mode="json")
    step = Ceremony(Step.BEGUN, agreed.at, request.digest, header.made_at, header.predecessor, detail)
    ceremonies.note(connection, step)


def earlier_tries(connection: Connection, request: Request) -> tuple[Try, ...]:
    """Those before the last, which broke off."""
    rows = ceremonies.all_of_request(connection, Step.BEGUN, request.digest)
    return tuple(Try.model_validate(row.detail) for row in rows[:-1])
