"""Bundles that nobody vouches for: each is wrong in one way, and ends in a BundleError that names the bundle."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revocation.bundle import BundleReader
from revocation.errors import BundleError
from tests.revocation.bundle import tars

SPECIAL = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "folder": tarfile.DIRTYPE,
    "device": tarfile.CHRTYPE,
    "pipe": tarfile.FIFOTYPE,
}


def refuse(data: bytes, complaint: str | None = None, name: str = tars.NAME) -> None:
    """Reading raises a BundleError that says what is wrong and with which bundle."""
    with pytest.raises(BundleError, match=complaint) as caught:
        tars.read(data, name)
    assert name in (caught.value.where or "")


def test_honest_members_made_by_hand_are_accepted() -> None:
    """The tests below start from something that is right."""
    assert tars.read(tars.tar(tars.honest_members())) == [(tars.PATH, tars.CRL)]


@pytest.mark.parametrize("kind", SPECIAL)
def test_bundle_with_anything_but_files_is_refused(kind: str) -> None:
    """Whether the manifest lists it or not."""
    link = tars.member("crl/1a2b3c4d/user.crl", type=SPECIAL[kind], linkname="/etc/passwd")
    refuse(tars.tar([*tars.honest_members(), link]), "not a regular file")
    as_manifest = tars.member("manifest.json", type=SPECIAL[kind], linkname=tars.PATH)
    refuse(tars.tar([as_manifest, tars.member(tars.PATH, tars.CRL)]), "not a regular file")


@pytest.mark.parametrize("path", ["/etc/cron.d/x", "../x", "crl/../../x", "crl/1a2b3c4d/../../../x"])
def test_bundle_with_a_path_out_of_it_is_refused(path: str) -> None:
    """Absolute, or with a way up."""
    refuse(tars.tar([*tars.honest_members(), tars.member(path, b"x")]), "absolute path or leaves")


def test_bundle_with_a_file_twice_is_refused() -> None:
    """Which of the two would be meant? In the tar or in the manifest."""
    refuse(tars.tar([*tars.honest_members(), tars.member(tars.PATH, tars.CRL)]), "stands twice")
    said = tars.manifest(tars.entry(), tars.entry()).model_dump_json().encode()
    refuse(tars.tar([tars.member("manifest.json", said), tars.member(tars.PATH, tars.CRL)]), "lists a file twice")


def test_bundle_with_more_or_less_than_its_manifest_lists_is_refused() -> None:
    """A file nobody spoke of, or one that is not there."""
    refuse(tars.tar([*tars.honest_members(), tars.member("readme", b"x")]), "does not hold what the manifest lists")
    refuse(tars.tar(tars.honest_members()[:1]), "does not hold what the manifest lists")


def test_bundle_without_a_manifest_is_refused() -> None:
    """Also an empty tar."""
    refuse(tars.tar(tars.honest_members()[1:]), "no manifest")
    refuse(tars.tar([]), "no manifest")


@pytest.mark.parametrize(
    "said",
    [b"", b"{}", b"[]", b"\xff", b"{" * 100_000, b'{"format": 1, "entries": null}', b"null"],
    ids=["empty", "no fields", "list", "no text", "nested", "wrong fields", "null"],
)
def test_bundle_with_a_malformed_manifest_is_refused(said: bytes) -> None:
    """Not JSON, not an object, or nested beyond reason."""
    refuse(tars.tar([tars.member("manifest.json", said), tars.member(tars.PATH, tars.CRL)]))


def test_bundle_with_an_unknown_field_in_its_manifest_is_refused() -> None:
    """What this version does not understand, it does not pass over."""
    said = tars.manifest(tars.entry()).model_dump_json().encode()[:-1] + b',"urgent":true}'
    refuse(tars.tar([tars.member("manifest.json", said), tars.member(tars.PATH, tars.CRL)]), "urgent")


def test_bundle_with_the_manifest_of_another_is_refused() -> None:
    """A copy under another name would come back as new."""
    refuse(tars.tar(tars.honest_members()), "manifest is that of", "000000000099-1a2b3c4d-crl-all.tar")


def test_bundle_whose_bytes_changed_is_refused() -> None:
    """The digest of the manifest no longer fits."""
    data = tars.bundle()
    refuse(data.replace(tars.CRL, b"\x31" + tars.CRL[1:]), "digest")


def test_bundle_with_another_size_than_its_manifest_says_is_refused() -> None:
    """Longer or shorter."""
    refuse(tars.tar([tars.honest_members()[0], tars.member(tars.PATH, tars.CRL + b"x")]), "does not hold what")


def test_bundle_with_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A gigabyte is more than the CRL of any issuer: the file on disk is sparse, and none of it is touched."""
    size = (1 << 30) + 1
    said = tars.manifest(tars.entry(size=size)).model_dump_json().encode()
    path = tmp_path / tars.NAME
    with path.open("wb") as file:
        file.write(tars.member("manifest.json", said)[0].tobuf() + said + bytes(-len(said) % 512))
        file.write(tars.member(tars.PATH, size=size)[0].tobuf())
        file.truncate(file.tell() + size + 2048)
    with path.open("rb") as file, pytest.raises(BundleError, match="more than the 1073741824 that are accepted"):
        BundleReader(tars.NAME, file)


