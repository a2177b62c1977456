"""k of n people approve a ceremony by SSH signatures over the request's digest, as `ssh-keygen -Y sign` makes them."""

import base64
import hashlib
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from revocation.errors import InputError, Refused
from signer.ceremony.approvals import NAMESPACE, require_approvals, signed_text
from signer.ceremony.config import Approver, CeremonyTable

DIGEST, OTHER = "ab" * 32, "cd" * 32
KINDS = {"anna": ["ed25519"], "ben": ["ecdsa", "-b", "384"], "carla": ["rsa", "-b", "2048"]}
pytestmark = pytest.mark.judge("ssh-keygen")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key of each person, made by OpenSSH."""
    folder = tmp_path_factory.mktemp("people")
    for name, kind in KINDS.items():
        command = ["ssh-keygen", "-q", "-N", "", "-C", name, "-f", str(folder / name), "-t", *kind]
        subprocess.run(command, check=True)
    return folder


def table(people: Path, approvals: int = 2) -> CeremonyTable:
    """All of them are approvers."""
    keys = [Approver(name=name, public_key=(people / f"{name}.pub").read_text()) for name in KINDS]
    return CeremonyTable(approvals=approvals, approvers=tuple(keys))


def approve(people: Path, name: str, digest: str = DIGEST, namespace: str = NAMESPACE) -> Path:
    """What a person's ssh-keygen writes."""
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(people / name)]
    done = subprocess.run(command, input=signed_text(digest), capture_output=True, check=True)
    file = people / f"{name}-{namespace}-{digest[:4]}.sig"
    file.write_bytes(done.stdout)
    return file


def test_two_of_three_approve_with_keys_of_each_kind(people: Path) -> None:
    """Ed25519, ECDSA and RSA; who approved is said, with the fingerprint that ssh-keygen shows."""
    for names in (("anna", "ben"), ("ben", "carla"), ("carla", "anna")):
        found = require_approvals(table(people), DIGEST, [approve(people, name) for name in names])
        assert [one.name for one in found] == list(names)
        listed = subprocess.run(
            ["ssh-keygen", "-lf", str(people / names[0])], capture_output=True, text=True, check=True
        )
        assert found[0].fingerprint in listed.stdout


def test_too_few_approvals_are_refused_with_who_is_missing(people: Path) -> None:
    """One person twice is one person."""
    anna = approve(people, "anna")
    with pytest.raises(Refused, match=r"2 of 3 have to agree, and 1 did \(anna\); not yet: ben, carla"):
        require_approvals(table(people), DIGEST, [anna, anna])
    with pytest.raises(Refused, match="and 0 did; not yet: anna, ben, carla"):
        require_approvals(table(people), DIGEST, [])


@pytest.mark.parametrize(
    ("digest", "namespace", "words"),
    [(OTHER, NAMESPACE, "somebody signed another digest"), (DIGEST, "file", "is for 'file'")],
)
def test_approval_of_something_else_is_refused(people: Path, digest: str, namespace: str, words: str) -> None:
    """Another request, or what was signed for another purpose."""
    files = [approve(people, "ben"), approve(people, "anna", digest, namespace)]
    with pytest.raises(InputError, match=words):
        require_approvals(table(people), DIGEST, files)


def test_approval_by_a_stranger_is_refused(people: Path, tmp_path: Path) -> None:
    """A key that is not configured counts for nobody."""
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(tmp_path / "mallory")], check=True)
    with pytest.raises(InputError, match="the key of nobody"):
        require_approvals(table(people), DIGEST, [approve(tmp_path, "mallory")])


def test_damaged_approval_is_refused(people: Path, tmp_path: Path) -> None:
    """Whatever octet is changed, and wherever it is cut off; it never passes and never ends in another error."""
    data = approve(people, "anna").read_bytes()
    head, body, foot = data.partition(b"\n")[0], data.splitlines()[1:-1], data.splitlines()[-1]
    blob = base64.b64decode(b"".join(body))
    file = tmp_path / "bad.sig"
    changed = [blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :] for place in range(len(blob))]
    for bad in [*changed, *(blob[:size] for size in range(0, len(blob), 7)), blob + b"\0"]:
        file.write_bytes(head + b"\n" + base64.b64encode(bad) + b"\n" + foot + b"\n")
        with pytest.raises((InputError, Refused)):
            require_approvals(table(people, 1), DIGEST, [file])


def test_approver_whose_key_anybody_signs_with_is_refused() -> None:
    """The neutral point of Ed25519, as a line of a .pub file."""
    blob = base64.b64encode(ssh(b"ssh-ed25519") + ssh(b"\1" + bytes(31))).decode()
    with pytest.raises(ValidationError, match="small order: anybody can sign with it"):
        Approver(name="anna", public_key=f"ssh-ed25519 {blob}")


@pytest.mark.parametrize(("flags", "passes"), [(1, True), (0, False)], ids=["touched", "untouched"])
def test_fido_key_counts_where_somebody_touched_it(tmp_path: Path, flags: int, passes: bool) -> None:
    """A signature as a token makes it (PROTOCOL.u2f). ssh-keygen verifies both: it leaves the touch to who asks."""
    kind, application = b"sk-ssh-ed25519@openssh.com", b"ssh:"
    key = ed25519.Ed25519PrivateKey.generate()
    blob = ssh(kind) + ssh(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)) + ssh(application)
    hashed = hashlib.sha512(signed_text(DIGEST)).digest()
    signed = b"SSHSIG" + ssh(NAMESPACE.encode()) + ssh(b"") + ssh(b"sha512") + ssh(hashed)
    seen = bytes([flags]) + struct.pack(">I", 7)
    raw = key.sign(hashlib.sha256(application).digest() + seen + hashlib.sha256(signed).digest())
    whole = b"SSHSIG" + struct.pack(">I", 1) + ssh(blob) + ssh(NAMESPACE.encode()) + ssh(b"") + ssh(b"sha512")
    whole += ssh(ssh(kind) + ssh(raw) + seen)
    armored = base64.encodebytes(whole).decode()
    file = tmp_path / "anna.sig"
    file.write_text(f"-----BEGIN SSH SIGNATURE-----\n{armored}-----END SSH SIGNATURE-----\n")
    line = f"{kind.decode()} {base64.b64encode(blob).decode()}"
    (tmp_path / "allowed").write_text(f"anna {line}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "allowed"), "-I", "anna", "-n", NAMESPACE]
    judged = subprocess.run([*command, "-s", str(file)], input=signed_text(DIGEST), capture_output=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    config = CeremonyTable(approvals=1, approvers=(Approver(name="anna", public_key=line),))
    if passes:
        assert [one.name for one in require_approvals(config, DIGEST, [file])] == ["anna"]
    else:
        with pytest.raises(InputError, match="is no signature of this request"):
            require_approvals(config, DIGEST, [file])


def ssh(octets: bytes) -> bytes:
    """A string in SSH's encoding."""
    return struct.pack(">I", len(octets)) + octets


def test_more_approvals_than_approvers_are_no_configuration(people: Path) -> None:
    """Nor a key that counts twice under two names."""
    with pytest.raises(ValidationError, match="there are 3 approvers"):
        table(people, 4)
    line = (people / "anna.pub").read_text()
    with pytest.raises(ValidationError, match="the same name, or the same key"):
        CeremonyTable(approvals=2, approvers=tuple(Approver(name=name, public_key=line) for name in ("anna", "ben")))
