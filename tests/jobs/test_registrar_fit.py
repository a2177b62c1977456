"""A registrar whose certificates name this machine alone: `status` and `check` say so, for scripts too."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.check import check
from tests.jobs.present import Present
from tests.jobs.site import Site

REGISTRAR = '\n[registrar]\nurl = "{}"\n[[registrar.issuers]]\nname = "test"\n{} = true\n'


def configure(config: Path, base_url: str, url: str, offers: str) -> None:
    """Where CRLs and OCSP are, and a registrar."""
    before = config.read_text()
    (line,) = [line for line in before.splitlines() if line.startswith("base_url = ")]
    config.write_text(before.replace(line, f'base_url = "{base_url}"') + REGISTRAR.format(url, offers))


CASES = [
    ("http://localhost:8889", "https://ca.home.arpa:8890", "acme", 1),
    ("http://[::1]:8889", "https://ca.home.arpa:8890", "api", 1),
    ("http://ca.home.arpa:8889", "https://ca.home.arpa:8890", "acme", 0),
    ("http://localhost:8889", "https://localhost:8890", "acme", 0),
    ("http://localhost:8889", "https://ca.home.arpa:8890", "contacts_off", 0),
]


@pytest.mark.parametrize(("base_url", "url", "offers", "count"), CASES)
def test_status_advises_on_a_base_url_that_clients_cannot_reach(
    present: Present, base_url: str, url: str, offers: str, count: int
) -> None:
    """Where ACME or the API is on, and clients come from elsewhere; it changes no exit code."""
    configure(present.config, base_url, url, offers)
    told = json.loads(present.run("status", "--json", "--no-signer").stdout)["advice"]
    assert [line for line in told if f"certificates name {base_url} for CRLs and OCSP" in line] == told
    assert len(told) == count


@pytest.mark.parametrize("as_json", [False, True])
def test_check_warns_of_a_base_url_that_clients_cannot_reach(site: Site, as_json: bool) -> None:
    """1, WARNING, beside what it fetched from elsewhere."""
    config = site.estate.folder / "revocast.toml"
    configure(config, "http://127.0.0.1:8889", "https://ca.home.arpa:8890", "acme")
    arguments = ["--config", str(config), "--base-url", site.base, *(["--json"] if as_json else [])]
    said = CliRunner().invoke(check, arguments).stdout
    if as_json:
        assert {"WARNING"} == {one["level"] for one in json.loads(said)["findings"] if one["what"] == "base_url"}
    else:
        assert "warning  base_url: certificates name http://127.0.0.1:8889 for CRLs and OCSP" in said
