"""When an artifact may be published."""

from datetime import timedelta

import pytest

from publisher.window import check_window
from revocation.errors import GateError, NotYetValid
from tests.authority import NOW

SECOND = timedelta(seconds=1)


def test_window_that_ends_before_it_begins_is_refused_and_not_held() -> None:
    """Waiting would not make it better."""
    with pytest.raises(GateError, match="is not after its thisUpdate") as caught:
        check_window(NOW + 60 * SECOND, NOW + 60 * SECOND, NOW)
    assert not isinstance(caught.value, NotYetValid)


def test_window_holds_from_its_first_second_to_before_its_last() -> None:
    """thisUpdate is in it, nextUpdate is not."""
    check_window(NOW, NOW + SECOND, NOW)
    with pytest.raises(GateError):
        check_window(NOW, NOW + SECOND, NOW + SECOND)
