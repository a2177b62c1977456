"""`/metrics` and `/readyz` of real processes, under each server: what is counted, and for whom."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from revocation.certid import CertIDHash
from tests.authority import Authority
from tests.responder.asking import nonce, path, request
from tests.responder.filling import EXPIRED, GOOD, UNKNOWN, Filling, write
from tests.responder.running import Running, configure, respond, running
from tests.responder.scraping import ANSWERS, FAST, TWO, WAITRESS, configured, fetch, post, scrape

AGE, LOOKUP = "revocast_ocsp_served_age_seconds", "revocast_source_lookup_seconds"


@pytest.fixture(scope="module")
def filling() -> Filling:
    """An issuer of today, since the process reads the clock."""
    return Filling(Authority(not_before=clock.now() - timedelta(days=3)))


@pytest.fixture(scope="module", params=[WAITRESS, FAST, TWO], ids=["waitress", "fastpysgi", "two workers"])
def server(
    tmp_path_factory: pytest.TempPathFactory, filling: Filling, request: pytest.FixtureRequest
) -> Iterator[Running]:
    """One process of each kind for all tests that leave it as it is."""
    with running(configured(tmp_path_factory.mktemp("metrics"), filling, request.param)) as server:
        yield server


def get(server: Running, target: str, method: str = "GET", more: str = "") -> bytes:
    """The answer to a GET on a connection of its own."""
    return server.send(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{more}Connection: close\r\n\r\n".encode())


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What became more, and by how much."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


@pytest.mark.parametrize("hash_", CertIDHash)
def test_every_answer_is_counted_once(server: Running, filling: Filling, hash_: CertIDHash) -> None:
    """By method, answer and hash, on the hot path, beside it and from memory, whichever process answered."""
    known, unknown, expired = (request(filling.cert_id(serial, hash_)) for serial in (GOOD, UNKNOWN, EXPIRED))
    before = scrape(server.admin_port)
    for _ in range(5):
        post(server, known)
    post(server, request(filling.cert_id(GOOD, hash_), extensions=nonce(16)))
    post(server, request(filling.cert_id(GOOD, hash_), filling.cert_id(UNKNOWN, hash_)))  # none of the hot path's
    for _ in range(2):
        get(server, f"/ocsp/{path(known)}")
        post(server, unknown)
        post(server, expired)
    get(server, f"/ocsp/{path(known)}", "HEAD")
    get(server, f"/ocsp/{path(unknown)}")
    after = {name: n for name, n in grown(before, scrape(server.admin_port)).items() if "answers" in name}
    assert after == {
        ANSWERS.format("POST", "response", hash_.value): 7,
        ANSWERS.format("GET", "response", hash_.value): 2,
        ANSWERS.format("HEAD", "response", hash_.value): 1,
        ANSWERS.format("POST", "unauthorized", hash_.value): 2,
        ANSWERS.format("GET", "unauthorized", hash_.value): 1,
        ANSWERS.format("POST", "tryLater", hash_.value): 2,
    }


def test_malformed_and_oddities_are_counted(server: Running, filling: Filling) -> None:
    """A request without a CertID has no hash; what is no OCSP, and 304, by its HTTP status."""
    known = path(request(filling.cert_id(GOOD)))
    before = scrape(server.admin_port)
    post(server, b"rubbish")
    post(server, b"\x30" * 4097)
    get(server, "/ocsp/rubbish")
    get(server, "/nothing")
    get(server, "/ocsp/", "PUT")
    get(server, f"/ocsp/{known}", more="If-None-Match: *\r\n")
    get(server, f"/ocsp/{known}", more='If-Match: "x"\r\n')
    more = grown(before, scrape(server.admin_port))
    assert {name: n for name, n in more.items() if "answers" in name or "http" in name} == {
        ANSWERS.format("POST", "malformedRequest", "none"): 2,
        ANSWERS.format("GET", "malformedRequest", "none"): 1,
        ANSWERS.format("GET", "response", "sha256"): 2,
        **{f'revocast_http_responses_total{{code="{code}"}}': 1 for code in (304, 404, 405, 412, 413)},
    }


def test_age_of_what_is_served_is_told(server: Running, filling: Filling) -> None:
    """Two hours and a little, by POST from memory and by GET: in the buckets from three hours on, and in the sum."""
    known = request(filling.cert_id(GOOD))
    before = scrape(server.admin_port)
    for _ in range(3):
        post(server, known)
    get(server, f"/ocsp/{path(known)}")
    more = grown(before, scrape(server.admin_port))
    assert f'{AGE}_bucket{{le="3600"}}' not in more
    assert {more[f'{AGE}_bucket{{le="{bound}"}}'] for bound in (10800, 86400, "+Inf")} == {4} == {more[f"{AGE}_count"]}
    assert 7200 <= more[f"{AGE}_sum"] / 4 < 7200 + 600


def test_look_ups_are_timed_and_expired_ones_counted(server: Running, filling: Filling) -> None:
    """Each unknown certificate is one look into the store; an expired response is a failure of it."""
    before = scrape(server.admin_port)
    for _ in range(3):
        post(server, request(filling.cert_id(UNKNOWN)))
    post(server, request(filling.cert_id(EXPIRED)))
    more = grown(before, scrape(server.admin_port))
    assert more[f"{LOOKUP}_count"] == 4 == more[f'{LOOKUP}_bucket{{le="+Inf"}}']
    assert 0 < more[f"{LOOKUP}_sum"] < 60
    assert more['revocast_source_failures_total{reason="expired"}'] == 1


def test_public_sees_none_of_it(server: Running) -> None:
    """Neither metrics nor readiness on the address that faces it; there is nothing else on the other address."""
    for page in ("/metrics", "/readyz", "/metrics/"):
        assert get(server, page).startswith(b"HTTP/1.1 404 ")
    for page in ("/ocsp/", "/", "/metrics/", "/readyz/x"):
        assert fetch(server.admin_port, page)[0] == 404
    assert fetch(server.admin_port, "/healthz")[::2] == (200, "ok\n")
    status, headers, _ = fetch(server.admin_port, "/metrics", "POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert fetch(server.admin_port, "/readyz", "HEAD")[::2] == (200, "")


def test_ready_while_most_responses_hold_whoever_asks_for_others(server: Running, filling: Filling) -> None:
    """Nobody takes a responder out of service by asking for a certificate that has expired."""
    post(server, request(filling.cert_id(EXPIRED)))
    assert fetch(server.admin_port, "/readyz")[::2] == (200, "ready\n")
    values = scrape(server.admin_port)
    assert values["revocast_ready"] == 1
    share = values[f'revocast_store_fresh_ratio{{issuer="{filling.issuer.octets.hex()}"}}']
    assert share == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", [WAITRESS, FAST], ids=["waitress", "fastpysgi"])
def test_not_ready_before_publication_nor_after_it_ceased_nor_without_store(
    tmp_path: Path, filling: Filling, kind: str
) -> None:
    """And ready again by itself: nothing published, then something, then only what has expired, then no store."""
    config = configure(tmp_path, filling.authority, f'admin = "127.0.0.1:0"\n{kind}')
    config.write_text(config.read_text().replace('files = "www"\n', ""))
    now, issuer = clock.now(), filling.issuer_entries()

    def replace(serial: int, days: int) -> None:
        write(tmp_path / "next", [*issuer, *filling.entries(serial, this_update=now - timedelta(days=days))])
        if (tmp_path / "store").exists():
            (tmp_path / "store").rename(tmp_path / f"old{days}")
        (tmp_path / "next").rename(tmp_path / "store")

    with running(config) as server:

        def readyz() -> tuple[int, str]:
            return fetch(server.admin_port, "/readyz")[::2]

        status, reason = readyz()
        assert status == 503
        assert reason.startswith("not ready: the store cannot be read: ")
        assert "nothing was published yet" in reason
        write(tmp_path / "store", [])
        assert readyz() == (503, "not ready: nothing has been published into the store\n")
        replace(GOOD, 0)
        assert readyz() == (200, "ready\n")
        replace(GOOD, 2)
        assert readyz() == (503, f"not ready: most responses have expired of issuer {filling.issuer.octets.hex()}\n")
        assert scrape(server.admin_port)["revocast_ready"] == 0
        (tmp_path / "store" / "data.mdb").write_bytes(b"no store" * 1000)
        status, reason = readyz()
        assert status == 503
        assert reason.startswith("not ready: the store cannot be read: ")
        assert fetch(server.admin_port, "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ("workers = 2\n", "responder: `workers` = 2 need server = 'fastpysgi'"),
        ("workers = 0\n", "responder.workers"),
        ('admin = "9180"\n', "responder.admin"),
        ('admin = "::1:9180"\n', "responder.admin"),
        ('admin = "127.0.0.1:99999"\n', "responder.admin"),
    ],
)
def test_configuration_that_is_wrong_is_refused(tmp_path: Path, more: str, word: str) -> None:
    """With the key, at start."""
    process = respond(configure(tmp_path, Authority(), more))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert word in err


def test_admin_port_in_use_is_an_error_that_names_it(server: Running, tmp_path: Path) -> None:
    """And no responder runs that nobody can watch."""
    process = respond(configure(tmp_path, Authority(), f'admin = "127.0.0.1:{server.admin_port}"\n'))
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "ready" not in out
    assert f"127.0.0.1:{server.admin_port}: the port is in use" in err
