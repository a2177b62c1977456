"""How many OCSP slices an issuer should have."""

from pathlib import Path

import pytest

from revocation.config import PublicConfig
from revocation.slicing import too_large
from tests.estate import Estate


@pytest.mark.parametrize(
    ("configured", "largest", "responses", "advised"),
    [
        ("", 2 * 10_000, 2 * 160_000, None),
        ("", 2 * 10_001, 2 * 160_000, 40),
        ("one_signature = true", 10_001, 1_000_001, 251),
        ('hashes = ["sha1"]', 62_500, 1_000_000, 250),
        ("slices = 250", 2 * 10_001, 2 * 1_000_000, None),
        ("slices = 65536", 2 * 10_001, 2 * 1_000_000_000, None),
    ],
)
def test_slices_of_more_than_ten_thousand_certificates_are_to_be_of_four(
    tmp_path: Path, configured: str, largest: int, responses: int, advised: int | None
) -> None:
    """Responses are counted, of which a certificate may have two; where more slices would not help nothing is said."""
    estate = Estate.build(tmp_path / "e", public=f"[public.ocsp]\n{configured}\n")
    (profile,) = PublicConfig.read(estate.file).profiles.values()
    said = too_large(profile, largest, responses)
    assert (said is None) == (advised is None)
    assert advised is None or f", to {advised}, also where" in (said or "")
