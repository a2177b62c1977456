"""A series by the commands of both machines: what people are shown, and what monitoring is told."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.whole.ceremonies import Site
from tests.whole.test_ceremony_page import PAGE, of_any_day

pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl"), pytest.mark.long]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two machines whose ceremonies sign a year of CRLs."""
    site = Site.build(tmp_path / "site")
    for machine in (site.online, site.offline):
        file = machine / "revocast.toml"
        old, new = 'expires = "200d"\nrenewal = "1d"\nlook = "95d"\n', 'expires = "40d"\n'
        series = 'series = { count = 12, every = "30d" }\n'
        text = file.read_text().replace(f"[public.crl]\n{old}", f"[public.crl]\n{new}{series}")
        assert series in text
        key = 'passphrase = "file:passphrase"\n'
        text = text.replace("[signer.limits]\n", '[signer.limits]\ndirect_ocsp_validity = "370d"\n')
        file.write_text(text.replace(key, f'{key}limits = {{ crl_ahead = "330d" }}\n'))
    site.run(site.online, "import", "../issued")
    return site


def test_series_is_shown_signed_taken_in_and_held(site: Site) -> None:
    """The trade-off is said by both commands; nothing held is trouble for `publish` or `status`."""
    site.run(site.online, "revoke", "12", "--reason", "keyCompromise", code=4)
    asked = site.run(site.online, "ceremony", "request", "--out", "../stick/first.json")
    assert "hides what is revoked after it" in asked
    (digest,) = re.findall(r"^(sha256:[0-9a-f]{64})$", asked, re.M)
    shown = site.sign("first.json", digest, "first")
    assert "a series of 12: number " in shown
    assert "it hides what is revoked after this ceremony" in shown
    assert "it hides what is revoked after this ceremony" in (site.stick / "first/transcript.txt").read_text()
    accepted = site.run(site.online, "ceremony", "accept", "../stick/first")
    assert len(re.findall(r"^  root: CRL number [0-9]+, ", accepted, re.M)) == 12
    published = site.run(site.online, "publish")
    assert len(re.findall("passed, and is held until it begins at ", published)) == 11
    assert [site.verdict(serial) for serial in (0x11, 0x12)] == ["good", "revoked"]
    assert "held" not in site.run(site.online, "publish")
    status = json.loads(site.run(site.online, "status", "--json", "--timeout", "60"))
    assert (status["exit_code"], status["held"], status["alarms"]) == (0, [], [])
    (series,) = status["series"]
    assert (series["target"], series["crl"], series["held"], series["trouble"]) == ("files", "all", 11, None)
    assert "11 are held, the next is released at" in site.run(site.online, "status", "--timeout", "60")
    assert "revocast_series_held{" in site.run(site.online, "status", "--prometheus", "--timeout", "60")
    site.run(site.online, "revoke", "13", "--reason", "keyCompromise", code=4)
    site.hold("second")
    assert [site.verdict(serial) for serial in (0x11, 0x12, 0x13)] == ["good", "revoked", "revoked"]


def test_commands_print_of_a_series_what_the_page_shows(site: Site) -> None:
    """docs/ceremony.md, with what it leaves out between: digests, times and numbers are those of the day."""
    site.run(site.online, "revoke", "12", "--reason", "keyCompromise", code=4)
    digest = site.request("year.json")
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE.read_text().partition("\n## Series\n")[2], re.M | re.S)
    commands = re.findall(r"^(online|offline)\$ revocast (.*)\n((?:(?!o.*line\$).*\n)*)", block, re.M)
    assert [command.split(" --")[0] for _, command, _ in commands] == [
        "ceremony sign ../stick/year.json",
        "ceremony accept ../stick/year",
        "publish",
        "status",
    ]
    for machine, command, expected in commands:
        arguments = shlex.split(re.sub(r"sha256:[0-9a-f]{64}", digest, command))
        shown = " ".join(of_any_day(site.run(site.folder / machine, *arguments)).split())  # status breaks lines
        for part in of_any_day(expected).split("…"):
            assert " ".join(part.split()) in shown, command
