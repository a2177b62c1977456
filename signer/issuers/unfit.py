"""What keeps an existing CA from certifying as clients want it: its key is what it is, and so is its certificate."""

from collections.abc import Iterator

from cryptography import x509

from revocation.compliance import Compliance
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.keykind import forbidden_key
from signer.issuers.keyform import deviation
from signer.issuers.strength import disclosed, weakness


def flaws(issuer: Issuer, compliance: Compliance) -> Iterator[str]:
    """Each of them, in words. Of status that is published clients may be less strict."""
    info = issuer.public_key_info
    if (
        found := weakness(info, f"issuer {issuer.name}")
        or forbidden_key(compliance, info)
        or deviation(info, compliance)
        or disclosed(info)
    ):
        yield f"its key: {found}"
    usage = extension_value(issuer.certificates[0].extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield "the keyUsage of its certificate lacks keyCertSign (RFC 5280 section 4.2.1.3)"
