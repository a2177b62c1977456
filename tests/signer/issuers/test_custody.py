"""CA certificates where the key, the ledger or the people are not as usual."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock
from revocation.commands import root as revocast
from revocation.errors import ConfigurationError, Refused, RevocastError
from signer.ceremony import consent
from signer.keys.generating import KINDS
from signer.ledger import continuity
from tests.building.kms import KMS
from tests.building.softhsm import SoftHSM
from tests.signer.issuers.machine import ROOT, SUB, Machine, as_at_a_terminal, asked_for, judged


@pytest.mark.parametrize(("answer", "made"), [("n\n", False), ("\n", False), ("y\n", True)])
def test_somebody_at_the_terminal_has_to_agree(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, made: bool
) -> None:
    """What is shown before is what is signed; any answer but yes signs nothing."""
    as_at_a_terminal(monkeypatch)
    words = [*asked_for(machine, tmp_path), "--config", str(machine.config)]
    result = CliRunner().invoke(revocast, words, input=answer)
    assert "subject    CN=Example CA 1,O=Example,C=EE" in result.output
    assert (machine.folder / "x.pem").exists() is made
    assert isinstance(result.exception, RevocastError) is not made
    assert machine.run("audit", "show").count("sign CA certificate") == 1 + made


@pytest.mark.parametrize(("answer", "made"), [("n\n", False), ("\n", False), ("y\n", True)])
def test_somebody_at_the_terminal_has_to_agree_to_what_the_options_say_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answer: str, made: bool
) -> None:
    """`create` and `renew` show what will be signed, and a typing error in --days is seen before it is."""
    sub = ("issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "10", *machine.key("sub"))
    as_at_a_terminal(monkeypatch)
    for number, words in enumerate((sub, ("issuer", "renew", "root", "--days", "3650")), 1):
        result = CliRunner().invoke(revocast, [*words, "--config", str(machine.config)], input=answer)
        assert "order      sha256:" in result.output
        assert isinstance(result.exception, RevocastError) is not made
        assert machine.run("audit", "show").count("sign CA certificate") == 1 + (number if made else 0)


def test_digest_of_the_order_is_agreed_to_in_the_place_of_an_answer(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of that one, and of no other: the options may have changed since it was shown."""
    as_at_a_terminal(monkeypatch)
    words = ("issuer", "renew", "root", "--days", "3650")
    result = CliRunner().invoke(revocast, [*words, "--config", str(machine.config)], input="n\n")
    assert isinstance(result.exception, RevocastError)
    digest = str(result.exception.where).removeprefix("order ")
    assert "agrees to" in machine.refused(*words[:-1], "3651", "--yes", digest).what
    assert "2 certificates" in machine.run(*words, "--yes", digest)


def test_key_is_not_opened_before_people_agreed(machine: Machine, tmp_path: Path) -> None:
    """Whoever wants the digest of an order, for approvers, needs neither passphrase nor PIN."""
    words = asked_for(machine, tmp_path)
    (machine.folder / "pw").unlink()
    agreed = str(machine.refused(*words).advice).removeprefix("--yes ")
    assert agreed.startswith("sha256:")
    assert "passphrase" in machine.refused(*words, "--yes", agreed).what


