"""The audit log as auditors use it: held against its own chain, and against signed heads that lie elsewhere."""
