"""Keys in AWS KMS, which signs digests over HTTPS and never hands a key out."""
