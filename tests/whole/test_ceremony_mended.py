"""Ceremonies after something was lost, with real processes: a requester's key, or the online ledger."""

import re
import shutil
from pathlib import Path

import pytest

from revocation.messages import RequesterKey
from tests.whole.ceremonies import Site

pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl"), pytest.mark.long]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two machines; a ceremony was held, and 0x11 is revoked."""
    site = Site.build(tmp_path / "site")
    site.run(site.online, "import", "../issued")
    site.run(site.online, "revoke", "11", "--reason", "keyCompromise", code=4)
    site.hold("first")
    return site


def rebuild(site: Site) -> None:
    """Lose the ledger and the exchange online, without a backup, and make another ledger from what is published."""
    for file in site.online.glob("ledger.sqlite*"):
        file.unlink()
    shutil.rmtree(site.online / "exchange")
    (crl,) = (site.online / "public/www/crl").rglob("all.crl")
    site.run(site.online, "ledger", "rebuild", str(crl))


def test_what_waits_when_a_stolen_requesters_key_is_replaced_is_asked_for_again(site: Site) -> None:
    """The ceremony refuses the old signature and says what to do, and openssl sees what comes of it."""
    site.run(site.online, "revoke", "12", "--reason", "cACompromise", code=4)
    other = RequesterKey.generate()
    (site.online / "operator.key").unlink()
    other.save(site.online / "operator.key")
    for machine in (site.online, site.offline):
        file = machine / "revocast.toml"
        file.write_text(re.sub('public_key = ".*"', f'public_key = "{other.public}"', file.read_text()))
    digest = site.request("second.json")
    refused = site.sign("second.json", digest, "second", code=1)
    (message,) = re.findall("--leave-out ([0-9a-f]{32})", refused)
    site.sign("second.json", digest, "second", "--leave-out", message)
    site.run(site.online, "ceremony", "accept", "../stick/second", "--leave-out", message)
    site.run(site.online, "publish")
    assert f"message {message}: was left out" in re.sub(r"\s+", " ", site.run(site.online, "status"))
    assert "is not revoked" in site.run(site.online, "raise", "12", "--reason", "keyCompromise", code=1)
    site.run(site.online, "revoke", "12", "--reason", "cACompromise", code=4)
    site.hold("third")
    assert [site.verdict(serial) for serial in (0x11, 0x12, 0x13)] == ["revoked", "revoked", "good"]
    assert "was left out" not in site.run(site.online, "status")


def test_ledger_that_was_rebuilt_takes_in_the_last_folder_and_goes_on(site: Site) -> None:
    """What was lost of the exchange is there again, and the next ceremony needs no option."""
    rebuild(site)
    assert "bundles put into" in site.run(site.online, "ceremony", "accept", "../stick/first")
    site.run(site.online, "import", "../issued")
    site.run(site.online, "revoke", "12", "--reason", "keyCompromise", code=4)
    site.hold("second")
    assert [site.verdict(serial) for serial in (0x11, 0x12, 0x13)] == ["revoked", "revoked", "good"]


def test_ledger_that_was_rebuilt_goes_on_without_the_last_folder(site: Site) -> None:
    """The request says which option it takes: the offline ledger has what was recorded before."""
    rebuild(site)
    refused = site.run(site.online, "ceremony", "request", "--out", "../stick/second.json", code=1)
    assert "--copied-ledger too, with the offline ledger as it is" in refused
    digest = site.request("second.json", "--copied-ledger")
    site.sign("second.json", digest, "second")
    site.run(site.online, "ceremony", "accept", "../stick/second")
    site.run(site.online, "publish")
    assert site.listed() == {0x11}
