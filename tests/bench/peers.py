"""What others take for the same list: cryptography's builder, and `openssl ca -gencrl`."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.authority import NOW, Authority

_CONFIG = """
[ca]
default_ca = this
[this]
database = {folder}/index.txt
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_crl_days = 1
"""


def builder_seconds(count: int) -> float:
    """cryptography's CertificateRevocationListBuilder, given the whole list at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    begun = time.perf_counter()
    revoked = [
        x509.RevokedCertificateBuilder().serial_number((1 << 126) + n).revocation_date(NOW).build()
        for n in range(count)
    ]
    builder = x509.CertificateRevocationListBuilder(revoked_certificates=revoked)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    builder = builder.issuer_name(name).last_update(NOW).next_update(NOW + timedelta(days=1))
    data = builder.sign(key, SHA256()).public_bytes(Encoding.DER)
    seconds = time.perf_counter() - begun
    if not data:
        raise AssertionError("no CRL")
    return seconds


def openssl_seconds(count: int, folder: Path) -> float:
    """`openssl ca -gencrl` on an index of that many revoked certificates."""
    folder.mkdir()
    authority = Authority(not_before=datetime.now(UTC) - timedelta(days=1))
    authority.write(folder / "ca.pem")
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.key").write_bytes(key)
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    with (folder / "index.txt").open("w") as index:
        for n in range(count):
            index.write(f"R\t300101000000Z\t260101000000Z\t{(1 << 126) + n:032X}\tunknown\t/CN={n}\n")
    command = ["openssl", "ca", "-gencrl", "-config", folder / "openssl.cnf", "-out", folder / "crl.pem"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun
