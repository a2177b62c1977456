"""A line goes into the table that it is for, whatever the file looks like, and nothing else changes."""

import tomllib

import pytest

from revocation.crlspec import LastCRL
from revocation.errors import InputError
from signer.issuers.inserting import with_last_crl

PUBLIC = '[public]\nbase_url = "http://x"\n[[public.issuers]]\nname = "root"\n[[public.issuers]]\nname = "sub" # mine\n'


def inserted(text: str, *, limited: bool = False) -> str:
    """What becomes of a file when `sub` is retired."""
    return with_last_crl(text.encode(), "sub", LastCRL.EXPIRY, limited=limited)[0].decode()


def test_line_stands_in_the_table_of_its_issuer_and_all_else_stays() -> None:
    """Comments, order, what other issuers have."""
    assert inserted(PUBLIC + "# end") == PUBLIC + 'last_crl = "expiry"\n# end'


@pytest.mark.parametrize(
    "before",
    [
        '[jobs]\nnote = """\n[[public.issuers]]\nname = "sub"\n"""\n',
        '[[signer.issuers]]\nname = "sub"\n',
        '[[signer.requesters]]\n  name="sub"\n',
        '# name = "sub"\n',
    ],
)
def test_what_only_looks_like_the_table_stays_as_it_is(before: str) -> None:
    """A string of several lines, another table, a comment."""
    assert inserted(before + PUBLIC) == before + PUBLIC + 'last_crl = "expiry"\n'


def test_file_with_carriage_returns_says_the_same_and_the_line() -> None:
    """As an editor of another system leaves it."""
    text = PUBLIC.replace("\n", "\r\n")
    assert tomllib.loads(inserted(text)) == tomllib.loads(inserted(PUBLIC))
    assert text.rstrip() in inserted(text)


@pytest.mark.parametrize(
    ("signer", "wanted"),
    [
        ("[signer]\n", '[signer]\n\n[signer.limits]\nlast_crl = "expiry"\n'),
        (
            '[signer]\n[signer.limits]\ncrl_validity = "9d"',
            '[signer]\n[signer.limits]\nlast_crl = "expiry"\ncrl_validity = "9d"',
        ),
        (
            '[signer]\n[signer.limits]\nlast_crl = "never"\n',
            '[signer]\n[signer.limits]\nlast_crl = "never"\n',
        ),
    ],
)
def test_limit_is_put_where_none_stands(signer: str, wanted: str) -> None:
    """Into its table, or with one of its own; one that stands there is what somebody meant."""
    assert inserted(PUBLIC + signer, limited=True) == PUBLIC + 'last_crl = "expiry"\n' + wanted


@pytest.mark.parametrize(
    "text",
    [
        'public.issuers = [{ name = "sub" }]\n',
        PUBLIC + '[signer]\nlimits = { crl_validity = "9d" }\n',
    ],
)
def test_table_in_braces_is_left_to_its_owner(text: str) -> None:
    """In words: which line goes where."""
    with pytest.raises(InputError, match="in braces") as refused:
        inserted(text, limited=True)
    assert 'write `last_crl = "expiry"` into it' in str(refused.value.advice)