def test_bundle_with_a_huge_manifest_is_refused() -> None:
    """A megabyte is more than a million certificates need."""
    refuse(tars.tar([tars.member("manifest.json", b" " * ((1 << 20) + 1))]), "too large")


def test_bundle_with_ever_more_files_is_refused_early() -> None:
    """A list of members that would fill the memory."""
    refuse(tars.tar(tars.member(str(n)) for n in range(10_001)), "more than 10000 files")


def test_bundle_cut_anywhere_is_refused() -> None:
    """At every block, and in the middle of blocks; only the padding after the end may be missing."""
    data = tars.bundle()
    end = data.index(tars.CRL) + len(tars.CRL)
    for cut in [*range(0, end, 512), *range(7, end, 509), end - 1]:
        refuse(data[:cut])


def test_bundle_that_is_compressed_or_no_tar_is_refused() -> None:
    """A bundle is a plain tar: nothing is unpacked that could grow."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for info, data in tars.honest_members():
            file.addfile(info, io.BytesIO(data))
    refuse(out.getvalue(), "not a readable tar")
    refuse(b"")
    refuse(b"\x1f" * 4096, "not a readable tar")


@pytest.mark.parametrize("size", [-512, -1024, -1, -(1 << 40)])
@pytest.mark.timeout(10)
def test_bundle_with_a_negative_size_does_not_go_round_for_ever(size: int) -> None:
    """A base-256 size that leads the reader back to where it was."""
    info = tars.member("crl/1a2b3c4d/user.crl")[0]
    header = bytearray(info.tobuf())
    header[124:136] = b"\xff" + size.to_bytes(11, "big", signed=True)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:]) + 8 * 32)
    honest = tars.tar(tars.honest_members())
    refuse(bytes(header) + honest)
    refuse(honest[: honest.index(tars.CRL) + 512] + bytes(header) + honest)


def pax_header(content: bytes) -> bytes:
    """An extended header that precedes a member."""
    info = tars.member("././@PaxHeader", content, type=tarfile.XHDTYPE)[0]
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


@pytest.mark.parametrize(
    "content",
    [
        b"20 size=-1000000000\n",
        b"18 path=/etc/passwd\n"[:18],
        b"0 a=b\n",
        b"9" * 5000 + b" a=b\n",
        b"\xff" * 512,
        b"11 size=abc\n",
    ],
    ids=["negative size", "path", "zero", "many digits", "no text", "no number"],
)
@pytest.mark.timeout(10)
def test_bundle_with_an_odd_extended_header_is_refused(content: bytes) -> None:
    """Names and sizes from extended headers are no way around the checks."""
    honest = tars.tar(tars.honest_members())
    second = 512 + 512 * -(-len(tars.honest_members()[0][1]) // 512)
    data = honest[:second] + pax_header(content) + honest[second:]
    try:
        got = tars.read(data)
    except BundleError:
        return
    assert got == [(tars.PATH, tars.CRL)]


@pytest.mark.timeout(20)
def test_bundle_of_extended_headers_of_extended_headers_is_refused() -> None:
    """A chain that is read recursively ends in an error of ours and not in a crash of the publisher."""
    refuse(pax_header(b"6 a=b\n") * 5000 + tars.tar(tars.honest_members()))


@pytest.fixture(scope="module")
def honest() -> bytes:
    """A bundle that is right."""
    return tars.bundle()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=8))
def test_bundle_with_changed_octets_is_refused_or_reads_the_same(honest: bytes, changes: list[tuple[int, int]]) -> None:
    """Whatever is flipped: never another exception, never other artifacts."""
    data = bytearray(honest)
    for offset, octet in changes:
        data[offset % len(data)] = octet
    try:
        reader = BundleReader(tars.NAME, io.BytesIO(bytes(data)))
        got = [(e.path, content) for e, content in reader.artifacts()]
    except BundleError:
        return
    assert [path for path, _ in got] == [e.path for e in reader.manifest.entries]
    assert got in ([(tars.PATH, tars.CRL)], []) or data[:2000] != honest[:2000]
