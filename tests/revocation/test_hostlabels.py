"""Labels of host names that are reserved, or that stand for no name."""

import pytest

from revocation.hostlabels import unfit_label


@pytest.mark.parametrize(
    "host",
    ["example", "a--b.example", "*.a.example", "xn--bcher-kva.example", "*.xn--zca.example", "xn--55qx5d.xn--wgv71a"],
)
def test_host_is_fit(host: str) -> None:
    """Two hyphens elsewhere, and names in other scripts in their one form."""
    assert unfit_label(host) == ""


@pytest.mark.parametrize("host", ["ab--cd.example", "*.ab--.example", "a.----a.example"])
def test_reserved_label_is_unfit(host: str) -> None:
    """Hyphens in the third and fourth place."""
    assert "is reserved" in unfit_label(host)


@pytest.mark.parametrize(
    "label",
    ["xn--", "xn--a", "xn--0", "xn--abc", "xn--ls8h", "xn--zzzzzzz--", "xn--a-ecp", "xn--example-", "xn--99999999999"],
)
def test_label_that_stands_for_no_name_is_unfit(label: str) -> None:
    """It does not decode, to letters that IDNA lacks, or not back to itself."""
    assert "stands for no name" in unfit_label(f"www.{label}.example")
