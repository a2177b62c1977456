"""Signed heads of an audit log that never was."""

from revocation.audithead import AuditHead
from signer.keys.audit_key import AuditSigner
from tests.authority import NOW


def head(key: AuditSigner, entry: int, **more: object) -> AuditHead:
    """One whose chain follows from its number."""
    fields = {"log": "aa" * 32, "entry": entry, "chain": f"{entry:064x}", "at": NOW, "key": key.public, **more}
    return key.sign(AuditHead.model_validate(fields))
