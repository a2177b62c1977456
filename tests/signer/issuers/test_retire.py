"""`revocast issuer retire`: what it writes, what it refuses, and that nothing is issued afterwards."""

import json
from pathlib import Path

import pytest

from revocation import clock
from revocation.configfile import ConfigFile
from revocation.crlspec import NEVER, LastCRL
from revocation.errors import ConfigurationError, InputError, Refused
from revocation.messages import Outcome
from signer.issuers import retire as command
from tests.authority import Authority
from tests.signer.issuers.machine import Machine, asked_for
from tests.signer.issuers.test_appending import full_after
from tests.signer.issuing.office import Office

RETIRE = ("issuer", "retire", "root")


def test_without_write_it_is_said_which_line_goes_where(machine: Machine) -> None:
    """And the file stays as it was, octet for octet; so does the log."""
    before = machine.config.read_bytes()
    told = machine.run(*RETIRE)
    assert 'to be put into the [[public.issuers]] of root: last_crl = "expiry"' in told
    assert 'to be put into [signer.limits]: last_crl = "expiry"' in told
    assert machine.config.read_bytes() == before
    assert "retire issuer" not in machine.run("audit", "show")


@pytest.mark.parametrize("last", ["expiry", "never"])
def test_retired_issuer_has_the_last_crl_that_is_wanted(machine: Machine, last: str) -> None:
    """The signer starts with the file, whose CRLs go to that end; who asked is in the log."""
    machine.run(*RETIRE, "--last-crl", last, "--write", "--operator", "Anna")
    profile = machine.signer.public.profile("root")
    assert profile.last_crl is LastCRL(last)
    end = NEVER if last == "never" else profile.issuer.not_after
    assert profile.crls["all"].window(clock.now())[1] == end
    assert "Anna" in machine.run("audit", "show")


def test_what_else_stands_in_the_file_stays_there(machine: Machine) -> None:
    """Two lines more, one of them with its table."""
    before = machine.config.read_text()
    machine.run(*RETIRE, "--write")
    after = machine.config.read_text().splitlines()
    assert [one for one in after if one not in ('last_crl = "expiry"', "[signer.limits]", "")] == [
        one for one in before.splitlines() if one
    ]


def test_retiring_again_changes_nothing(machine: Machine) -> None:
    """Nor does it lead from one last CRL to another, which holders of the first would not hear of."""
    machine.run(*RETIRE, "--write")
    before = machine.config.read_bytes()
    assert "has it retired already" in machine.run(*RETIRE, "--write")
    assert 'is retired already, with last_crl = "expiry"' in machine.refused(*RETIRE, "--last-crl", "never").what
    assert machine.config.read_bytes() == before
    assert machine.run("audit", "show").count("retire issuer") == 1


@pytest.mark.parametrize("last", ["expiry", "never"])
def test_retired_root_is_not_renewed(machine: Machine, last: str) -> None:
    """Its last CRL could end before the new certificate; taken back, it is renewed as ever."""
    before = machine.config.read_text()
    machine.run(*RETIRE, "--last-crl", last, "--write")
    refused = machine.refused("issuer", "renew", "root", "--days", "7000")
    assert isinstance(refused, Refused)
    assert f'is retired (last_crl = "{last}")' in refused.what
    machine.config.write_text(before)
    assert "2 certificates of issuer" in machine.run("issuer", "renew", "root", "--days", "7000")


def test_retirement_that_was_written_by_half_is_completed(machine: Machine) -> None:
    """As where [public] came from elsewhere, and the signer does not start with it."""
    text = machine.config.read_text().replace('name = "root"\n', 'name = "root"\nlast_crl = "expiry"\n', 1)
    machine.config.write_text(text)
    assert isinstance(machine.refused("cert", "list"), ConfigurationError)
    told = machine.run(*RETIRE, "--write")
    assert "[[public.issuers]] of root:" not in told
    assert machine.run("cert", "list") == "none\n"


