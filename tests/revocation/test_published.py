"""The status of a target: a cache that may be forged, so it is either of the right form or as good as none."""

import pytest
from pydantic import ValidationError

from revocation.artifacts import Kind
from revocation.published import CRLRow, SliceRow, TargetStatus
from tests.authority import NOW

CRL = {
    "issuer": "1a2b3c4d",
    "label": "all",
    "number": 7,
    "revision": 3,
    "this_update": NOW,
    "next_update": NOW,
    "renew_at": NOW,
    "sha256": "00" * 32,
    "size": 400,
}
SLICE = {
    "issuer": "1a2b3c4d",
    "slice": 2,
    "revision": 3,
    "this_update": NOW,
    "next_update": NOW,
    "renew_at": NOW,
    "count": 9,
}


def test_status_survives_its_text() -> None:
    """One row per CRL and per slice."""
    status = TargetStatus(
        target="files",
        kinds=(Kind.CRL,),
        updated_at=NOW,
        crls=[CRLRow.model_validate(CRL)],
        slices=[SliceRow.model_validate(SLICE)],
    )
    assert TargetStatus.model_validate_json(status.model_dump_json()) == status


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "seven"},
        {"number": 1 << 160},
        {"revision": 10**30},
        {"label": "../all"},
        {"this_update": NOW.replace(tzinfo=None)},
        {"certificates": []},
    ],
    ids=["number", "large number", "large revision", "label", "zone", "unknown"],
)
def test_row_of_another_form_is_refused(changed: dict[str, object]) -> None:
    """A forged row ends as an error where it is read, and not as a comparison that fails somewhere later."""
    CRLRow.model_validate(CRL)
    with pytest.raises(ValidationError):
        CRLRow.model_validate(CRL | changed)
