"""What clients say is held against the ledger of every certificate that they were to be asked about."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agreement import Parties
from tests.e2e.servers import Verdict

LEDGER: Mapping[int, Verdict] = {1: None, 2: (1_800_000_000, 1), 3: None}
FILES = {serial: Path(f"{serial}.pem") for serial in LEDGER}
NO_VERDICT = "Error querying OCSP responder\n"


class Says:
    """A program that says what it was told to, by file."""

    def __init__(self, said: Mapping[Path, str]) -> None:
        self._said = said

    def openssl(self, certificate: Path) -> str:
        return self._said[certificate]

    def ocsptool(self, certificate: Path) -> str:
        return self._said[certificate]

    def curl(self, certificate: Path, _: int) -> str:
        return self._said[certificate]


def parties(second: str, third: str = "good") -> Parties:
    """Whose programs say this of the second and third certificate, and good of the first."""
    nobody: Any = None
    programs: Any = {"1": Says({FILES[1]: "good", FILES[2]: second, FILES[3]: third})}
    return Parties({}, nobody, nobody, programs, FILES)


def test_openssl_is_asked_about_every_certificate_and_counted() -> None:
    """Who agrees about all of them is no problem, and the report says how many there were."""
    those = parties("revoked")
    assert list(those.by_openssl(LEDGER, random.Random(1))) == []
    assert those.verdicts == {"openssl ocsp": len(LEDGER)}


@pytest.mark.parametrize("said", ["good", NO_VERDICT])
def test_openssl_that_says_anything_else_of_one_certificate_is_a_problem(said: str) -> None:
    """Another status, and none at all."""
    assert list(parties(said).by_openssl(LEDGER, random.Random(1))) == [f"openssl ocsp says of 2: {said}"]


def test_ocsptool_and_curl_are_held_against_the_ledger_each() -> None:
    """A certificate that is good, and is said to be revoked."""
    those = parties("revoked", "revoked")
    problems = list(those.by_others(LEDGER, [2, 3], random.Random(1)))
    assert problems == ["ocsptool says of 3: revoked", "curl says of 3: revoked"]
    assert those.verdicts == {"ocsptool": 2, "curl": 2}
