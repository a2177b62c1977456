"""`revocast issuer install`, `renew`, `add-certificate`, `show`: certificates come back, and an issuer has several."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock
from tests.authority import Authority
from tests.signer.issuers.machine import SUB, Machine, judged
from tests.signer.issuers.travelling import request, sign


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """The machine of the root, which is there."""
    machine = Machine(tmp_path / "here")
    machine.create_root()
    return machine


def key_of(machine: Machine, name: str) -> tuple[str, ...]:
    """Options that name a key that is there."""
    return "--key", f"file:{machine.folder / name}.key", "--passphrase", f"file:{machine.folder / 'pw'}"


def cross(
    machine: Machine, by: Authority, *, identifier: bytes | None = None, more: x509.NameConstraints | None = None
) -> Path:
    """A certificate of the machine's root that another CA made."""
    root = machine.certificate("root")
    ski = x509.SubjectKeyIdentifier(identifier or machine.signer.public.profile("root").issuer.key_identifier)
    builder = (
        x509.CertificateBuilder(by.certificate.subject, root.subject, root.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(minutes=1))
        .not_valid_after(clock.now() + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(ski, critical=False)
    )
    builder = builder.add_extension(more, critical=True) if more else builder
    file = machine.folder / "cross.pem"
    file.write_bytes(builder.sign(by.key, by.certificate.signature_hash_algorithm).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    return file


def test_certificate_for_the_request_is_installed_and_signs(here: Machine, there: Machine) -> None:
    """From then on the issuer is configured, with its key, and its CRLs can be made."""
    made = sign(here, request(there))
    told = there.run("issuer", "install", "sub", made, "--issuer", here.pem("root"), *key_of(there, "sub"), "--append")
    assert "issued by CN=Example Root,O=Example,C=EE, verified" in told
    signer = there.signer
    signer.keyring.require_usable(signer.public.profile("sub").issuer)
    assert there.certificate("sub") == x509.load_pem_x509_certificate(made.read_bytes())


def test_certificate_of_another_key_is_not_installed(here: Machine, there: Machine, tmp_path: Path) -> None:
    """By the request, and where there is none any more by the key itself; nothing is written."""
    another = Machine(tmp_path / "another")
    made = sign(here, request(another))
    file = request(there)
    words = ("issuer", "install", "sub", made, *key_of(there, "sub"), "--append")
    assert "has another key than the request" in there.refused(*words).what
    file.unlink()
    assert "its key is not that of" in there.refused(*words).what
    assert not there.pem("sub").exists()
    assert "[[public.issuers]]" not in there.config.read_text()


def test_certificate_of_another_name_is_not_installed(here: Machine, there: Machine) -> None:
    """An outside CA that changed the subject made another issuer than was asked for."""
    file = request(there)
    made = sign(here, file)
    file.unlink()
    words = ("issuer", "csr", "sub", "--subject", "CN=Another, O=Example, C=EE", *key_of(there, "sub"))
    there.run(*words)
    refused = there.refused("issuer", "install", "sub", made, *key_of(there, "sub"))
    assert "has another subject than the request" in refused.what


@pytest.mark.parametrize(
    ("name", "what"),
    [("Another Root", "and not by CN=Another Root"), (None, "is not signed with that one's key")],
)
def test_certificate_that_its_issuer_did_not_sign_is_refused(
    here: Machine, there: Machine, name: str | None, what: str
) -> None:
    """Neither by name nor by name alone."""
    other = there.folder / "other.pem"
    if name:
        Authority(name, not_before=clock.now()).write(other)
    else:
        impostor = Machine(there.folder / "impostor")
        impostor.create_root()
        other.write_bytes(impostor.pem("root").read_bytes())
    made = sign(here, request(there))
    assert what in there.refused("issuer", "install", "sub", made, "--issuer", other, *key_of(there, "sub")).what
    assert not there.pem("sub").exists()


def test_expired_certificates_and_end_entities_are_not_installed(there: Machine) -> None:
    """Neither could be of use to anybody."""
    file = there.folder / "ca.pem"
    Authority(not_before=clock.now() - timedelta(days=9), days=1).write(file)
    assert "has expired at" in there.refused("issuer", "install", "old", file).what
    Authority(not_before=clock.now(), is_ca=False).write(file)
    assert "is not a CA's" in there.refused("issuer", "install", "old", file).what


def test_ca_without_its_key_is_installed_for_who_publishes(here: Machine, there: Machine) -> None:
    """No key is asked for, none is configured, and `show` says so; with --offline its ceremonies are elsewhere."""
    there.run("issuer", "install", "root", here.pem("root"), "--append")
    assert json.loads(there.run("issuer", "show", "--json"))["issuers"][0]["key"]["where"] == "not here"
    assert "[[signer.issuers]]" not in there.config.read_text()
    another = Machine(there.folder / "another")
    another.run("issuer", "install", "root", here.pem("root"), "--append", "--offline")
    assert another.signer.is_offline(another.signer.public.profile("root").issuer)


def test_offline_parent_is_told_what_to_do_instead(here: Machine, there: Machine) -> None:
    """Its key is not here: csr, sign there, install."""
    there.run("issuer", "install", "root", here.pem("root"), "--append", "--offline")
    words = ("issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "10", *there.key("sub"))
    assert "issuer csr" in str(there.refused(*words).advice)


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_renewed_issuer_has_both_certificates_and_one_identity(here: Machine) -> None:
    """Same name, key and SKI: what was issued is found under either, and the old one stays octet for octet."""
    here.run(
        "issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "10", "--append", *here.key("sub")
    )
    before, id_ = here.pem("sub").read_bytes(), here.signer.public.profile("sub").issuer.id
    told = here.run("issuer", "renew", "sub", "--days", "100")
    assert here.pem("sub").read_bytes().startswith(before)
    issuer = here.signer.public.profile("sub").issuer
    assert (issuer.id, len(issuer.certificates)) == (id_, 2)
    assert f"/issuer/{id_}.p7c has all of them" in told
    newest = here.folder / "newest.pem"
    for certificate in issuer.certificates:
        newest.write_bytes(certificate.public_bytes(Encoding.PEM))
        judged(here.pem("root"), newest)


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_root_renews_itself(here: Machine) -> None:
    """With a later end, and clients that trust either verify what is below it."""
    here.run(
        "issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "10", "--append", *here.key("sub")
    )
    here.run("issuer", "renew", "root", "--days", "7300")
    for number, certificate in enumerate(here.signer.public.profile("root").issuer.certificates):
        file = here.folder / f"{number}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        judged(file, here.pem("sub"))


@pytest.mark.judge("openssl")
@pytest.mark.judge("certtool")
def test_issuer_is_cross_signed_by_another_one_here(here: Machine) -> None:
    """`--issued-by` another: whoever trusts that one alone verifies what the first issued."""
    subject = "CN=Old Root, O=Example, C=EE"
    here.run("issuer", "create", "old", "--subject", subject, "--days", "3650", "--append", *here.key("old"))
    here.run(
        "issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "10", "--append", *here.key("sub")
    )
    here.run("issuer", "renew", "root", "--issued-by", "old", "--days", "1000")
    (crossed,) = [c for c in here.signer.public.profile("root").issuer.certificates if c.subject != c.issuer]
    file = here.folder / "crossed.pem"
    file.write_bytes(crossed.public_bytes(Encoding.PEM))
    judged(here.pem("old"), here.pem("sub"), file)
    here.run("issuer", "renew", "root", "--issued-by", "root", "--days", "4000")
    assert sum(c.subject == c.issuer for c in here.signer.public.profile("root").issuer.certificates) == 2


def test_cross_certificate_from_elsewhere_is_added_once(here: Machine) -> None:
    """Verified by the certificate of who made it, where that is given; the same again is refused."""
    by = Authority("Old Root", not_before=clock.now() - timedelta(days=1))
    by.write(here.folder / "old.pem")
    file = cross(here, by)
    words = ("issuer", "add-certificate", "root", file)
    assert "not verified" in here.run(*words)
    assert len(here.signer.public.profile("root").issuer.certificates) == 2
    assert "is a certificate of root already" in here.refused(*words).what


def test_cross_certificate_is_held_against_its_maker_and_the_issuer(here: Machine) -> None:
    """Not signed by the one that is given, another SKI, another issuer's, expired: nothing is added."""
    by = Authority("Old Root", not_before=clock.now() - timedelta(days=1))
    Authority("Old Root", not_before=clock.now() - timedelta(days=1)).write(here.folder / "impostor.pem")
    words = ("issuer", "add-certificate", "root", cross(here, by))
    before = here.pem("root").read_bytes()
    assert "is not signed with that one's key" in here.refused(*words, "--issuer", here.folder / "impostor.pem").what
    cross(here, by, identifier=b"another")
    assert "another subjectKeyIdentifier" in here.refused(*words).what
    by.write(here.folder / "cross.pem")
    assert "different subjects or keys" in here.refused(*words).what
    assert here.pem("root").read_bytes() == before


def test_renewal_in_a_file_that_is_der_is_refused_before_anything_is_signed(here: Machine) -> None:
    """DER holds one certificate; how to make PEM of it is said."""
    here.pem("root").write_bytes(here.certificate("root").public_bytes(Encoding.DER))
    assert "openssl x509" in str(here.refused("issuer", "renew", "root", "--days", "10").advice)
    assert here.run("audit", "show").count("sign CA certificate") == 1


def test_show_says_who_an_issuer_is_and_where_things_are(here: Machine) -> None:
    """Without a passphrase: subject, key, windows and URLs, as text and as JSON."""
    (here.folder / "pw").unlink()
    (told,) = json.loads(here.run("issuer", "show", "root", "--json"))["issuers"]
    issuer, root = here.signer.public.profile("root").issuer, here.certificate("root")
    assert (told["id"], told["subject"]) == (issuer.id, "CN=Example Root,O=Example,C=EE")
    assert told["key"]["identifier"] == issuer.key_identifier.hex()
    assert told["key"]["where"] == f"file:{here.folder}/root.key"
    assert told["certificates"][0]["serial"] == f"{root.serial_number:X}"
    assert told["urls"]["crls"] == {"all": f"http://pki.example.com/crl/{issuer.id}/all.crl"}
    text = here.run("issuer", "show")
    for word in (issuer.id, told["key"]["spki_sha256"], told["urls"]["issuer"], told["certificates"][0]["sha256"]):
        assert word in text


def test_renewal_does_not_lose_a_restriction(here: Machine) -> None:
    """Name constraints are not made here: a renewal without them would let the CA do more than it may."""
    by = Authority("Old Root", not_before=clock.now() - timedelta(days=1))
    by.write(here.folder / "old.pem")
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    here.run("issuer", "add-certificate", "root", cross(here, by, more=constraints))
    refused = here.refused("issuer", "renew", "root", "--issued-by", "root", "--days", "10")
    assert "nameConstraints, which would be lost" in refused.what


def test_renewal_keeps_what_the_certificate_lets_the_ca_do(here: Machine) -> None:
    """Usages, policies, path length and the right to sign responses; --path-length changes that one."""
    rights = ("--usage", "emailProtection", "--policy", "1.2.3", "--path-length", "2", "--signs-responses")
    here.create_sub(*rights)
    here.run("issuer", "renew", "sub", "--days", "20")
    here.run("issuer", "renew", "sub", "--days", "30", "--path-length", "1")
    wanted = (x509.ExtendedKeyUsage, x509.CertificatePolicies, x509.KeyUsage)
    certificates = here.signer.public.profile("sub").issuer.certificates
    found = [[one.extensions.get_extension_for_class(kind).value for kind in wanted] for one in certificates]
    assert found == [found[0]] * 3
    lengths = [one.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length for one in certificates]
    assert sorted(map(str, lengths)) == ["1", "2", "2"]


def test_certificates_are_no_links_pipes_or_endless(here: Machine, there: Machine) -> None:
    """What a stick has on it is read as a regular file of a bounded size."""
    file = there.folder / "root.pem"
    file.symlink_to(here.pem("root"))
    assert "is a link" in there.refused("issuer", "install", "root", file).what
    os.mkfifo(there.folder / "pipe")
    assert "is no regular file" in there.refused("issuer", "install", "root", there.folder / "pipe").what
