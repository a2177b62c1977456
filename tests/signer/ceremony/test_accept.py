"""What a stick brings back to the online machine: who had it can write into everything that is not signed."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revocation.bundle import BundleReader, write_bundle
from revocation.errors import Refused
from signer.ceremony.accept import accept
from tests.authority import NOW
from tests.signer.ceremony.pair import SECOND, Pair


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write into the transcript, and give it the digests of what lies beside it."""
    file = folder / "transcript.json"
    said = json.loads(file.read_text())
    change(said)
    for bundle in said["bundles"]:
        data = (folder / bundle["name"]).read_bytes()
        bundle |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    file.write_text(json.dumps(said))


def rebuild(bundle: Path, change: Callable[[bytes], bytes], name: str | None = None) -> None:
    """Write a bundle again with other contents, and a manifest that says so."""
    with bundle.open("rb") as file:
        reader = BundleReader(bundle.name, file)
        contents = {entry.path: change(data) for entry, data in reader.artifacts()}
    manifest = reader.manifest
    entries = tuple(
        entry.model_copy(update={"size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        for entry, data in zip(manifest.entries, contents.values(), strict=True)
    )
    manifest = manifest.model_copy(update={"entries": entries, "bundle": name or bundle.name})
    with (bundle.parent / (name or bundle.name)).open("wb") as out:
        write_bundle(manifest, {path: io.BytesIO(data) for path, data in contents.items()}, out)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "its issuer did not sign"),
        (lambda data: data + b"\x30\x80", "something that is no OCSP response"),
    ],
)
def test_response_that_the_issuer_did_not_sign_is_refused(
    pair: Pair, tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    """One bit of a signature is another: nothing of the folder goes into the exchange."""
    request = pair.request()
    pair.hold(request)
    folder = pair.written(request, tmp_path / "out")
    rebuild(next(folder.glob("*-ocsp-*.tar")), change)
    rewrite(folder, lambda said: None)
    with pytest.raises(Refused, match=words):
        accept(pair.signer, folder, NOW)
    assert pair.signer.exchange.list() == []


def test_response_of_an_earlier_ceremony_that_says_good_of_what_was_revoked_since_is_refused(
    pair: Pair, tmp_path: Path
) -> None:
    """The issuer signed it too, and nobody signed which ceremony it is of: the new CRL contradicts it."""
    first = pair.request()
    pair.hold(first)
    older = pair.written(first, tmp_path / "first")
    for serial in (1, 2, 3):
        pair.revoke(serial, NOW + SECOND)
    second = pair.request(NOW + 2 * SECOND)
    pair.hold(second, NOW + 2 * SECOND)
    folder = pair.written(second, tmp_path / "second")
    for bundle in folder.glob("*-ocsp-*.tar"):
        bundle.unlink()
    for bundle in older.glob("*-ocsp-*.tar"):
        shutil.copy(bundle, folder)

    def name_them(said: dict[str, Any]) -> None:
        said["bundles"] = [{"name": file.name} for file in sorted(folder.glob("*.tar"))]

    rewrite(folder, name_them)
    with pytest.raises(Refused, match="is good, and CRL number"):
        accept(pair.signer, folder, NOW + 2 * SECOND)
    assert pair.signer.exchange.list() == []


def test_other_ceremony_under_the_name_of_an_accepted_request_is_refused(pair: Pair, tmp_path: Path) -> None:
    """Older or newer than what was accepted: taken for it, nobody would remember its number, or it would go back."""
    requests = [pair.request()]
    pair.hold(requests[0])
    folders = [pair.written(requests[0], tmp_path / "0")]
    for turn in (1, 2):
        requests.append(pair.request(NOW + turn * SECOND))
        pair.hold(requests[turn], NOW + turn * SECOND)
        folders.append(pair.written(requests[turn], tmp_path / str(turn)))
    accept(pair.signer, folders[1], NOW + 3 * SECOND)
    before = pair.signer.exchange.list()
    assert accept(pair.signer, folders[1], NOW + 3 * SECOND).was_known
    for other in (folders[0], folders[2]):
        rewrite(other, lambda said: said.update(request=requests[1].digest))
        with pytest.raises(Refused, match="it is of another ceremony, whatever its transcript says"):
            accept(pair.signer, other, NOW + 3 * SECOND)
    assert pair.signer.exchange.list() == before
