"""While a slice is signed whole: how often it is looked for what cannot wait."""

from datetime import timedelta
from itertools import count

from signer.meanwhile import Meanwhile
from tests.authority import NOW

SECOND = timedelta(seconds=1)


def made_at(takes: int, facts_per_second: int) -> list[int]:
    """The seconds at which something was made, when it takes so long, in 20 seconds of signing in batches of one."""
    now, made = [0], list[int]()

    def make() -> bool:
        made.append(now[0])
        now[0] += takes
        return True

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
    meanwhile = Meanwhile(lambda: NOW + next(seconds) * SECOND, 7, lambda: 8, lambda: made.append("made") or True)
    for _ in range(3):
        meanwhile()
    assert made == ["made"]


def test_what_had_to_wait_for_the_next_second_is_made_in_it() -> None:
    """Before the slice was begun, or in between: no fact comes that would say so again."""
    seconds, made = count(), list[bool]()
    said = iter((False, True))

    def make() -> bool:
        made.append(next(said))
        return made[-1]

    meanwhile = Meanwhile(lambda: NOW + next(seconds) * SECOND, None, lambda: 8, make)
    for _ in range(6):
        meanwhile()
    assert made == [False, True]
