"""Subjects as somebody asks for them: in the types of strings that clients compare, legible, and nobody else's."""

import pytest

from revocation import der
from revocation.clock import fixed
from revocation.messages import Revoke, Verb
from signer.change import change_together
from tests.authority import NOW, Authority
from tests.building.keyforms import EC
from tests.building.requests import (
    BMP,
    IA5,
    PRINTABLE,
    UNIVERSAL,
    UTF8,
    VISIBLE,
    attribute,
    info_of,
    request_info,
    signed_by,
)
from tests.signer.issuing.office import Office

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be")
"""Of cryptography, which takes it all the same."""

CN, C = "2.5.4.3", "2.5.4.6"
CHOOSING = ["client", "code_signing", "intermediate"]


def asking(*attributes: bytes) -> bytes:
    """A request for a subject."""
    return signed_by(EC, request_info(info_of(EC), subject=der.sequence(*attributes)))


@pytest.mark.parametrize("profile", CHOOSING)
@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (PRINTABLE, b"Alice"),
        (IA5, b"Alice"),
        (VISIBLE, b"Alice"),
        (BMP, "Alice".encode("utf-16-be")),
        (UNIVERSAL, "Alice".encode("utf-32-be")),
        (der.OCTET_STRING, b"Alice"),
    ],
    ids=["PrintableString", "IA5String", "VisibleString", "BMPString", "UniversalString", "OCTET STRING"],
)
def test_common_name_is_written_anew_as_utf8(shared: Office, profile: str, tag: int, octets: bytes) -> None:
    """Whatever type it had in the request (RFC 5280 section 4.1.2.4)."""
    issued = shared.issue(profile, (), csr=asking(attribute(CN, tag, octets)))
    assert attribute(CN, UTF8, b"Alice") in issued.subject.public_bytes()


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Two issuers, as a signer of two tenants has them."""
    office = Office.build(tmp_path_factory.mktemp("several"))
    office.estate.add_issuer("other", Authority("Other CA", days=7300))
    office.signer = office.estate.signer(NOW)
    return office


@pytest.mark.parametrize("profile", ["client", "intermediate"])
@pytest.mark.parametrize("subject", ["CN=Other CA", "CN=OTHER  ca", "CN=Test Issuing CA"])
def test_name_of_a_ca_is_refused_however_it_is_written(several: Office, profile: str, subject: str) -> None:
    """Of the issuer, which would seem to have issued itself, and of another tenant's (RFC 5280 section 4.1.2.6)."""
    said = several.refused(profile, (), subject=subject)
    assert "is the name of the CA" in said or "has the name of" in said


def test_country_is_written_anew_as_printable(shared: Office) -> None:
    """Appendix A.1 allows no other type."""
    issued = shared.issue("intermediate", (), csr=asking(attribute(C, UTF8, b"EE"), attribute(CN, UTF8, b"Sub")))
    assert attribute(C, PRINTABLE, b"EE") in issued.subject.public_bytes()


@pytest.mark.parametrize("profile", CHOOSING)
@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        " Alice",
        "Alice ",
        "Ali\0ce",
        "Ali\x1b[31mce",
        "Alice\n",
        "ali\u202eexe",
        "Ali\u200bce",
        "\ufeff",
        "\ue000",
        "\u3164",
        "\u115f\u1160",
        "Ali\uffa0ce",
        "\u2800",
        "\u180b",
        "Ali\u034fce",
        "Ali\ufe0fce",
        "Ali\U000e0100ce",
        "Ali\u200dce",
        "Ali\u200cce",
        "\u200d",
        "\u0645\u06cc\u200c",
    ],
    ids=ascii,
)
def test_value_that_nobody_can_read_is_refused(shared: Office, profile: str, value: str) -> None:
    """Empty, blank, or with characters that control how it is shown."""
    assert "empty, begins or ends" in shared.refused(profile, (), csr=asking(attribute(CN, UTF8, value.encode())))


@pytest.mark.parametrize(
    "value",
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937", "\uae40\ucca0\uc218"],
    ids=["Persian", "Hindi", "Korean"],
)
def test_value_with_joiners_where_its_script_needs_them_is_certified(shared: Office, value: str) -> None:
    """Those that CONTEXTJ allows (RFC 5892 appendix A.1 and A.2), and it is found by that name."""
    issued = shared.issue("client", (), csr=asking(attribute(CN, UTF8, value.encode())))
    assert attribute(CN, UTF8, value.encode()) in issued.subject.public_bytes()
    body = Revoke(issuer="test", name=f"cn:{value}", reason="superseded")
    message = shared.estate.ask(Verb.REVOKE, body, NOW)
    ((_, reply),) = change_together(shared.signer, [message.model_dump_json()], fixed(NOW))
    assert reply.data["serials"] == [f"{issued.serial_number:X}"]


def test_country_that_is_none_is_refused(shared: Office) -> None:
    """Longer than two letters, or other characters."""
    for value in (b"Estonia", b"\xc3\xa4", b"ee"):
        csr = asking(attribute(C, UTF8, value), attribute(CN, UTF8, b"Sub"))
        assert shared.refused("intermediate", (), csr=csr)


def test_what_a_message_wants_in_the_subject_is_held_to_the_same(shared: Office) -> None:
    """Also where an operator wrote it."""
    for subject in ("CN=Ali\x1bce", "CN=ali\u202eexe", "CN= "):
        assert shared.refused("client", (), subject=subject)
