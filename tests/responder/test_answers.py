"""Which answer a request gets, apart from how it arrives."""

from datetime import timedelta

from responder.answers import ErrorAnswer, answer
from responder.lmdbsource import LMDBSource
from tests.authority import NOW
from tests.responder.asking import request
from tests.responder.filling import GOOD, Filling


def test_response_that_begins_later_is_answered_with_try_later(source: LMDBSource, filling: Filling) -> None:
    """Our clock is six minutes slow, or the signer's fast: clients would reject what is not valid yet."""
    asked = request(filling.cert_id(GOOD))
    assert answer(asked, source, NOW - timedelta(minutes=6)).answer is ErrorAnswer.TRY_LATER
    assert answer(asked, source, NOW - timedelta(minutes=5)).answer == source.find(filling.cert_id(GOOD), NOW)