def test_limit_that_stands_there_is_not_widened(machine: Machine) -> None:
    """Somebody meant it, where the keys are."""
    machine.config.write_text(machine.config.read_text() + '[signer.limits]\nlast_crl = "expiry"\n')
    before = machine.config.read_bytes()
    assert "beyond the signer's limit" in machine.refused(*RETIRE, "--last-crl", "never", "--write").what
    assert machine.config.read_bytes() == before


def test_issuer_with_a_valid_ca_below_it_is_not_retired(machine: Machine) -> None:
    """Its revocation would not be heard; revoked it is no hindrance, and --force takes it upon oneself."""
    machine.create_sub()
    serial = machine.certificate("sub").serial_number
    refused = machine.refused(*RETIRE, "--write")
    assert f"certified CAs that are valid: sub ({serial:X})" in str(refused)
    before = machine.config.read_bytes()
    assert "a CA below it" in machine.run(*RETIRE, "--force")
    assert machine.config.read_bytes() == before
    machine.revoke(serial)
    machine.run(*RETIRE, "--write")
    assert machine.signer.public.profile("root").last_crl is LastCRL.EXPIRY


def test_ca_of_another_machine_is_found_in_the_ledger(machine: Machine, tmp_path: Path) -> None:
    """By its subject: it stands in no configuration here."""
    words = asked_for(machine, tmp_path)
    machine.run(*words, "--yes", str(machine.refused(*words).advice).removeprefix("--yes "))
    assert "valid: CN=Example CA 1,O=Example,C=EE (" in machine.refused(*RETIRE).what


def test_ca_below_that_the_ledger_does_not_know_is_found_in_the_configuration(machine: Machine, tmp_path: Path) -> None:
    """As on a machine that publishes, whose root is offline, or that has no ledger at all."""
    machine.create_sub()
    there = Machine(tmp_path / "there")
    for name in ("root", "sub"):
        there.run("issuer", "install", name, machine.pem(name), "--append")
    assert "sub (" in there.refused(*RETIRE).what
    text = there.config.read_text()
    there.config.write_text(text.replace(text[text.index("[signer]") : text.rindex("verbs = ")], "[jobs]\n# "))
    assert not ConfigFile.read(there.config).has("signer")
    assert "sub (" in there.refused(*RETIRE).what


def test_machine_without_a_signer_gets_the_line_of_public_alone(machine: Machine, tmp_path: Path) -> None:
    """Publishers and registrars have no limits of a signer, and no audit log."""
    there = Machine(tmp_path / "there")
    there.run("issuer", "install", "root", machine.pem("root"), "--append")
    text = there.config.read_text()
    there.config.write_text(text.replace(text[text.index("[signer]") : text.rindex("verbs = ")], "[jobs]\n# "))
    told = json.loads(there.run(*RETIRE, "--write", "--json"))
    assert [one["table"] for one in told["lines"]] == ["the [[public.issuers]] of root"]
    assert (told["written"], told["valid_others"]) == (True, None)


def test_full_disk_leaves_the_issuer_as_it_was(machine: Machine) -> None:
    """What is to be written, and where, is in the message."""
    before = machine.config.read_bytes()
    found = command._planned(machine.config, "root", LastCRL.EXPIRY, clock.now())
    with full_after(len(before) + 5), pytest.raises(InputError, match="cannot be written") as refused:
        command._write(found)
    assert machine.config.read_bytes() == before
    assert 'last_crl = "expiry"` into the [[public.issuers]] of root' in str(refused.value.advice)


def test_file_that_was_edited_meanwhile_keeps_the_edit(machine: Machine) -> None:
    """Another line than the one that was looked at is not put there."""
    found = command._planned(machine.config, "root", LastCRL.EXPIRY, clock.now())
    edited = machine.config.read_text().replace('name = "root"', 'name = "base"')
    machine.config.write_text(edited)
    with pytest.raises(InputError, match="was edited meanwhile"):
        command._write(found)
    assert machine.config.read_text() == edited


