"""Who agrees to a ceremony: SSH signatures over the request's digest, k of the n that are configured.

The form is that of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig). It is verified here and not by ssh-keygen, so that
the offline machine needs no OpenSSH.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature

from revocation.errors import InputError, Refused
from revocation.visible import visible
from signer.ceremony.config import CeremonyTable
from signer.ceremony.sshkey import Fields, SSHKey, of_blob, read_public_key
from signer.ceremony.stick import read_file

NAMESPACE: Final = "revocast-ceremony"
_ARMOR: Final = re.compile(r"\s*-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*")
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_LARGEST: Final = 1 << 16
"""Octets of a file: the signature of an RSA key of 16384 bits, armored, is some 6 KB."""


@dataclass(frozen=True)
class Approval:
    """That somebody agreed."""

    name: str
    fingerprint: str


def signed_text(digest: str, exemptions: Sequence[str] = ()) -> bytes:
    """What an approver signs: the digest of a request, as `sha256:…`, and a line for each exemption.

    Args:
        exemptions: as `Request.exemptions`.
    """
    return "".join(f"{line}\n" for line in (f"sha256:{digest}", *exemptions)).encode()


def how_to_approve(digest: str, exemptions: Sequence[str] = ()) -> str:
    """The command of an approver."""
    lines = [f"'{visible(line)}'" for line in exemptions]
    said = " ".join(["printf '%s\\n'", f"sha256:{digest}", *lines]) if lines else f"echo sha256:{digest}"
    return f"{said} | ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 > NAME.sig"


def require_approvals(
    table: CeremonyTable, digest: str, files: Sequence[Path], exemptions: Sequence[str] = (), *, what: str = "request"
) -> list[Approval]:
    """Those who agreed, if there are as many as are wanted.

    Args:
        exemptions: what they have to agree to beside the request, as `Request.exemptions`.
        what: has this digest, in a word: a request, an order.

    Raises:
        InputError: a file is no signature, or not one of this digest and these exemptions by somebody who is
            configured.
        Refused: there are fewer than that.
    """
    keys = {read_public_key(one.public_key).blob: one.name for one in table.approvers}
    found: dict[str, Approval] = {}
    for file in files:
        key = _verified(file, digest, exemptions, what)
        if key.blob not in keys:
            raise InputError(
                f"is signed by {key.fingerprint}, the key of nobody in [[signer.ceremony.approvers]]", where=str(file)
            )
        found[keys[key.blob]] = Approval(keys[key.blob], key.fingerprint)
    if len(found) < table.approvals:
        missing = ", ".join(one.name for one in table.approvers if one.name not in found)
        raise Refused(
            f"{table.approvals} of {len(table.approvers)} have to agree, and {len(found)} did"
            + (f" ({', '.join(found)})" if found else "")
            + f"; not yet: {missing}",
            where=f"{what} sha256:{digest}",
            advice=f"each of them: `{how_to_approve(digest, exemptions)}`, then --approval NAME.sig",
        )
    return list(found.values())


def _verified(file: Path, digest: str, exemptions: Sequence[str], what: str) -> SSHKey:
    """The key that signed this digest with these exemptions."""
    try:
        text = read_file(file, _LARGEST).decode("ascii")
        key, signature, signed = _parse(text, signed_text(digest, exemptions))
        key.verify(signature, signed)
    except (UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise InputError(f"is no signature that can be read: it {error}", where=str(file)) from error
    except InvalidSignature as error:
        other = "another digest" + ", or the request without what is to be left out or is late" * bool(exemptions)
        raise InputError(
            f"is no signature of this {what}: it is damaged, or somebody signed {other}",
            where=str(file),
            advice=how_to_approve(digest, exemptions),
        ) from error
    return key


def _parse(text: str, message: bytes) -> tuple[SSHKey, bytes, bytes]:
    """The key that it says made it, the signature, and what is signed, where that is the message."""
    armored = _ARMOR.fullmatch(text)
    if armored is None:
        raise ValueError("is not what `ssh-keygen -Y sign` writes")
    blob = base64.b64decode("".join(armored[1].split()), validate=True)
    fields = Fields(blob)
    if fields.octets(len(_MAGIC)) != _MAGIC or fields.number() != _VERSION:
        raise ValueError("is of another version")
    key, namespace, reserved, hash_ = (fields.string() for _ in range(4))
    signature = fields.string()
    fields.end()
    if namespace != NAMESPACE.encode():
        raise ValueError(f"is for {namespace.decode(errors='replace')!r}, and -n {NAMESPACE} is wanted")
    if hash_ not in _HASHES:
        raise ValueError(f"is over a hash that is not known: {hash_!r}")
    parts = (namespace, reserved, hash_, _HASHES[hash_](message).digest())
    signed = _MAGIC + b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return of_blob(key), signature, signed
