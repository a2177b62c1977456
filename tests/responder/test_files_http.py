"""CRLs and issuer certificates over HTTP: headers by rows, and what must not be served, above all."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from responder.app import create_app
from responder.caching import MaxAges
from responder.lmdbsource import LMDBSource
from revocation.clock import epoch
from revocation.paths import crl_path, issuer_path, issuers_path, numbered_crl_path, pem_crl_path
from tests.authority import NOW
from tests.responder.conftest import Clock

CRL, CER, P7C = crl_path("1a2b3c4d", "all"), issuer_path("1a2b3c4d"), issuers_path("1a2b3c4d")
COPY, PEM = numbered_crl_path(CRL, 17), pem_crl_path(CRL)
CONTENT = {path: path.encode() * 1000 for path in (CRL, CER, P7C, COPY, PEM)}
BEFORE, AT = "Sun, 01 Mar 2026 11:59:59 GMT", "Sun, 01 Mar 2026 12:00:00 GMT"


def put(files: Path, path: str, content: bytes) -> None:
    """As a publisher does: renamed into place, its time that of the object."""
    target = files / path
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(".new")
    temporary.write_bytes(content)
    os.utime(temporary, (epoch(NOW), epoch(NOW)))
    temporary.rename(target)


def fetch(client: FlaskClient, path: str, method: str = "GET", **headers: str) -> TestResponse:
    """The whole answer, as a server sends it: the file is closed behind it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(f"/{path}", method=method, headers=named, buffered=True)


@pytest.fixture
def files(files: Path) -> Path:
    """The folder with one object of each kind."""
    for path, content in CONTENT.items():
        put(files, path, content)
    return files


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "media_type", "cached"),
    [
        (CRL, "application/pkix-crl", "max-age=300, public, no-transform"),
        (PEM, "application/x-pem-file", "max-age=300, public, no-transform"),
        (COPY, "application/pkix-crl", "max-age=31536000, public, no-transform, immutable"),
        (CER, "application/pkix-cert", "max-age=86400, public, no-transform"),
        (P7C, "application/pkcs7-mime", "max-age=86400, public, no-transform"),
    ],
)
def test_file_and_its_headers(client: FlaskClient, path: str, media_type: str, cached: str, method: str) -> None:
    """RFC 5280 section 4.2.1.13 and 4.2.2.1 name the media types; the rest is what caches need."""
    answer = fetch(client, path, method)
    assert answer.status_code == 200
    assert answer.data == (b"" if method == "HEAD" else CONTENT[path])
    assert dict(answer.headers) == {
        "Content-Type": media_type,
        "Content-Length": str(len(CONTENT[path])),
        "Date": AT,
        "Last-Modified": AT,
        "ETag": f'"{hashlib.sha256(CONTENT[path]).hexdigest()}"',
        "Cache-Control": cached,
    }


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", "{etag}", 304),
        ("If-None-Match", '"x", W/{etag}', 304),
        ("If-None-Match", '"x"', 200),
        ("If-Modified-Since", AT, 304),
        ("If-Modified-Since", BEFORE, 200),
        ("Range", "bytes=0-9", 200),
    ],
)
def test_conditional_request(client: FlaskClient, method: str, name: str, value: str, status: int) -> None:
    """A client that has it gets no body, and what it needs to keep it longer."""
    tag = fetch(client, CRL, "HEAD").headers["ETag"]
    answer = fetch(client, CRL, method, **{name: value.replace("{etag}", tag)})
    assert answer.status_code == status
    assert answer.data == (CONTENT[CRL] if (status, method) == (200, "GET") else b"")
    assert answer.headers["ETag"] == tag
    assert answer.headers["Cache-Control"] == "max-age=300, public, no-transform"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [CRL, CER])
def test_condition_that_fails_is_answered_without_body_and_kept_nowhere(
    client: FlaskClient, path: str, method: str
) -> None:
    """A cache that took a 412 for the object would hand it out for a day."""
    answer = fetch(client, path, method, If_Match='"x"')
    assert (answer.status_code, answer.data) == (412, b"")
    assert {name: answer.headers.get(name) for name in ("Cache-Control", "ETag", "Last-Modified")} == {
        "Cache-Control": "no-store",
        "ETag": None,
        "Last-Modified": None,
    }
    tag = fetch(client, path, "HEAD").headers["ETag"]
    assert fetch(client, path, method, If_Match=tag).status_code == 200


def test_replaced_file_is_served_with_its_own_tag(client: FlaskClient, files: Path) -> None:
    """Of the same size and the same time, so that neither tells them apart."""
    old = fetch(client, CRL)
    put(files, CRL, CONTENT[CRL].swapcase())
    new = fetch(client, CRL, If_None_Match=old.headers["ETag"])
    assert new.data == CONTENT[CRL].swapcase()
    assert new.headers["ETag"] == f'"{hashlib.sha256(new.data).hexdigest()}"'


def test_file_that_is_replaced_while_it_is_sent_stays_the_same(client: FlaskClient, files: Path) -> None:
    """Length, tag and content are those of one file."""
    with client.get(f"/{CRL}") as answer:
        put(files, CRL, b"another")
        assert answer.data == CONTENT[CRL]


