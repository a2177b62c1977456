"""The stateless responder: looks bytes up and hands them out. No key, no queue, no ledger."""
