"""Times on a command line."""

import click
import pytest

from jobs.moment import Moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_text_that_is_no_time_in_utc_is_a_usage_error(text: str) -> None:
    """With the form that is expected, and no traceback."""
    with pytest.raises(click.BadParameter, match="write 2026-03-01T12:00:00Z"):
        Moment().convert(text, None, None)
