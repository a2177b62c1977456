"""The CRL number that a PKI folder tells: of what its CA has used, by `crlnumber` and by its CRL."""

import pytest

from revocation.errors import InputError
from tests.authority import Authority
from tests.signer.importers.issuing import crl, write_pem
from tests.signer.importers.layout import Layout


@pytest.mark.parametrize(
    ("crlnumber", "on_the_crl", "floor"),
    [
        (None, None, None),
        ("1001\n", None, 0x1000),
        ("1001\r\n", 7, 0x1000),
        ("02", 7, 7),
        (None, 7, 7),
        ("01", None, 0),
        ("00", None, None),
        ("FF" * 20, 7, (1 << 160) - 2),
    ],
)
def test_crl_number_floor_is_the_highest_that_was_used(
    layout: Layout, authority: Authority, crlnumber: str | None, on_the_crl: int | None, floor: int | None
) -> None:
    """`crlnumber` has the next one in store, in hexadecimal; crl.pem has the one of the last CRL."""
    if crlnumber is not None:
        (layout.path / "crlnumber").write_text(crlnumber)
    if on_the_crl is not None:
        write_pem(layout.path / "crl.pem", crl(authority, [], on_the_crl))
    assert layout.read(layout.path, layout.issuer).crl_number == floor


def test_crl_without_a_number_gives_no_floor(layout: Layout, authority: Authority) -> None:
    """Easy-RSA's have none."""
    write_pem(layout.path / "crl.pem", crl(authority, [], None))
    assert layout.read(layout.path, layout.issuer).crl_number is None


@pytest.mark.parametrize("text", ["", "ten", "0x", "1001 1002", "\u0661"])
def test_crl_number_that_is_none_is_named(layout: Layout, text: str) -> None:
    """One hexadecimal number is expected."""
    (layout.path / "crlnumber").write_text(text)
    with pytest.raises(InputError, match="is not a CRL number: expected one hexadecimal number") as caught:
        layout.read(layout.path, layout.issuer)
    assert caught.value.where == str(layout.path / "crlnumber")


def test_foreign_crl_in_the_folder_is_named(layout: Layout, impostor: Authority) -> None:
    """Its number would be another CA's."""
    write_pem(layout.path / "crl.pem", crl(impostor, []))
    with pytest.raises(InputError, match="signature was not made with the key of issuer importing") as caught:
        layout.read(layout.path, layout.issuer)
    assert caught.value.where == str(layout.path / "crl.pem")
