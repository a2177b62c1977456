"""ACME (RFC 8555) with IP identifiers (8738), renewal information (9773) and profiles (draft-ietf-acme-profiles)."""
