"""Does an OCSP responder keep the rules of RFC 9919, and of the BRs, that no other judge looks at?

It shares no code with what it judges: requests are built and responses read by cryptography and asn1crypto.
"""
