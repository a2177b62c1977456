"""Bundles that are right by default, put into an exchange as the signer does."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from revocation import serials
from revocation.artifacts import Kind
from revocation.bundle import Entry, Manifest, write_bundle
from revocation.bundle.manifest import bundle_name
from revocation.part import Part
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.ca import CA

DAY = timedelta(days=1)


def put_crl(
    exchange: Path,
    ca: CA,
    sequence: int,
    data: bytes,
    *,
    label: str = "all",
    revision: int = 1,
    this_update: datetime = NOW,
    number: int | None = None,
    departed: Mapping[int, str] | None = None,
) -> str:
    """A bundle with one CRL; returns its name. Before it another, if `departed` says why serials left it."""
    part = Part(issuer=ca.issuer.id, kind=Kind.CRL, label=label)
    files = {f"crl/{part.issuer}/{label}.crl": data}
    if departed:
        put_departed(exchange, ca, sequence, departed)
    return put(exchange, part, sequence, files, revision=revision, this_update=this_update, crl_number=number)


def put_departed(exchange: Path, ca: CA, sequence: int, departed: Mapping[int, str], day: datetime = NOW) -> str:
    """A bundle that says why serials left: `released`, `expired TIME`; returns its name."""
    lines = "".join(f"{serials.from_int(serial).hex().upper()} {why}\n" for serial, why in departed.items())
    return put_departed_text(exchange, ca, sequence, lines.encode(), day)


def put_departed_text(exchange: Path, ca: CA, sequence: int, text: bytes, day: datetime = NOW) -> str:
    """A bundle that says something in the place of why serials left; returns its name."""
    part = Part(issuer=ca.issuer.id, kind=Kind.DEPARTED, label=f"{day:%Y%m%d}.{sequence}")
    return put(exchange, part, sequence, {f"departed/{part.issuer}/{part.label}.txt": text}, this_update=day)


def put_slice(
    exchange: Path,
    ca: CA,
    sequence: int,
    responses: Sequence[bytes],
    *,
    slice_: int = 0,
    base_revision: int = 0,
    revision: int = 1,
    this_update: datetime = NOW,
    chunk: int = 1000,
) -> str:
    """A bundle with the responses of a slice, `chunk` of them in a file; returns its name."""
    part = Part(issuer=ca.issuer.id, kind=Kind.OCSP, label=str(slice_))
    chunks = [b"".join(responses[start : start + chunk]) for start in range(0, len(responses), chunk)]
    files = {f"ocsp/{part.issuer}/{slice_}-{n:05d}.ders": data for n, data in enumerate(chunks)}
    said = {"base_revision": base_revision, "revision": revision}
    return put(exchange, part, sequence, files, this_update=this_update, **said)


def put(exchange: Path, part: Part, sequence: int, files: Mapping[str, bytes], /, **manifest: object) -> str:
    """A bundle with these files; `manifest` are fields that differ from what is usual. Returns its name."""
    name = bundle_name(sequence, part)
    this_update = manifest.get("this_update", NOW)
    assert isinstance(this_update, datetime)
    said = {
        "bundle": name,
        "part": part,
        "base_revision": 0,
        "revision": 1,
        "this_update": this_update,
        "next_update": this_update + DAY,
        "entries": tuple(
            Entry(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data), count=1)
            for path, data in files.items()
        ),
        **manifest,
    }
    contents = {path: io.BytesIO(data) for path, data in files.items()}
    FolderExchange(exchange).put(name, lambda out: write_bundle(Manifest.model_validate(said), contents, out))
    return name
