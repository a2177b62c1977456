"""How an RSA key signs: the two schemes of RFC 8017 section 8, as the configuration names them."""

from enum import StrEnum


class RSASignature(StrEnum):
    """A signature scheme of RSA, with SHA-256."""

    PKCS1_V1_5 = "rsassa-pkcs1-v1_5"
    PSS = "rsassa-pss"
