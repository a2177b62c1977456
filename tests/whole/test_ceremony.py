"""The air gap, with real processes on both sides: what comes through it is published, what should not is refused."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.whole.ceremonies import Site

pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two machines; the online one knows the certificates of the root."""
    site = Site.build(tmp_path / "site")
    site.run(site.online, "import", "../issued")
    return site


def revoke(site: Site, serial: int, reason: str = "keyCompromise") -> None:
    """Record a revocation: it waits for a ceremony, and the requester is told so."""
    shown = site.run(site.online, "revoke", f"{serial:X}", "--reason", reason, code=4)
    assert "its key is offline: the next ceremony signs it" in shown
    assert "it waits for a ceremony" in shown
    assert "mend that" not in shown


def test_revocation_goes_through_the_air_gap_and_clients_see_it(site: Site) -> None:
    """openssl judges CRL and OCSP of two ceremonies; the second one says what it adds and removes, by reason."""
    revoke(site, 0x12)
    revoke(site, 0x13, "certificateHold")
    first = site.hold("first")
    assert "added keyCompromise: 1 (12)" in first
    assert "added certificateHold: 1 (13)" in first
    assert [site.verdict(serial) for serial in (0x11, 0x12, 0x13)] == ["good", "revoked", "revoked"]
    assert [site.answer(serial) for serial in (0x11, 0x12, 0x13)] == ["good", "revoked", "revoked"]
    site.run(site.online, "release", "13", code=4)
    revoke(site, 0x11, "superseded")
    before = site.number()
    second = site.hold("second")
    assert f"compared with number {before} of " in second
    assert "added superseded: 1 (11)" in second
    assert "removed, was certificateHold: 1 (13)" in second
    assert site.number() > before
    assert [site.verdict(serial) for serial in (0x11, 0x12, 0x13)] == ["revoked", "revoked", "good"]
    assert [site.answer(serial) for serial in (0x11, 0x12, 0x13)] == ["revoked", "revoked", "good"]
    site.run(site.online, "status", "--timeout", "60")


@pytest.mark.long
def test_revocation_has_the_date_that_its_requester_was_told(site: Site) -> None:
    """The ceremony may be weeks later: it is revoked since it was asked for, and not since it was signed."""
    revoke(site, 0x12)
    (asked,) = [
        line for line in site.run(site.online, "status", "--timeout", "60", code=1).splitlines() if "ceremony" in line
    ][:1]
    assert "2 messages since the beginning wait for a ceremony" in asked
    shown = site.hold("first")
    since = shown.partition("is revoked since ")[2][:20]
    (entry,) = site.served()
    assert entry.revocation_date_utc.strftime("%Y-%m-%dT%H:%M:%SZ") == since


def test_what_lies_on_the_stick_is_for_its_owner_alone(site: Site) -> None:
    """As far as its file system has owners: a CRL of a series is secret until it begins."""
    site.sign("one.json", site.request("one.json"), "one")
    modes = {place.name: place.stat().st_mode & 0o777 for place in (site.stick, *site.stick.rglob("*"))}
    files = {name: mode for name, mode in modes.items() if name not in ("stick", "one")}
    assert modes["one"] == 0o700
    assert len(files) > 3
    assert set(files.values()) == {0o600}


@pytest.mark.long
def test_lost_stick_is_made_up_for_in_either_direction(site: Site) -> None:
    """A lost request: the next one has it all. Lost bundles: written again to the octet, or superseded."""
    revoke(site, 0x12)
    site.request("lost.json")
    digest = site.request("second.json")
    site.sign("second.json", digest, "lost-bundles")
    again = site.sign("second.json", digest, "again")
    assert "already, and is written again" in again
    assert contents(site.stick / "again") == contents(site.stick / "lost-bundles")
    revoke(site, 0x13)
    shown = site.hold("third")
    assert "certificate 13 of root is revoked" in shown
    assert "certificate 12 of root is revoked" not in shown, "it was done at the ceremony whose bundles were lost"
    assert site.listed() == {0x12, 0x13}


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a ceremony."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.long
def test_replayed_and_older_requests_are_refused(site: Site) -> None:
    """None is signed a second time after another, and none that was made before the last."""
    older = site.request("older.json")
    revoke(site, 0x12)
    digest = site.request("first.json")
    site.sign("first.json", digest, "first")
    refused = site.sign("older.json", older, "older", code=1)
    assert "the last ceremony was that of a request of" in refused
    site.run(site.online, "ceremony", "accept", "../stick/first")
    site.hold("second")
    assert "this is a replay" in site.sign("first.json", digest, "replay", code=1)
    late = site.run(site.online, "ceremony", "accept", "../stick/first", code=1)
    assert "is older than the one that was accepted" in late
    assert not (site.stick / "older").exists()
    assert not (site.stick / "replay").exists()


