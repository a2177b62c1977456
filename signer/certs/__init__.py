"""Looking at the certificates that the ledger knows: it is only read."""
