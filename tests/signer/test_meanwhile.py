"""While a slice is signed whole: how often it is looked for what cannot wait."""

from datetime import timedelta
from itertools import count

from signer.meanwhile import Meanwhile
from tests.authority import NOW

SECOND = timedelta(seconds=1)


def made_at(takes: int, facts_per_second: int) -> list[int]:
    """The seconds at which something was made, when it takes so long, in 20 seconds of signing in batches of one."""
    now, made = [0], list[int]()

    def make() -> None:
        made.append(now[0])
        now[0] += takes

    meanwhile = Meanwhile(lambda: NOW + now[0] * SECOND, 0, lambda: now[0] * facts_per_second, make)
    while now[0] < 20:
        meanwhile()
        meanwhile()
        now[0] += 1
    return made


def test_news_is_made_once_in_each_second_and_nothing_without_news() -> None:
    """thisUpdate rises by whole seconds; the second in which the slice was read has passed."""
    assert made_at(takes=0, facts_per_second=5) == list(range(1, 20))
    assert made_at(takes=0, facts_per_second=0) == []


def test_slice_goes_on_for_as_long_as_what_was_made_took() -> None:
    """CRLs of three seconds and facts that keep coming do not hold it up for ever."""
    assert made_at(takes=3, facts_per_second=1) == [1, 7, 13, 19]


def test_fact_of_before_the_slice_was_begun_is_news_when_the_look_did_not_know_it() -> None:
    """It came when what is due had been found: nobody else makes it before the slice ends."""
    seconds, made = count(), list[str]()
    meanwhile = Meanwhile(lambda: NOW + next(seconds) * SECOND, 7, lambda: 8, lambda: made.append("made"))
    for _ in range(3):
        meanwhile()
    assert made == ["made"]
