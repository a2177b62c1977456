"""The ledger: what is known of every certificate, what was signed, asked and answered. Nothing is edited away."""
