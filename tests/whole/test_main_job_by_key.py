"""The main job with the CA key in a file, on a token and in KMS: its clients agree before and after a revocation."""

from collections.abc import Iterator

import pytest

from tests.building.ca_places import KINDS, SERIALS, CAKind, key_places
from tests.building.s3server import S3Server
from tests.whole.main_job import MainJob, main_job

BEFORE = {"good": "good", "revoked": "revoked", "later": "good"}
AFTER = {**BEFORE, "later": "revoked"}
CLASSICAL = [kind for kind in KINDS if not kind.is_post_quantum]
POST_QUANTUM = [kind for kind in KINDS if kind.is_post_quantum]

pytestmark = [
    pytest.mark.long,
    pytest.mark.judge("softhsm2-util", "openssl", "ocsptool", "certtool", "curl"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, kms_server: S3Server) -> Iterator[MainJob]:
    """The installation with all of these keys, running."""
    folder = tmp_path_factory.mktemp("main-job")
    with key_places(folder, kms_server.endpoint) as places, main_job(folder, places) as running:
        yield running


def named(kind: CAKind) -> str:
    """What a test about a kind is called."""
    return kind.name


@pytest.mark.parametrize("kind", CLASSICAL, ids=named)
def test_clients_agree_before_and_after_a_revocation(job: MainJob, kind: CAKind) -> None:
    """OpenSSL 3.0 and 3.5, GnuTLS, curl, and `revocast check`; of CRL and OCSP, by POST and GET, by either hash."""
    assert said_by_all(job, kind) == dict.fromkeys(JUDGES, BEFORE)
    assert job.certtool(kind) == {SERIALS["revoked"]}
    revoke(job, kind)
    assert said_by_all(job, kind) == dict.fromkeys(JUDGES, AFTER)
    assert job.certtool(kind) == {SERIALS["revoked"], SERIALS["later"]}


@pytest.mark.parametrize("kind", POST_QUANTUM, ids=named)
def test_openssl_3_5_and_cryptography_agree_about_ml_dsa_before_and_after_a_revocation(
    job: MainJob, kind: CAKind
) -> None:
    """CA key and responder key; OpenSSL 3.0 and GnuTLS 3.7 know no ML-DSA, which the last line keeps an eye on."""
    for expected in (BEFORE, AFTER):
        for status, verdict in expected.items():
            assert job.libcrypto(kind, status) == {verdict}
            assert job.cryptography(kind, status) == {verdict}
        if expected is BEFORE:
            revoke(job, kind)
    assert job.openssl(kind, "good") not in ("good", "revoked")


JUDGES = {
    "openssl ocsp, SHA-1, nonce": lambda job, kind, status: job.openssl(kind, status, "-nonce"),
    "openssl ocsp, SHA-256": lambda job, kind, status: job.openssl(kind, status, "-sha256", "-no_nonce"),
    "curl, openssl": lambda job, kind, status: job.openssl(
        kind, status, "-no_nonce", "-respin", str(job.response(kind, status, "sha1"))
    ),
    "ocsptool": lambda job, kind, status: job.ocsptool(kind, status),
    "openssl verify": lambda job, kind, status: job.openssl_verify(kind, status),
    "OpenSSL 3.5": lambda job, kind, status: " ".join(sorted(job.libcrypto(kind, status))),
}


def said_by_all(job: MainJob, kind: CAKind) -> dict[str, dict[str, str]]:
    """What each judge makes of each certificate."""
    return {name: {status: judge(job, kind, status) for status in SERIALS} for name, judge in JUDGES.items()}


def revoke(job: MainJob, kind: CAKind) -> None:
    """`revocast revoke`, which ends once it is published, and `revocast check`, which finds nothing wrong then."""
    words = ("revoke", f"{SERIALS['later']:X}", "--issuer", kind.name, "--reason", "superseded")
    done = job.command(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    leaves = [word for status in SERIALS for word in ("--cert", job.cas[kind].leaf(status))]
    checked = job.command("check", *leaves)
    assert checked.returncode == 0, checked.stdout + checked.stderr
