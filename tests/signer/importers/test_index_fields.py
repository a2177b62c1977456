"""Dates and revocations as index.txt spells them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation import der
from revocation.clock import from_epoch
from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.importers.index_fields import parse_revocation, parse_time

AT = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
SINCE = datetime(2023, 12, 31, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "year"),
    [("490101000000Z", 2049), ("500101000000Z", 1950), ("990101000000Z", 1999), ("000101000000Z", 2000)],
)
def test_two_digit_year_turns_at_fifty(text: str, year: int) -> None:
    """UTCTime covers 1950 to 2049 (RFC 5280 section 4.1.2.5.1)."""
    assert parse_time(text) == datetime(year, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20500101000000Z", datetime(2050, 1, 1, tzinfo=UTC)),
        ("99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("20240229235958Z", AT),
    ],
)
def test_four_digit_year_is_taken_as_it_is(text: str, moment: datetime) -> None:
    """GeneralizedTime, through the date that stands for no well-defined end."""
    assert parse_time(text) == moment


@given(st.integers(min_value=int(datetime(1950, 1, 1, tzinfo=UTC).timestamp()), max_value=253402300799))
def test_time_that_a_certificate_can_have_is_read(seconds: int) -> None:
    """Whatever `openssl ca` copies out of a certificate is read back to the second."""
    moment = from_epoch(seconds)
    encoded = der.time(moment)
    _, start, _ = der.read(encoded)
    assert parse_time(encoded[start:].decode()) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "240229235958",
        "2402292359Z",
        "240230000000Z",
        "230229000000Z",
        "241301000000Z",
        "240101240000Z",
        "240101006000Z",
        "240101000060Z",
        "+40101000000Z",
        "24 101000000Z",
        "\uff12\uff140101000000Z",
        "240101000000+0100",
        "20240101000000.5Z",
        "00000101000000Z",
        "soon",
    ],
)
def test_date_of_another_form_is_refused(text: str) -> None:
    """The message says what was found and which forms there are."""
    with pytest.raises(InputError, match="is not a date: expected YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("240229235958Z", Revocation(AT)),
        ("20240229235958Z", Revocation(AT)),
        ("240229235958Z,unspecified", Revocation(AT)),
        ("240229235958Z,keyCompromise", Revocation(AT, Reason.keyCompromise)),
        ("240229235958Z,CACompromise", Revocation(AT, Reason.cACompromise)),
        ("240229235958Z,affiliationChanged", Revocation(AT, Reason.affiliationChanged)),
        ("240229235958Z,superseded", Revocation(AT, Reason.superseded)),
        ("240229235958Z,cessationOfOperation", Revocation(AT, Reason.cessationOfOperation)),
        ("240229235958Z,certificateHold", Revocation(AT, Reason.certificateHold)),
        ("240229235958Z,privilegeWithdrawn", Revocation(AT, Reason.privilegeWithdrawn)),
        ("240229235958Z,AACompromise", Revocation(AT, Reason.aACompromise)),
        ("240229235958Z,KEYCOMPROMISE", Revocation(AT, Reason.keyCompromise)),
        ("240229235958Z,holdInstruction,1.2.840.10040.2.2", Revocation(AT, Reason.certificateHold)),
        ("240229235958Z,holdInstruction,holdInstructionReject", Revocation(AT, Reason.certificateHold)),
        ("240229235958Z,keyTime,20231231010203Z", Revocation(AT, Reason.keyCompromise, SINCE)),
        ("240229235958Z,CAkeyTime,20231231010203Z", Revocation(AT, Reason.cACompromise, SINCE)),
    ],
)
def test_revocation_is_read_in_every_form_of_openssl(text: str, expected: Revocation) -> None:
    """A hold instruction is a certificateHold, a compromise time an invalidity date."""
    assert parse_revocation(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("240229235958Z,removeFromCRL", "removeFromCRL is no reason.*starts with V"),
        ("240229235958Z,removeFromCRL,", "is not how a revocation is written"),
        ("240229235958Z,stolen", "'stolen' is not a revocation reason"),
        ("240229235958Z,", "'' is not a revocation reason"),
        ("240229235958Z,keyCompromise,20231231010203Z", "is not how a revocation is written.*date,keyTime"),
        ("240229235958Z,holdInstruction", "is not how a revocation is written"),
        ("240229235958Z,holdInstruction,", "is not how a revocation is written"),
        ("240229235958Z,keyTime", "is not how a revocation is written"),
        ("240229235958Z,keyTime,231231010203Z", "is not how a revocation is written"),
        ("240229235958Z,keyTime,20231331010203Z", "is not a date"),
        ("240229235958Z,CAkeyTime,20231231010203Z,more", "is not how a revocation is written"),
        (",keyCompromise", "is not a date"),
        ("keyCompromise", "is not a date"),
    ],
)
def test_revocation_of_another_form_is_refused(text: str, message: str) -> None:
    """Half a form is not taken for another one."""
    with pytest.raises(InputError, match=message):
        parse_revocation(text)
