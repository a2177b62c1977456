"""After a disaster: backups of the ledger, and what a copy has to learn again of what was published since."""
