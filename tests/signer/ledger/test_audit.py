"""The audit log: an entry for each act, in one chain whoever writes, on both databases."""

import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from sqlalchemy import select

from revocation.clock import fixed, iso
from revocation.messages import Outcome
from signer.handle import handle
from signer.ledger import audit
from signer.ledger.schema import audit as table
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import bundles

ROOT = Path(__file__).parents[3]
WRITES = 150


def entries(signer: Signer, action: str) -> list[dict[str, Any]]:
    """What is told of each such act, with its issuer."""
    with signer.ledger.read() as connection:
        rows = connection.execute(select(table).where(table.c.action == action).order_by(table.c.id))
        return [{**json.loads(row.detail), "issuer": row.issuer} for row in rows]


def sha256(data: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def test_signature_of_a_crl_is_told_with_its_key_purpose_number_window_and_digest(estate: Estate) -> None:
    """An auditor finds the entry of a CRL by what is in it: the digest is of the very octets that were signed."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    ((reader, (data,)),) = bundles(signer, "crl")
    manifest = reader.manifest
    crl = x509.load_der_x509_crl(data)
    assert entries(signer, "sign crl") == [
        {
            "issuer": profile.issuer.id,
            "requester": "look",
            "purpose": "crl",
            "signing_key": sha256(profile.issuer.public_key_info),
            "crl": "all",
            "crl_number": str(manifest.crl_number),
            "entries": 0,
            "revision": manifest.revision,
            "bundle": manifest.bundle,
            "this_update": iso(manifest.this_update),
            "next_update": iso(manifest.next_update),
            "tbs_sha256": sha256(crl.tbs_certlist_bytes),
        }
    ]


def test_signatures_of_a_slice_are_one_entry_with_the_key_of_the_responder(estate: Estate) -> None:
    """However many responses there are; whose key signed them stands in the entry of its certificate."""
    signer = estate.signer()
    estate.register(signer, [1, 2, 3])
    look(signer, fixed(NOW))
    found = entries(signer, "sign ocsp")
    assert [one["bundle"] for one in found] == [reader.manifest.bundle for reader, _ in bundles(signer, "ocsp")]
    assert sum(one["responses"] for one in found) == 6
    (certified,) = entries(signer, "sign responder certificate")
    (key,) = {one["signing_key"] for one in found}
    pem = (estate.folder / "signer/keys" / certified["key"]).read_bytes()
    public = load_pem_private_key(pem, None).public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert (key, certified["purpose"]) == (sha256(info), "responder_certificate")
    assert {(one["purpose"], one["requester"]) for one in found} == {("ocsp", "look")}


def test_change_of_facts_is_told_with_who_asked_by_which_message_and_a_refusal_with_its_reason(estate: Estate) -> None:
    """Also what the signer's own limit refused: somebody tried."""
    signer = estate.signer()
    estate.register(signer, [1, 2])
    done = estate.revoke(1)
    tried = estate.revoke(2, revoked_at=NOW - timedelta(days=3000))
    assert [handle(signer, message, fixed(NOW)).outcome for message in (done, tried)] == [
        Outcome.DONE,
        Outcome.REFUSED,
    ]
    first, second = entries(signer, "revoke")
    assert (first["requester"], first["message"], first["serial"]) == ("operator", done.id, "01")
    assert (first["outcome"], "refusal" in first) == ("done", False)
    assert (second["message"], second["outcome"], second["revision"]) == (tried.id, "refused", None)
    assert "further back than 366d" in second["refusal"]


def test_two_processes_that_write_at_once_make_one_chain(estate: Estate) -> None:
    """Each entry follows the last one, whoever wrote that: the log does not fork."""
    signer = estate.signer()
    code = "from tests.signer.ledger.auditing_process import main; main()"
    command = [sys.executable, "-c", code, str(estate.folder), str(WRITES)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=200)
    with signer.ledger.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    before, writers = b"", []
    for row in rows:
        values = {"at": row.at, "action": row.action, "issuer": row.issuer, "detail": row.detail}
        assert row.chain == audit.link(before, values)
        before = row.chain
        writers.append(json.loads(row.detail)["by"])
    assert sorted(writers) == sorted([p.pid for p in processes for _ in range(WRITES)])