def test_ages_are_the_configured_ones(source: LMDBSource, files: Path, clock: Clock) -> None:
    """The shortest of all issuers' profiles."""
    ages = MaxAges(crl=timedelta(minutes=1), issuer=timedelta(hours=1))
    client = create_app(source, files=files, max_ages=ages, now=clock).test_client()
    assert fetch(client, CRL, "HEAD").cache_control.max_age == 60
    assert fetch(client, CER, "HEAD").cache_control.max_age == 3600


@pytest.mark.parametrize(
    "path",
    [
        "crl/",
        "crl",
        "issuer/",
        "crl/1a2b3c4d",
        "crl/1a2b3c4d/",
        "crl/1a2b3c4d/none.crl",
        "crl/1a2b3c4d/all-18.crl",
        "crl/1a2b3c4d/all-17.pem",
        "crl/1a2b3c4d/all.crl/",
        "crl/1a2b3c4d//all.crl",
        "crl//1a2b3c4d/all.crl",
        "crl/./1a2b3c4d/all.crl",
        "crl/../crl/1a2b3c4d/all.crl",
        "crl/%2e%2e/crl/1a2b3c4d/all.crl",
        "crl/..%2f..%2fstatus.json",
        "crl/1a2b3c4d/..%2f1a2b3c4d%2fall.crl",
        "crl/1a2b3c4d\\all.crl",
        "crl/%2fetc%2fpasswd",
        "crl//etc/passwd",
        "crl/1a2b3c4d/all.crl%00",
        "crl/1a2b3c4d/all.crl%0a",
        "crl/1a2b3c4d/.new",
        "crl/1a2b3c4d/.hidden.crl",
        "crl/1a2b3c4d.cer",
        "issuer/1a2b3c4d.crl",
        "issuer/1a2b3c4d",
        "status.json",
        "crl/" + "a/" * 50 + "all.crl",
        "crl/" + "a" * 5000 + ".crl",
        "crl/%ff%fe.crl",
    ],
)
def test_path_of_no_object_is_not_found(client: FlaskClient, files: Path, path: str) -> None:
    """Neither a folder, nor a list of one, nor anything beside the objects."""
    (files / "status.json").write_text("private")
    (files.parent / "status.json").write_text("private")
    (files / "crl" / "1a2b3c4d" / ".hidden.crl").write_text("half a file")
    (files / "crl" / "1a2b3c4d.cer").write_text("out of place")
    answer = fetch(client, path)
    assert (answer.status_code, answer.data) == (404, b"Not Found\n")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("link", ["the file", "its folder", "the folder of its kind"])
def test_link_is_not_followed(client: FlaskClient, files: Path, tmp_path: Path, link: str) -> None:
    """Not out of the folder, whoever put it there."""
    outside = tmp_path / "outside"
    put(outside, CRL, b"private")
    put(outside, "crl/1a2b3c4d/linked.crl", b"private")
    place = {"the file": CRL, "its folder": "crl/1a2b3c4d", "the folder of its kind": "crl"}[link]
    (files / place).rename(tmp_path / "away")
    (files / place).symlink_to(outside / place)
    assert fetch(client, CRL).status_code == 404


def test_root_may_be_a_link(source: LMDBSource, files: Path, tmp_path: Path) -> None:
    """It is the operator who names it."""
    (tmp_path / "current").symlink_to(files)
    assert fetch(create_app(source, files=tmp_path / "current").test_client(), CRL).status_code == 200


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_not_found(client: FlaskClient, files: Path, kind: str) -> None:
    """And reading it holds nobody up."""
    odd = files / "crl" / "1a2b3c4d" / "odd.crl"
    odd.mkdir() if kind == "folder" else os.mkfifo(odd)
    assert fetch(client, "crl/1a2b3c4d/odd.crl").status_code == 404


def test_file_that_cannot_be_read_is_unavailable_and_not_missing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """So that nobody believes there is none; too many open files, for example."""
    real = os.open

    def fails_below_the_root(path: object, flags: int, *args: object, **more: object) -> int:
        if path == "all.crl":
            raise OSError(24, "Too many open files")
        return real(path, flags, *args, **more)

    monkeypatch.setattr(os, "open", fails_below_the_root)
    answer = fetch(client, CRL)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert caplog.messages == [f"{CRL} cannot be read: Too many open files"]


def test_requests_leave_no_file_open(client: FlaskClient) -> None:
    """Neither whole answers nor those without a body, nor what was not found."""
    fetch(client, CRL)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        tag = fetch(client, CRL).headers["ETag"]
        fetch(client, CRL, "HEAD")
        fetch(client, CRL, If_None_Match=tag)
        fetch(client, CRL, If_Match='"x"')
        fetch(client, "crl/1a2b3c4d/none.crl")
        fetch(client, "crl/1a2b3c4d")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_nothing_static_is_served_where_no_folder_is_configured(source: LMDBSource) -> None:
    """A responder beside a web server of its own."""
    assert fetch(create_app(source).test_client(), CRL).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(client: FlaskClient, method: str) -> None:
    """Reading is all there is."""
    answer = fetch(client, CRL, method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
