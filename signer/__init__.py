"""The private signer: keys, the ledger, CRLs and OCSP responses. Never faces the internet; nobody imports it."""
