"""Responder keys from their making to their end, in simulated time: overlap, destruction, and crashes in between."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import ocsp
from sqlalchemy import select

from publisher.verify_ocsp import parts
from revocation import serials
from revocation.clock import fixed
from revocation.errors import RevocastError
from revocation.messages import Look, Verb
from signer.ledger.facts import slice_hash, slice_of
from signer.ledger.schema import audit
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.reading import bundles
from tests.whole.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TASKS = (Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN)


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is done, and nothing is caught."""


def key_files(estate: Estate) -> dict[str, bytes]:
    """The responder keys that are there: name, and public key."""
    return {
        path.name: load_pem_private_key(path.read_bytes(), None)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for path in (estate.folder / "signer/keys").glob("*.pem")
    }


def audited(signer: Signer, action: str) -> list[dict[str, str]]:
    """The audit records of an act, with their time."""
    with signer.ledger.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.action == action).order_by(audit.c.id))
        return [{"at": str(row.at), **json.loads(row.detail)} for row in rows]


def note_ends(signer: Signer, ends: dict[bytes, datetime]) -> None:
    """The latest nextUpdate of the responses in the exchange that each key signed."""
    for _, responses in bundles(signer, "ocsp"):
        for data in responses:
            certificate = x509.load_der_x509_certificate(parts(data)[2])
            key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            (single,) = ocsp.load_der_ocsp_response(data).responses
            assert single.next_update_utc is not None
            assert single.next_update_utc <= certificate.not_valid_after_utc
            ends[key] = max(single.next_update_utc, ends.get(key, single.next_update_utc))


def test_responder_keys_overlap_and_are_destroyed_after_their_last_response(tmp_path: Path) -> None:
    """A month: no key goes before its last response has ended, none stays a look after its certificate, and the audit
    log names each that went, once.
    """
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 2")
    signer = estate.signer()
    estate.register(signer, [1, 2, 3])
    ends: dict[bytes, datetime] = {}
    known: dict[str, bytes] = {}
    gone: set[str] = set()
    most = 0
    for hours in range(0, 30 * 24, 6):
        now = NOW + hours * HOUR
        assert look(signer, fixed(now), TASKS).problems == []
        note_ends(signer, ends)
        here = key_files(estate)
        most, known = max(most, len(here)), known | here
        for name in known.keys() - here.keys():
            gone.add(name)
            assert ends[known[name]] < now, "a key is gone whose last response is still valid"
        for name, public in here.items():
            assert name not in gone
            assert now <= ends.get(public, now) + DAY + 6 * HOUR
    records = audited(signer, "destroy responder key")
    assert sorted(record["key"] for record in records) == sorted(gone)
    made = {record["key"]: record for record in audited(signer, "sign responder certificate")}
    assert made.keys() == known.keys()
    assert all(made[record["key"]]["serial"] == record["serial"] for record in records)
    assert (most, len(gone)) == (2, 4)


def test_responder_key_is_there_until_the_very_end_of_its_certificate_and_no_longer(tmp_path: Path) -> None:
    """The second of notAfter belongs to it; a second later the key is gone, also where no new one is wanted."""
    authority = Authority(not_before=NOW - DAY, days=3)
    estate = Estate.build(tmp_path / "e", authority=authority)
    signer = estate.signer()
    look(signer, fixed(NOW), TASKS)
    end = authority.certificate.not_valid_after_utc
    look(signer, fixed(end), TASKS)
    assert len(key_files(estate)) == 1
    assert look(signer, fixed(end + timedelta(seconds=1)), TASKS, Look()).made == []  # the issuer has expired too
    assert key_files(estate) == {}
    assert len(audited(signer, "destroy responder key")) == 1


def test_responder_key_is_destroyed_although_no_other_can_be_made(estate: Estate) -> None:
    """Without the CA key there is no new one; the old one is not kept for that."""
    look(estate.signer(), fixed(NOW), TASKS)
    (estate.folder / "ca.key").unlink()
    signer = estate.signer()
    assert look(signer, fixed(NOW + 8 * DAY), TASKS).problems != []
    assert key_files(estate) == {}


