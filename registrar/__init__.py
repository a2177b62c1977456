"""The registrar: ACME (RFC 8555) and an API. It asks the signer for certificates, and holds no CA key."""
