"""DER of what the signer makes: pure functions, values in, bytes out. No key, no clock, no ledger."""