@pytest.mark.long
def test_older_ceremony_with_the_label_of_a_newer_request_is_refused(site: Site) -> None:
    """Who has the stick can write into the transcript, and not into the CRL; the genuine one is taken in after it."""
    first = site.request("first.json")
    site.sign("first.json", first, "first")
    site.run(site.online, "ceremony", "accept", "../stick/first")
    revoke(site, 0x12)
    second = site.request("second.json")
    site.sign("second.json", second, "second")
    shutil.copytree(site.stick / "first", site.stick / "relabelled")
    transcript = site.stick / "relabelled" / "transcript.json"
    transcript.write_text(transcript.read_text().replace(first.removeprefix("sha256:"), second.removeprefix("sha256:")))
    refused = site.run(site.online, "ceremony", "accept", "../stick/relabelled", code=1)
    assert "it is of another ceremony, whatever its transcript says" in refused
    site.run(site.online, "ceremony", "accept", "../stick/second")
    site.run(site.online, "publish")
    assert site.listed() == {0x12}


@pytest.mark.long
def test_ceremony_whose_transcript_lacks_responses_takes_none_out(site: Site) -> None:
    """Who has the stick can shorten the transcript: what was published of a part stays until there is newer of it."""
    site.hold("first")
    before = {file.name for file in (site.online / "exchange").glob("*-ocsp-*.tar")}
    digest = site.request("second.json")
    site.sign("second.json", digest, "second")
    transcript = site.stick / "second" / "transcript.json"
    said = json.loads(transcript.read_text())
    said["bundles"] = [bundle for bundle in said["bundles"] if "-ocsp-" not in bundle["name"]]
    transcript.write_text(json.dumps(said))
    site.run(site.online, "ceremony", "accept", "../stick/second")
    assert {file.name for file in (site.online / "exchange").glob("*-ocsp-*.tar")} == before != set()


@pytest.mark.long
def test_request_that_follows_on_an_unknown_ceremony_is_refused(site: Site) -> None:
    """The offline ledger is an old copy, or a ceremony was held elsewhere; a request with all messages mends it."""
    site.hold("first")
    for file in site.offline.glob("ledger.sqlite*"):
        file.unlink()
    for file in (site.offline / "exchange").iterdir():
        file.unlink()
    revoke(site, 0x12)
    digest = site.request("second.json")
    assert "which this ledger did not sign" in site.sign("second.json", digest, "second", code=1)
    digest = site.request("all.json", "--all")
    refused = site.sign("all.json", digest, "all", code=1)
    assert "it is an old copy" in refused, "it would begin below the numbers that are published"


