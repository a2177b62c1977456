"""Bundles that are as they should be: what is written is what is read, by us and by any tar."""

import io
import json
import subprocess
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from revocation.artifacts import Kind
from revocation.bundle import BundleReader, write_bundle
from revocation.bundle.manifest import Manifest, bundle_name, is_bundle_name, part_of
from revocation.bundle.reader import split_responses
from revocation.der import DERError
from revocation.part import Part
from tests.authority import NOW
from tests.revocation.bundle import tars


def test_bundle_is_read_as_it_was_written() -> None:
    """Manifest and artifacts come back equal."""
    data = tars.bundle()
    assert BundleReader(tars.NAME, io.BytesIO(data)).manifest == tars.manifest(tars.entry())
    assert tars.read(data) == [(tars.PATH, tars.CRL)]


def test_bundle_without_artifacts_is_one_too() -> None:
    """A slice in which nothing changed still brings its revision forward."""
    part = Part(issuer="1a2b3c4d", kind=Kind.OCSP, label="3")
    name = bundle_name(43, part)
    out = io.BytesIO()
    write_bundle(tars.manifest(bundle=name, part=part, base_revision=7, revision=9, crl_number=None), {}, out)
    assert tars.read(out.getvalue(), name) == []


def test_bundle_is_the_same_bytes_every_time_and_says_nothing_of_the_machine(tmp_path: Path) -> None:
    """No owner, no mode, no time of the file: only what the manifest says."""
    content, out = tmp_path / "0", io.BytesIO()
    content.write_bytes(tars.CRL)
    content.chmod(0o600)
    with content.open("rb") as source:
        write_bundle(tars.manifest(tars.entry()), {tars.PATH: source}, out)
    assert out.getvalue() == tars.bundle()
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        told = {(member.mtime, member.mode, member.uid, member.gid, member.uname, member.gname) for member in tar}
    assert told == {(NOW.timestamp(), 0o644, 0, 0, "", "")}


def test_bundle_can_be_listed_with_any_tar(tmp_path: Path) -> None:
    """An operator needs nothing of ours to look into one; the manifest comes first."""
    (tmp_path / tars.NAME).write_bytes(tars.bundle())
    listed = subprocess.run(["tar", "tf", tmp_path / tars.NAME], check=True, capture_output=True, text=True).stdout
    assert listed.split() == ["manifest.json", tars.PATH]
    take = ["tar", "xOf", tmp_path / tars.NAME, "manifest.json"]
    assert json.loads(subprocess.run(take, check=True, capture_output=True).stdout)["format"] == 1


def test_writer_refuses_files_that_the_manifest_does_not_list() -> None:
    """Neither one more nor one less."""
    with pytest.raises(ValueError, match="not those of the manifest"):
        tars.bundle(files={tars.PATH: tars.CRL, "crl/1a2b3c4d/user.crl": tars.CRL})
    with pytest.raises(ValueError, match="not those of the manifest"):
        write_bundle(tars.manifest(tars.entry()), {}, io.BytesIO())


def test_writer_notices_a_file_that_shrank() -> None:
    """A bundle that would be short is an error where it is made."""
    with pytest.raises(OSError, match="unexpected end"):
        tars.bundle(files={tars.PATH: tars.CRL[:-1]})


def test_bundle_names_sort_in_the_order_of_the_ledger() -> None:
    """Numbers are padded, and names are told from temporary files."""
    parts = [tars.PART, Part(issuer="ffffffff", kind=Kind.OCSP, label="12")]
    names = [bundle_name(number, part) for number, part in zip((9, 10, 11, 10**11), parts * 2, strict=True)]
    assert names == sorted(names)
    assert all(is_bundle_name(name) for name in names)
    assert names[1] == "000000000010-ffffffff-ocsp-12.tar"


@pytest.mark.parametrize(
    "name",
    [
        "." + tars.NAME,
        tars.NAME + ".part",
        tars.NAME + "\n",
        "../" + tars.NAME,
        "/tmp/" + tars.NAME,
        "a/" + tars.NAME,
        tars.NAME.replace("crl", "issuer"),
        tars.NAME.upper(),
        "",
    ],
)
def test_other_names_are_not_bundle_names(name: str) -> None:
    """A name from a folder that others write to is never a path."""
    assert not is_bundle_name(name)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": Kind.CRL},
        {"kind": Kind.CRL, "label": "1"},
        {"kind": Kind.CRL, "label": "all", "slice": 1},
        {"kind": Kind.CRL, "label": "user.0"},
        {"kind": Kind.CRL, "label": "user.delta.7"},
        {"kind": Kind.CRL, "label": "../all"},
        {"kind": Kind.OCSP, "label": "all"},
        {"kind": Kind.OCSP, "label": "-1"},
        {"kind": Kind.OCSP, "label": "07"},
        {"kind": Kind.DEPARTED, "label": "all"},
        {"kind": Kind.DEPARTED, "label": "20261325.0"},
        {"kind": Kind.ISSUER, "label": "all"},
        {"kind": Kind.CRL, "label": "all", "issuer": "1A2B3C4D"},
    ],
)
def test_part_is_a_crl_or_a_slice_or_a_chunk_of_a_day(fields: dict[str, object]) -> None:
    """A CRL bundle has the label of a CRL, an OCSP bundle the number of a slice."""
    with pytest.raises(ValidationError):
        Part.model_validate({"issuer": "1a2b3c4d"} | fields)


def test_manifest_with_a_time_without_a_zone_is_refused() -> None:
    """It would be compared with times that have one."""
    with pytest.raises(ValidationError, match="timezone"):
        tars.manifest(this_update=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("field", ["base_revision", "revision", "crl_number"])
@pytest.mark.parametrize("number", [-1, 10**60])
def test_manifest_with_a_number_that_nobody_can_count_to_is_refused(field: str, number: int) -> None:
    """It would go on into status and messages, and end in a database that cannot hold it."""
    with pytest.raises(ValidationError, match=field):
        tars.manifest(**{field: number})


def test_name_says_which_part_it_is() -> None:
    """As it was made from."""
    for kind, label in ((Kind.CRL, "user.7.delta"), (Kind.OCSP, "12"), (Kind.DEPARTED, "20261125.3")):
        part = Part.model_validate({"issuer": "1a2b3c4d", "kind": kind, "label": label})
        assert part_of(bundle_name(7, part)) == part
        assert is_bundle_name(bundle_name(7, part))


def test_manifest_of_another_format_is_refused() -> None:
    """A later format is not guessed at."""
    with pytest.raises(ValidationError):
        tars.manifest(format=2)


def test_manifest_says_whether_it_needs_a_bundle_before_it() -> None:
    """Base revision 0 is complete."""
    whole: Manifest = tars.manifest(next_update=NOW + timedelta(hours=1))
    assert whole.complete
    assert not tars.manifest(base_revision=1).complete


def test_chunk_is_split_into_its_responses() -> None:
    """Concatenated DER values come back one by one, exactly."""
    assert list(split_responses(b"\x30\x01a\x30\x02bc")) == [b"\x30\x01a", b"\x30\x02bc"]
    assert list(split_responses(b"")) == []


@pytest.mark.parametrize("chunk", [b"\x30\x01a\x30\x02b", b"\x31\x01a", b"\x30\x01a\x00", b"a"])
def test_chunk_that_is_no_row_of_responses_is_an_error(chunk: bytes) -> None:
    """Cut, padded, or something else."""
    with pytest.raises(DERError):
        list(split_responses(chunk))