def test_series_and_a_last_crl_are_refused_before_anything_is_written(machine: Machine) -> None:
    """Rules of [public] hold for what would be written."""
    text = machine.config.read_text()
    series = 'name = "root"\ncrl = { expires = "9d", series = { count = 3, every = "3d" } }\n'
    machine.config.write_text(
        text.replace('name = "root"\n', series, 1).replace("[signer]\n", "[signer]\nceremony = {}\n")
    )
    before = machine.config.read_bytes()
    assert "last_crl is followed by nothing" in str(machine.refused(*RETIRE, "--write"))
    assert machine.config.read_bytes() == before


def test_nothing_is_issued_by_message_once_an_issuer_is_retired(tmp_path: Path) -> None:
    """Refused with words; what was issued before is counted when it is retired."""
    office = Office.build(tmp_path / "office", now=clock.now())
    office.issue(now=clock.now())
    machine = Machine.at(office.estate.folder)
    assert "valid: 1 certificates of users" in machine.run("issuer", "retire", "test", "--write")
    office.signer = machine.signer
    reply = office.reply(office.ask(now=clock.now()), clock.now())
    assert reply.outcome is Outcome.REFUSED
    assert 'is retired (last_crl = "expiry")' in reply.detail


def test_issuance_of_a_retired_issuer_is_held_against_nothing(tmp_path: Path) -> None:
    """Its key may have lost the purpose meanwhile, and the signer starts."""
    limits = '[signer.issuers.limits]\npurposes = ["crl", "responder_certificate"]\n'
    with pytest.raises(ConfigurationError, match="certificate"):
        Office.build(tmp_path / "a", limits=limits)
    last = 'limits = { last_crl = "expiry" }'
    with pytest.raises(ConfigurationError):
        Office.build(tmp_path / "b", limits=limits, signer=last)
    machine = Machine.at(tmp_path / "b")
    machine.run("issuer", "retire", "test", "--write")
    assert machine.signer.public.profile("test").last_crl is LastCRL.EXPIRY


def test_expired_issuer_is_taken_out_and_not_retired(tmp_path: Path) -> None:
    """No CRL of it can be made any more."""
    office = Office.build(tmp_path / "office", authority=Authority(days=30))
    machine = Machine.at(office.estate.folder)
    refused = machine.refused("issuer", "retire", "test")
    assert isinstance(refused, Refused)
    assert "has expired at" in refused.what


def test_limits_of_the_signer_stay_as_they_are_under_the_brs(tmp_path: Path) -> None:
    """The last CRL is no longer than others there, and needs no allowance."""
    machine = Machine(tmp_path / "machine", public='compliance = "br"')
    machine.create_root()
    assert "know no CRL that never ends" in str(machine.refused(*RETIRE, "--last-crl", "never"))
    machine.run(*RETIRE, "--write")
    assert machine.signer.public.profile("root").last_crl is LastCRL.EXPIRY
    assert machine.signer.config.limits.last_crl is None


def test_own_certificate_of_a_root_is_no_ca_below_it(machine: Machine) -> None:
    """Where it was imported with the rest of its folder."""
    machine.run("import", machine.pem("root"), "--issuer", "root", "--kind", "certificates")
    assert machine.run("cert", "list").count("Example Root") == 1
    machine.run(*RETIRE, "--write")
    assert machine.signer.public.profile("root").last_crl is LastCRL.EXPIRY


@pytest.mark.parametrize("table", ["signer = 3", "signer = { limits = 3 }"])
def test_table_of_another_form_is_refused_in_words(machine: Machine, table: str) -> None:
    """Whatever stands where a table should."""
    text = machine.config.read_text()
    machine.config.write_text(f"{table}\n{text[: text.index('[signer]')]}{text[text.index('[[public.issuers]]') :]}")
    text = machine.config.read_text()
    machine.config.write_text(text[: text.index("[[signer.issuers]]")])
    assert isinstance(machine.refused(*RETIRE), ConfigurationError)
