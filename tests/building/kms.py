"""Keys in the KMS of moto's server, repaired (`kms_server`), and CA certificates of them."""

from pathlib import Path
from typing import Any, Final

import boto3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation import der
from signer.keys import BytesTBS, SigningKey
from signer.keys.rsa_signature import RSASignature
from tests.authority import NOW
from tests.building.s3server import CREDENTIALS
from tests.keykinds import CA_KEYS

PROGRAM: Final = ("-P", str(Path(__file__).with_name("kms_server.py")))
SPECS: Final = {
    "p256": "ECC_NIST_P256",
    "p384": "ECC_NIST_P384",
    "p521": "ECC_NIST_P521",
    "rsa2048": "RSA_2048",
    "rsa3072": "RSA_3072",
}
_DIGESTS: Final = {"p384": SHA384(), "p521": SHA512()}


class KMS:
    """The KMS at an endpoint."""

    def __init__(self, endpoint: str) -> None:
        keys = {name.lower(): value for name, value in CREDENTIALS.items() if name.endswith("KEY") or "KEY_ID" in name}
        self.client: Any = boto3.session.Session().client("kms", endpoint_url=endpoint, region_name="us-east-1", **keys)

    def create(self, kind: str, **more: str) -> str:
        """Make a key of that kind; its ARN."""
        wanted = {"KeySpec": SPECS.get(kind, kind), "KeyUsage": "SIGN_VERIFY", **more}
        arn: str = self.client.create_key(**wanted)["KeyMetadata"]["Arn"]
        return arn


def certify(key: SigningKey, kind: str, signature: RSASignature | None = None) -> x509.Certificate:
    """A self-signed CA certificate, encoded with a key of the same kind and signed by the one that is asked."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test Issuing CA")])
    builder = (
        x509.CertificateBuilder(name, name, load_der_public_key(key.public_key_info))  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(NOW.replace(year=NOW.year - 1))
        .not_valid_after(NOW.replace(year=NOW.year + 9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    pss = padding.PSS(padding.MGF1(SHA256()), 32) if signature is RSASignature.PSS else None
    like = builder.sign(CA_KEYS[kind](), _DIGESTS.get(kind, SHA256()), rsa_padding=pss)
    tbs = like.tbs_certificate_bytes
    signed = der.tlv(der.BIT_STRING, b"\0", key.sign(BytesTBS(tbs)))
    return x509.load_der_x509_certificate(der.sequence(tbs, key.algorithm_identifier, signed))