@pytest.mark.long
def test_half_written_files_are_refused_on_both_ways(site: Site) -> None:
    """A request that was cut off, and a bundle that was."""
    digest = site.request("whole.json")
    data = (site.stick / "whole.json").read_bytes()
    for end in (10, len(data) // 2, len(data) - 1):
        (site.stick / "half.json").write_bytes(data[:end])
        refused = site.sign("half.json", digest, "half", code=2)
        assert "is not whole" in refused or "is no request" in refused
    site.sign("whole.json", digest, "whole")
    bundle = next((site.stick / "whole").glob("*.tar"))
    bundle.write_bytes(bundle.read_bytes()[:-512])
    refused = site.run(site.online, "ceremony", "accept", "../stick/whole", code=2)
    assert "is damaged or half-written" in refused
    assert not list((site.online / "exchange").glob("*.tar"))


@pytest.mark.long
def test_changed_request_and_wrong_digest_are_refused(site: Site) -> None:
    """What operators noted down is what is signed; nobody who does not agree is passed over."""
    revoke(site, 0x12)
    digest = site.request("first.json")
    other = site.request("second.json")
    assert f"the request is {digest}" in site.sign("first.json", other, "out", code=1)
    silent = ("ceremony", "sign", "../stick/first.json", "--out", "../stick/out")
    assert "nobody agreed: there is no terminal to ask at" in site.run(site.offline, *silent, code=1)
    assert not list((site.offline / "exchange").glob("*.tar"))


@pytest.mark.long
def test_message_that_the_offline_machine_does_not_allow_ends_the_ceremony(site: Site) -> None:
    """Its own requesters count: who took over the online machine and made one up gets nothing signed."""
    revoke(site, 0x12)
    table = (site.offline / "revocast.toml").read_text()
    (site.offline / "revocast.toml").write_text(table.replace('verbs = ["revoke", ', "verbs = ["))
    digest = site.request("first.json")
    refused = site.sign("first.json", digest, "out", code=1)
    assert "requester 'operator' may not revoke" in refused
    (site.offline / "revocast.toml").write_text(table)
    assert "added keyCompromise: 1 (12)" in site.sign("first.json", digest, "out")


@pytest.mark.long
def test_wrong_passphrase_changes_nothing(site: Site) -> None:
    """The same request is signed once it is right."""
    digest = site.request("first.json")
    (site.offline / "passphrase").write_text("wrong")
    assert "the passphrase is wrong" in site.sign("first.json", digest, "out", code=2)
    (site.offline / "passphrase").write_text("correct horse")
    assert "with it" not in site.sign("first.json", digest, "out")


@pytest.mark.long
def test_transcript_says_who_signed_what(site: Site) -> None:
    """Operators, request, key, digests; in JSON and in words, and the CRL's digest is that of the published one."""
    revoke(site, 0x12)
    digest = site.request("first.json")
    shown = site.sign("first.json", digest, "first", "--operator", "Anna", "--operator", "Ben")
    site.run(site.online, "ceremony", "accept", "../stick/first")
    site.run(site.online, "publish")
    found = site.transcript("first")
    assert found["operators"] == ["Anna", "Ben"]
    assert f"sha256:{found['request']}" == digest
    assert all(line in shown for line in found["shown"])  # type: ignore[attr-defined]
    (crl,) = found["crls"]  # type: ignore[misc]
    data = next((site.online / "public/www/crl").rglob("all.crl"))
    summed = subprocess.run(["sha256sum", str(data)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert crl["sha256"] == summed
    assert int(crl["number"]) == site.number()
    text = (site.stick / "first/transcript.txt").read_text()
    assert "Anna, Ben" in text
    assert summed in text


@pytest.mark.judge("ssh-keygen")
def test_ceremony_waits_for_its_approvals(tmp_path: Path) -> None:
    """Who is missing is named; with a signature made by the printed command it is held, and the transcript says so."""
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(tmp_path / "anna")], check=True)
    line = (tmp_path / "anna.pub").read_text().strip()
    approvers = f'approvals = 1\napprovers = [{{ name = "anna", public_key = "{line}" }}]\n'
    site = Site.build(tmp_path / "site", offline=approvers)
    digest = site.request("first.json")
    assert "not yet: anna" in site.sign("first.json", digest, "out", code=1)
    command = f"echo {digest} | ssh-keygen -Y sign -n revocast-ceremony -f {tmp_path}/anna > anna.sig"
    subprocess.run(["sh", "-ec", command], cwd=site.offline, check=True, capture_output=True)
    site.sign("first.json", digest, "out", "--approval", "anna.sig")
    (approval,) = site.transcript("out")["approvals"]  # type: ignore[misc]
    assert approval["name"] == "anna"


@pytest.mark.long
@pytest.mark.judge("ssh-keygen")
def test_who_approves_agrees_to_what_is_left_out_too(tmp_path: Path) -> None:
    """An operator cannot leave a revocation out of a request that others approved; the printed command covers it."""
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(tmp_path / "anna")], check=True)
    line = (tmp_path / "anna.pub").read_text().strip()
    approvers = f'approvals = 1\napprovers = [{{ name = "anna", public_key = "{line}" }}]\n'
    site = Site.build(tmp_path / "site", offline=approvers)
    site.run(site.online, "import", "../issued")
    revoke(site, 0x12)
    digest = site.request("first.json")
    _, message = re.findall(r'\\"id\\":\\"([0-9a-f]{32})', (site.stick / "first.json").read_text())

    def approve(command: str, name: str) -> None:
        key = command.replace("~/.ssh/id_ed25519", str(tmp_path / "anna")).replace("NAME", name)
        subprocess.run(["sh", "-ec", key], cwd=site.offline, check=True, capture_output=True)

    approve(f"echo {digest} | ssh-keygen -Y sign -n revocast-ceremony -f ~/.ssh/id_ed25519 > NAME.sig", "all")
    less = ("--leave-out", message)
    refused = site.sign("first.json", digest, "out", "--approval", "all.sig", *less, code=2)
    assert "or the request without what is to be left out" in refused
    (command,) = re.findall(r"`(printf .* > NAME\.sig)`", site.sign("first.json", digest, "out", *less, code=1))
    approve(command, "less")
    site.sign("first.json", digest, "out", "--approval", "less.sig", code=2)
    site.sign("first.json", digest, "out", "--approval", "less.sig", *less)
    assert site.transcript("out")["left_out"] == [message]