def test_ledger_that_was_not_reconciled_certifies_nothing(machine: Machine, tmp_path: Path) -> None:
    """A copy took its place: what it registers now could be lost with what it lacks."""
    words = asked_for(machine, tmp_path)
    digest = str(machine.refused(*words).advice).removeprefix("--yes ")
    with machine.signer.ledger.write() as connection:
        continuity.note_restored(connection, clock.now(), "a backup")
    assert isinstance(machine.refused(*words, "--yes", digest), continuity.Unreconciled)
    assert isinstance(machine.refused("issuer", "csr", "root"), continuity.Unreconciled)
    assert not (machine.folder / "x.pem").exists()


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_root_whose_key_is_in_kms(tmp_path: Path, kms: KMS) -> None:
    """Without a passphrase, and with the URI as it was given."""
    machine = Machine(tmp_path)
    machine.create_root("--key", f"awskms:{kms.create('p384')}")
    judged(machine.pem("root"))
    assert "passphrase" not in machine.config.read_text()


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_key_identifier_of_others_making_is_kept(tmp_path: Path) -> None:
    """A root of other software may have another SKI than SHA-1: renewals keep it, and what is issued names it."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=Old"), clock.now()
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=900))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    old = builder.add_extension(x509.SubjectKeyIdentifier(b"of old"), critical=False).sign(key, SHA256())
    machine = Machine(tmp_path)
    (tmp_path / "old.pem").write_bytes(old.public_bytes(Encoding.PEM))
    machine.run("issuer", "install", "root", tmp_path / "old.pem", *machine.key("root", made=key), "--append")
    machine.create_sub()
    machine.run("issuer", "renew", "root", "--days", "1800")
    newest, _ = machine.signer.public.profile("root").issuer.certificates
    assert newest.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == b"of old"
    aki = machine.certificate("sub").extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert aki.key_identifier == b"of old"
    (tmp_path / "new.pem").write_bytes(newest.public_bytes(Encoding.PEM))
    judged(tmp_path / "new.pem", machine.pem("sub"))


@pytest.mark.parametrize("name", ["../evil", "a/b", "", 'x"\nkey = "', "Root"])
def test_name_that_is_none_leaves_files_and_configuration_alone(tmp_path: Path, name: str) -> None:
    """It becomes part of a path and of the configuration."""
    machine = Machine(tmp_path / "machine")
    before = machine.config.read_text()
    words = ("issuer", "create", name, "--subject", ROOT, "--days", "10", "--append", *machine.key("root"))
    assert "public.issuers.0.name" in machine.refused(*words).what
    request = ("issuer", "csr", name, "--subject", ROOT, *machine.key("root"))
    assert "public.issuers.0.name" in machine.refused(*request).what
    assert not (machine.folder / "issuers").exists()
    assert machine.config.read_text() == before
    assert not list(tmp_path.rglob("*.pem"))


@pytest.mark.parametrize("table", ["public = 3", "[public]\nissuers = 3", "[public]\nissuers = { name = 3 }"])
def test_configuration_of_another_form_is_refused_in_words(tmp_path: Path, table: str) -> None:
    """Whatever stands where a table should."""
    machine = Machine(tmp_path)
    machine.config.write_text(f"{table}\n")
    words = ("issuer", "create", "root", "--subject", ROOT, "--days", "10", *machine.key("root"))
    assert isinstance(machine.refused(*words), ConfigurationError)


def test_certificates_count_among_the_signatures_of_an_hour(tmp_path: Path) -> None:
    """And the one that is too many is neither signed nor recorded as signed."""
    entry = '[[signer.issuers]]\nname = "root"\nkey = "file:root.key"\npassphrase = "file:pw"\n'
    limits = "[signer.issuers.limits]\nsignatures_per_hour = 2\nreserved_for_revocations = 0\n"
    machine = Machine(tmp_path / "machine", signer=entry + limits)
    machine.key("root")
    machine.run("issuer", "create", "root", "--subject", ROOT, "--days", "3650", "--append")
    machine.create_sub()
    words = asked_for(machine, tmp_path)
    digest = str(machine.refused(*words).advice).removeprefix("--yes ")
    assert "has made 2 signatures within the hour" in machine.refused(*words, "--yes", digest).what
    assert machine.run("audit", "show").count("sign CA certificate") == 2


def test_ca_that_is_revoked_or_retired_certifies_nothing(machine: Machine) -> None:
    """Relying parties would refuse the chain, or hear of no revocation of it."""
    machine.create_sub("--path-length", "1")
    words = ("issuer", "create", "leaf", "--subject", "CN=Leaf", "--days", "5", *machine.key("leaf"), "--issued-by")
    machine.revoke(machine.certificate("sub").serial_number)
    assert "is revoked since" in machine.refused(*words, "sub").what
    table = '[[public.issuers]]\nname = "root"\n'
    assert table in machine.config.read_text()
    machine.config.write_text(machine.config.read_text().replace(table, f'{table}last_crl = "expiry"\n'))
    limit = '[signer]\nlimits = { last_crl = "expiry" }'
    machine.config.write_text(machine.config.read_text().replace("[signer]", limit))
    assert "is retired" in machine.refused(*words, "root").what
    assert not machine.pem("leaf").exists()


@pytest.mark.judge("softhsm2-util")
def test_public_key_of_another_is_not_certified(machine: Machine, token: SoftHSM) -> None:
    """A CA with it could sign nothing, and who has its private key could sign in its name."""
    uri = token.put(KINDS["p256"](), "sub", public=KINDS["p256"]())
    usual = ("--issued-by", "root", "--subject", SUB, "--days", "10", "--append")
    refused = machine.refused("issuer", "create", "sub", *usual, "--key", uri, "--passphrase", f"file:{token.pin_file}")
    assert "does not belong to the public key beside it" in str(refused)
    assert not machine.pem("sub").exists()


def test_passphrase_in_the_place_of_its_source_is_refused(machine: Machine) -> None:
    """It would have been written into the configuration."""
    words = ("issuer", "csr", "sub", "--subject", SUB, "--key", f"file:{machine.folder}/sub.key")
    refused = machine.refused(*words, "--passphrase", "hunter2secret")
    assert "hunter2" not in str(refused)
    assert refused.where == "--passphrase"


def test_question_is_asked_where_the_order_was_shown(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --json that is standard error: where it goes into a log, nobody sees what is asked."""
    monkeypatch.setattr(consent, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(consent, "_forget_what_was_typed", lambda: None)
    words = (*asked_for(machine, tmp_path), "--json")
    monkeypatch.setattr(consent, "os", SimpleNamespace(isatty=lambda descriptor: descriptor == 1))
    assert "does not go to the terminal (standard error is none)" in machine.refused(*words).what
    monkeypatch.setattr(consent, "os", SimpleNamespace(isatty=lambda descriptor: descriptor == 2))
    result = CliRunner().invoke(revocast, [*words, "--config", str(machine.config)], input="y\n")
    assert "is all of this to be signed?" in result.stderr
    assert json.loads(result.stdout)["certificate"] == str(machine.folder / "x.pem")


@pytest.mark.parametrize("how", [EOFError, KeyboardInterrupt])
def test_question_that_is_broken_off_is_a_no(monkeypatch: pytest.MonkeyPatch, how: type[BaseException]) -> None:
    """Ctrl-D and Ctrl-C are a no, and it is said."""
    as_at_a_terminal(monkeypatch)

    def answer(_: str) -> str:
        raise how

    monkeypatch.setattr("click.termui.visible_prompt_func", answer)
    with pytest.raises(Refused, match="nobody agreed, and nothing was signed"):
        consent.ask("order", "00", "Is it?", None)
