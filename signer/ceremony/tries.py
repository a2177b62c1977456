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
    before, shown = _tries(connection, request), tuple(agreed.lines())
    without = before[0].left_out if before else tuple(sorted(request.left_out))  # what was done then stays
    begun = Try(at=agreed.at, operators=tuple(operators), approvals=approved, shown=shown, left_out=without)
    detail = begun.model_dump(mode="json")
    step = Ceremony(Step.BEGUN, agreed.at, request.digest, header.made_at, header.predecessor, detail)
    ceremonies.note(connection, step)


def earlier_tries(connection: Connection, request: Request) -> tuple[Try, ...]:
    """Those before the last, which broke off."""
    return tuple(_tries(connection, request)[:-1])


def left_out(connection: Connection, request: Request) -> tuple[str, ...]:
    """The messages that its ceremony left out."""
    return _tries(connection, request)[-1].left_out


def _tries(connection: Connection, request: Request) -> list[Try]:
    rows = ceremonies.all_of_request(connection, Step.BEGUN, request.digest)
    return [Try.model_validate(row.detail) for row in rows]