@pytest.mark.parametrize(
    "step",
    [
        "signer.responder_certificates.audit.record",
        "signer.responder_certificates.selfcheck.check_certificate",
        "signer.responder_certificates.responders.set_certificate",
    ],
)
def test_key_of_a_certificate_that_a_crash_left_unfinished_is_destroyed(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Killed between any two steps, the process leaves a key that signs nothing and is gone at the next look."""
    signer = estate.signer()
    with monkeypatch.context() as patch:
        patch.setattr(step, _killed)
        patch.setattr(
            "signer.keys.responder_keys.ResponderKeys.destroy", lambda *_: None
        )  # who is killed tidies nothing
        with pytest.raises(Killed):
            look(signer, fixed(NOW), TASKS)
    (left,) = key_files(estate)
    signer = estate.signer()
    assert len(look(signer, fixed(NOW + HOUR), TASKS).made) == 1
    (now_there,) = key_files(estate)
    assert now_there != left
    assert [record["key"] for record in audited(signer, "destroy responder key")] == [left]


@pytest.mark.parametrize("error", [Killed, RevocastError])
def test_crash_after_a_key_was_deleted_is_made_up_for(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """The file went and the ledger does not say so yet: the next look says it, once."""
    signer = estate.signer()
    look(signer, fixed(NOW), TASKS)
    (name,) = key_files(estate)

    def fail(*_: object) -> None:
        raise error("killed")

    with monkeypatch.context() as patch:
        patch.setattr("signer.responder_certificates.responders.mark_destroyed", fail)
        with pytest.raises(error):
            look(signer, fixed(NOW + 8 * DAY), TASKS)
    assert (name in key_files(estate), audited(signer, "destroy responder key")) == (False, [])
    signer = estate.signer()
    for _ in range(2):
        assert look(signer, fixed(NOW + 8 * DAY), TASKS).problems == []
    assert [record["key"] for record in audited(signer, "destroy responder key")] == [name]


def test_responder_key_that_cannot_be_deleted_is_told_and_tried_again(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps nothing else from being made; when it can be deleted, it is."""
    signer = estate.signer()
    look(signer, fixed(NOW), TASKS)
    (name,) = key_files(estate)

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "signer/keys")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", fail)
        report = look(signer, fixed(NOW + 8 * DAY), [Verb.GENERATE_OCSP_KEYS])
    assert "old responder key could not be deleted: Permission denied" in str(report.problems[0])
    assert len(report.made) == 1
    assert name in key_files(estate)
    look(signer, fixed(NOW + 8 * DAY + HOUR), TASKS)
    assert name not in key_files(estate)


def _killed(*_: object, **__: object) -> None:
    raise Killed


def test_delegate_and_responses_end_with_the_issuer_at_the_latest(tmp_path: Path) -> None:
    """In the last days of an issuer neither outlives it, and nobody asks for what would be no longer."""
    authority = Authority(not_before=NOW - DAY, days=3)
    estate = Estate.build(tmp_path / "e", authority=authority, public="[public.ocsp]\nslices = 1")
    signer = estate.signer()
    estate.register(signer, [1])
    end = authority.certificate.not_valid_after_utc
    for hours in range(0, 48, 6):
        assert look(signer, fixed(NOW + hours * HOUR), TASKS).problems == []
    ends: dict[bytes, datetime] = {}
    note_ends(signer, ends)
    assert list(ends.values()) == [end]
    newest = list(bundles(signer, "ocsp"))[-1][1]
    assert {x509.load_der_x509_certificate(parts(data)[2] or b"").not_valid_after_utc for data in newest} == {end}


def test_revocation_that_a_delegate_answered_shortly_before_its_end_stays_answered(tmp_path: Path) -> None:
    """Its partial bundle ends hours before the complete one does, and the newer delegate signs it again in time."""
    estate = Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 2\n")
    estate.register(estate.signer(), range(1, 9))
    keys, ca_key = estate.folder / "signer/keys", estate.folder / "ca.key"
    serial = next(n for n in range(1, 9) if slice_of(slice_hash(serials.from_int(n)), 2) == 1)  # its turns: 6:00, 18:00
    known: list[set[Path]] = []
    for day in (0, 6, 6.75):
        with World(estate, NOW + day * DAY) as world:
            world.tick()
            known.append(set(keys.glob("*.pem")))
    (newer,) = known[-1] - known[0]
    away = [path.rename(tmp_path / path.name) for path in (newer, ca_key)]
    begin = NOW + 7 * DAY - HOUR
    with World(estate, begin) as world:
        world.revoke(serial)
        look(world.signer, fixed(begin))
        world.publish()
        assert world.ocsp(serial).next_update == NOW + 7 * DAY
    for path, place in zip(away, (newer, ca_key), strict=True):
        path.rename(place)
    with World(estate) as world:
        for minutes in range(1, 13 * 60, 30):
            world.now = begin + minutes * MINUTE
            world.tick()
            assert world.ocsp(serial).status == "REVOKED", world.now


def test_key_whose_file_was_deleted_signs_nothing_more_in_a_signer_that_runs_on(tmp_path: Path) -> None:
    """As of one that was stolen: another one is made, and the memory of the process does not keep the first in use."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, (1,))
    look(signer, fixed(NOW))
    (stolen,) = key_files(estate)
    (estate.folder / "signer/keys" / stolen).unlink()
    assert look(signer, fixed(NOW + MINUTE)).problems == []
    (other,) = key_files(estate)
    assert other != stolen
    look(signer, fixed(NOW + DAY))
    (response,) = list(bundles(signer, "ocsp"))[-1][1][:1]
    certificate = x509.load_der_x509_certificate(parts(response)[2])
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public == key_files(estate)[other]
