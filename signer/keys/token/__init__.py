"""Keys on PKCS #11 tokens: smart cards, HSMs, SoftHSM. The key never leaves the token, which signs digests here."""
