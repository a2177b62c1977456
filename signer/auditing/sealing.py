"""The signed head of the audit log, put beside the bundles after what a command of people signed.

A CA certificate and a ceremony are the gravest entries there are, and no look may come for a year after them: without
a head nobody would notice that they were cut off.
"""

from revocation import cli
from signer.auditing.heads import tell_head
from signer.signer import Signer


def seal(signer: Signer) -> None:
    """Put the head of now, and tell on standard error what is wrong with the log, or kept it from being put.

    It waits for a look that is under way, which would put an earlier one over it.

    Raises:
        LedgerUnavailable: the ledger cannot be reached any more.
    """
    with signer.ledger.signing():
        for problem in tell_head(signer, is_told=False):
            cli.show_error(problem)
