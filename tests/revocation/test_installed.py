"""Which extra brings which library: the table against pyproject.toml, and what it makes of an error."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from revocation.errors import NotInstalled
from revocation.installed import EXTRAS, named

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def required(extra: str) -> set[str]:
    """The distributions that an extra names."""
    wanted = PROJECT["optional-dependencies"][extra]
    return {re.split(r"[^\w-]", one)[0] for one in wanted} - {PROJECT["name"]}


def test_table_of_libraries_says_what_the_extras_bring() -> None:
    """Nothing that an extra names is missing from it, and nothing is said of an extra that does not name it."""
    distribution = {library: found[0].lower() for library, found in packages_distributions().items()}
    said = {(distribution[library], extra) for library, extras in EXTRAS.items() for extra in extras}
    assert said == {(one, extra) for extra in PROJECT["optional-dependencies"] for one in required(extra)}


@pytest.mark.parametrize(
    ("missing", "extra", "advised"),
    [
        ("lmdb", "jobs", "jobs"),
        ("redis.retry", "publisher", "publisher"),
        ("lmdb", "signer", "publisher"),
        ("boto3", "jobs", "s3"),
        ("flask", "embedded", "embedded"),
        ("signer", "signer", "signer"),
    ],
)
def test_error_names_the_library_and_an_extra_that_brings_it(missing: str, extra: str, advised: str) -> None:
    """That of who needs it, where it does; a room that is not there is brought by its own."""
    with pytest.raises(NotInstalled, match=f"it needs {missing.partition('.')[0]}, which") as told, named("it", extra):
        raise ModuleNotFoundError(name=missing)
    assert told.value.advice == f"pip install 'revocast[{advised}]'"


def test_module_of_ours_that_is_missing_stays_a_defect() -> None:
    """No extra brings it: to advise one would send whoever has to mend it astray."""
    with pytest.raises(ModuleNotFoundError), named("it", "jobs"):
        raise ModuleNotFoundError(name="jobs.none_such")
