"""Which certificate is meant: a serial alone is not enough where several issuers are configured."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from jobs.subject import subject
from revocation.errors import InputError
from tests.authority import NOW, Authority
from tests.jobs.issuers import configured


def test_serial_is_hexadecimal_as_openssl_prints_it(tmp_path: Path) -> None:
    """With or without colons; the octets have a sign octet where they need one."""
    public = configured(tmp_path)
    assert subject(public, "0a:1B", None, None).serial == b"\x0a\x1b"
    assert subject(public, "FF", None, None).serial == b"\x00\xff"
    assert str(subject(public, "ff", None, None)) == "certificate FF of ca-0"


def test_issuer_is_required_where_there_are_several(tmp_path: Path) -> None:
    """Both may have issued that serial; the message names them."""
    public = configured(tmp_path, "", "")
    with pytest.raises(InputError, match=r"ambiguous.*ca-0, ca-1"):
        subject(public, "05", None, None)
    assert subject(public, "05", "ca-1", None).profile.issuer.name == "ca-1"


def test_certificate_names_its_issuer_by_its_signature(tmp_path: Path) -> None:
    """The name in it is anybody's; the key is not. A contradicting --issuer is refused, and so is a foreign one."""
    public = configured(tmp_path, "", "")
    authority = Authority("CA 1")
    (tmp_path / "1.pem").unlink()
    authority.write(tmp_path / "1.pem")
    public = type(public).model_validate(public.model_dump())
    leaf = _leaf(authority, tmp_path / "leaf.pem")
    assert subject(public, None, None, leaf).profile.issuer.name == "ca-1"
    with pytest.raises(InputError, match="was signed by ca-1, not by ca-0"):
        subject(public, None, "ca-0", leaf)
    foreign = _leaf(Authority("CA 1"), tmp_path / "foreign.pem")
    with pytest.raises(InputError, match="none of the configured issuers"):
        subject(public, None, None, foreign)


def _leaf(authority: Authority, path: Path) -> Path:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(authority.key.public_key())
        .serial_number(0x0A1B)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(authority.key, SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path
