"""Bundles for tests: one that is right by default, and tars made by hand to be wrong in one way."""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from datetime import timedelta

from revocation.artifacts import Kind
from revocation.bundle import BundleReader, Entry, Manifest, write_bundle
from revocation.bundle.manifest import bundle_name
from revocation.part import Part
from tests.authority import NOW

PART = Part(issuer="1a2b3c4d", kind=Kind.CRL, label="all")
NAME = bundle_name(42, PART)
PATH = "crl/1a2b3c4d/all.crl"
CRL = b"\x30\x03\x02\x01\x01" * 100


def entry(path: str = PATH, data: bytes = CRL, **changed: object) -> Entry:
    """The manifest's line for a file."""
    fields = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "count": 1}
    return Entry.model_validate(fields | changed)


def manifest(*entries: Entry, **changed: object) -> Manifest:
    """A manifest of a CRL bundle."""
    fields = {
        "bundle": NAME,
        "part": PART,
        "base_revision": 0,
        "revision": 7,
        "this_update": NOW,
        "next_update": NOW + timedelta(days=1),
        "crl_number": 42,
        "entries": entries,
    }
    return Manifest.model_validate(fields | changed)


def bundle(said: Manifest | None = None, files: dict[str, bytes] | None = None) -> bytes:
    """A bundle as the writer writes it."""
    out = io.BytesIO()
    contents = {path: io.BytesIO(data) for path, data in (files or {PATH: CRL}).items()}
    write_bundle(said or manifest(entry()), contents, out)
    return out.getvalue()


def member(name: str, data: bytes = b"", **changed: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar made by hand."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for attribute, value in changed.items():
        setattr(info, attribute, value)
    return info, data


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of members, unchecked."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as file:
        for info, data in members:
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def honest_members() -> list[tuple[tarfile.TarInfo, bytes]]:
    """The members of the default bundle."""
    return [member("manifest.json", manifest(entry()).model_dump_json().encode()), member(PATH, CRL)]


def read(data: bytes, name: str = NAME) -> list[tuple[str, bytes]]:
    """All that a reader hands out."""
    return [(e.path, content) for e, content in BundleReader(name, io.BytesIO(data)).artifacts()]
