"""What the BRs let be certified of names, whatever the policy of an issuer permits."""

from pathlib import Path

import publicsuffixlist
import pytest

from revocation.errors import ConfigurationError, Refused
from signer.issuing.names import parse_name
from signer.issuing.public_names import require_public
from tests.authority import Authority
from tests.signer.issuing.office import BR_PROFILES, NAMES, Office

_INTERNAL = "is an internal name"
_RESERVED = "is a reserved address"
_STRANGERS = "strangers have their domains"
BR = {"public": 'compliance = "br"', "authority": Authority(organization="Example")}
REFUSED = {
    "dns:printer": _INTERNAL,
    "dns:com": _INTERNAL,
    "dns:*.com": _INTERNAL,
    "dns:example.local": _INTERNAL,
    "dns:foo.internal": _INTERNAL,
    "dns:host.invalid": _INTERNAL,
    "dns:a.test": _INTERNAL,
    "dns:*.a.example": _INTERNAL,
    "dns:www.localhost": _INTERNAL,
    "dns:a.alt": _INTERNAL,
    "dns:example.c": _INTERNAL,
    "dns:foo.com0": _INTERNAL,
    "dns:www.home.arpa": "infrastructure",
    "dns:1.2.3.4.in-addr.arpa": "infrastructure",
    "dns:foo.onion": "is of Tor",
    "dns:pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion": "is of Tor",
    "dns:*.co.uk": _STRANGERS,
    "dns:*.github.io": _STRANGERS,
    "dns:*.blogspot.com": _STRANGERS,
    "dns:*.ck": _INTERNAL,
    "dns:*.foo.ck": _STRANGERS,
    "dns:*.xn--55qx5d.cn": _STRANGERS,
    "uri:https://www.example.com/": "stands in no certificate of a server",
    "ip:0.0.0.1": _RESERVED,
    "ip:100.64.0.1": _RESERVED,
    "ip:192.0.0.9": _RESERVED,
    "ip:192.31.196.1": _RESERVED,
    "ip:192.52.193.1": _RESERVED,
    "ip:192.88.99.1": _RESERVED,
    "ip:192.168.0.1": _RESERVED,
    "ip:192.175.48.1": _RESERVED,
    "ip:224.0.0.1": _RESERVED,
    "ip:239.1.1.1": _RESERVED,
    "ip:255.255.255.255": _RESERVED,
    "ip:2001::1": _RESERVED,
    "ip:2001:4:112::1": _RESERVED,
    "ip:2001:20::1": _RESERVED,
    "ip:2001:db8::1": _RESERVED,
    "ip:2002::1": _RESERVED,
    "ip:2620:4f:8000::1": _RESERVED,
    "ip:3fff::1": _RESERVED,
    "ip:64:ff9b::808:808": _RESERVED,
    "ip:::ffff:8.8.8.8": _RESERVED,
    "ip:::8.8.8.8": _RESERVED,
    "ip:100::1": _RESERVED,
    "ip:4000::1": _RESERVED,
    "ip:5f00::1": _RESERVED,
    "ip:fc00::1": _RESERVED,
    "ip:fec0::1": _RESERVED,
    "ip:ff02::1": _RESERVED,
    "ip:ff0e::1": _RESERVED,
}
CUT_OFF = "// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\nexample.com\n"
TAKEN = (
    "dns:example.com",
    "dns:*.example.co.uk",
    "dns:*.me.github.io",
    "dns:github.io",
    "dns:*.www.ck",
    "dns:www.xn--p1ai",
    "ip:8.8.8.8",
    "ip:192.0.1.1",
    "ip:2001:200::1",
    "ip:2606:4700::1111",
)


@pytest.mark.parametrize(("name", "why"), REFUSED.items())
def test_name_that_is_not_unique_in_public_or_is_not_ones_own_is_refused(name: str, why: str) -> None:
    """Internal names, infrastructure, Tor's, wildcards over strangers, reserved addresses, other types."""
    with pytest.raises(Refused, match=why):
        require_public([parse_name("dns:www.example.com"), parse_name(name)], None)


def test_list_that_the_operator_names_is_the_one_that_counts(tmp_path: Path) -> None:
    """A domain that is new in it is known, and a suffix that is new in it has no wildcard any more."""
    text = Path(publicsuffixlist.PSLFILE).read_text()
    mark = "// ===BEGIN ICANN DOMAINS===\n"
    newer = tmp_path / "newer.dat"
    newer.write_text(text.replace(mark, f"{mark}brandnew\nexample.com\n"))
    require_public([parse_name("dns:www.brandnew")], newer)
    for name, suffixes in (("dns:www.brandnew", None), ("dns:*.example.com", newer)):
        with pytest.raises(Refused):
            require_public([parse_name(name)], suffixes)


@pytest.mark.parametrize(
    "content", [None, "", "// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\n", "\xff"]
)
def test_list_that_is_none_or_is_cut_off_is_an_error_and_no_refusal(tmp_path: Path, content: str | None) -> None:
    """What is missing at its end would make suffixes of strangers anybody's."""
    file = tmp_path / "list.dat"
    if content is not None:
        file.write_text(content, "latin-1")
    with pytest.raises(ConfigurationError, match="cannot be read as a Public Suffix List"):
        require_public([parse_name("dns:www.example.com")], file)


def test_signer_judges_by_the_list_of_its_configuration(tmp_path: Path) -> None:
    """`public_suffixes` of [signer]: a domain that is new in it is certified."""
    listed = tmp_path / "list.dat"
    mark = "// ===BEGIN ICANN DOMAINS===\n"
    listed.write_text(Path(publicsuffixlist.PSLFILE).read_text().replace(mark, f"{mark}brandnew\n"))
    names = NAMES.replace('dns = ["example.com"]', 'dns = ["brandnew"]')
    office = Office.build(tmp_path / "br", signer=f'public_suffixes = "{listed}"', issuance=names + BR_PROFILES, **BR)
    office.issue("server", ("dns:www.brandnew",))


def test_list_that_cannot_be_read_is_said_when_the_signer_starts(tmp_path: Path) -> None:
    """Before anybody asks for a certificate; without `br`, or where nothing is issued, nobody reads it."""
    signer = f'public_suffixes = "{tmp_path / "list.dat"}"'
    with pytest.raises(ConfigurationError, match="cannot be read as a Public Suffix List"):
        Office.build(tmp_path / "br", signer=signer, issuance=NAMES + BR_PROFILES, **BR)
    Office.build(tmp_path / "silent", signer=signer, issuance="", **BR)
    Office.build(tmp_path / "pkix", signer=signer).issue("server", ("dns:www.example.com",))
