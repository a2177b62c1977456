"""Online: what a stick brought back is believed as far as the issuer's key signed it, or a responder that it certified.

The transcript, which says what bundles there are, is signed by nobody.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from revocation import serials
from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.bundle.manifest import is_bundle_name
from revocation.bundle.reader import split_responses
from revocation.config import IssuerProfile
from revocation.der import DERError
from revocation.errors import BundleError, Refused
from revocation.wire.exchange import Exchange, FolderExchange
from signer.recovery.signed import SignedAnswer, SignedCRL, SignedReader
from signer.signer import Signer

_AGAIN: Final = "take in the folder as the ceremony left it, or have it written again"

Answers: TypeAlias = Collection[tuple[str, bytes]]
"""For which certificates there are responses: the issuer's id and the serial of each."""


def issuer_of(bundle: str) -> str:
    """The issuer's id in the name of a bundle."""
    return bundle.split("-")[1] if is_bundle_name(bundle) else ""


def read_crls(signer: Signer, folder: FolderExchange, names: Sequence[str]) -> list[SignedCRL]:
    """The CRLs in these bundles.

    Raises:
        Refused: one is not signed by its issuer's key.
        BundleError: a bundle is malformed.
    """
    reader = SignedReader(signer.offline)
    found = []
    for name, data in _files(folder, names, Kind.CRL):
        crl = reader.crl(data, name)
        if crl is None or crl.profile.issuer.id != issuer_of(name):
            raise Refused("is not signed by its issuer's key", where=f"bundle {name}", advice=_AGAIN)
        found.append(crl)
    return found


def read_responses(signer: Signer, folder: FolderExchange, names: Sequence[str], crls: Sequence[SignedCRL]) -> Answers:
    """The OCSP responses in these bundles, where none of the newest says `good` of what a CRL lists.

    Those of an earlier ceremony are signed too.

    Raises:
        Refused: one is not, or one does.
        BundleError: a bundle is malformed.
    """
    newest = _newest(_answers(signer, folder, names))
    for crl in crls:
        for serial in crl.serials:
            name, said = newest.get((crl.profile.issuer.id, serial), ("", None))
            if said is not None and said.revocation is None:
                raise Refused(
                    f"says that {serials.to_hex(serial)} is good, and CRL number {crl.number} lists it: it is of "
                    "another ceremony, whatever the transcript says",
                    where=f"bundle {name}",
                    advice=_AGAIN,
                )
    return newest.keys()


def slice_revisions(folder: FolderExchange, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """By issuer id and slice, the revision up to which these bundles have its responses.

    Raises:
        BundleError: a bundle is malformed.
    """
    found: dict[str, dict[str, int]] = {}
    for name in names:
        if f"-{Kind.OCSP}-" in name:
            with folder.open(name) as file:
                manifest = BundleReader(name, file).manifest
            mine = found.setdefault(manifest.part.issuer, {})
            mine[manifest.part.label] = max(manifest.revision, mine.get(manifest.part.label, 0))
    return found


def stored_answers(signer: Signer, profile: IssuerProfile, at: datetime) -> dict[tuple[str, bytes], bool]:
    """Whether the newest response in the exchange says that a certificate is revoked, of each of that issuer.

    One that has ended by then says nothing. Nor does a bundle that cannot be read, or has what nobody signed: no
    publisher takes it.
    """
    found: list[tuple[str, SignedAnswer]] = []
    for stored in signer.exchange.list():
        if issuer_of(stored.name) == profile.issuer.id:
            try:
                found += _answers(signer, signer.exchange, [stored.name])
            except (BundleError, Refused):
                continue
    newest = {key: said for key, (_, said) in _newest(found).items()}
    return {key: said.revocation is not None for key, said in newest.items() if said.next_update > at}


def _newest(answers: Iterable[tuple[str, SignedAnswer]]) -> dict[tuple[str, bytes], tuple[str, SignedAnswer]]:
    """The newest of each certificate, and in which bundle it is."""
    newest: dict[tuple[str, bytes], tuple[str, SignedAnswer]] = {}
    for name, answer in answers:
        key = (answer.profile.issuer.id, answer.serial)
        if key not in newest or newest[key][1].this_update <= answer.this_update:
            newest[key] = (name, answer)
    return newest


def _answers(signer: Signer, folder: Exchange, names: Sequence[str]) -> Iterator[tuple[str, SignedAnswer]]:
    """What each response says, and in which bundle; all of them verify."""
    reader = SignedReader(signer.offline)
    for name, data in _files(folder, names, Kind.OCSP):
        try:
            responses = list(split_responses(data))
        except DERError as error:
            raise Refused(f"has something that is no OCSP response: {error}", where=f"bundle {name}") from error
        for response in responses:
            answers = [one for one in reader.answers(response) if one.profile.issuer.id == issuer_of(name)]
            if not answers:
                raise Refused(
                    "has an OCSP response that its issuer did not sign, nor a responder that it certified",
                    where=f"bundle {name}",
                    advice=_AGAIN,
                )
            yield from ((name, answer) for answer in answers)


def _files(folder: Exchange, names: Sequence[str], kind: Kind) -> Iterator[tuple[str, bytes]]:
    """The files in the bundles of a kind, and in which each is."""
    for name in names:
        if f"-{kind}-" in name:
            with folder.open(name) as file:
                yield from ((name, data) for _, data in BundleReader(name, file).artifacts())
